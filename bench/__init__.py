"""What the platform costs, measured: `python -m bench` prints JSON. Ratios compare things run side by side."""
