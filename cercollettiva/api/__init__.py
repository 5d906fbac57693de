"""REST and JSON: what clients, scripts and other programs read and write."""
