"""What the members' desk puts on paper and into files."""
