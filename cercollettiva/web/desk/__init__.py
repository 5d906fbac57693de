"""What the members’ desk knows of applications, and what it puts on paper and into files."""
