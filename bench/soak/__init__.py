"""Hours in minutes: the real parts under a steady load, and whether anything of them grows."""
