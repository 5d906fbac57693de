"""The REST API of plants, devices, measurements and energy by period."""
