"""Devices, measurements, intervals and aggregates, and the tables that carry them."""
