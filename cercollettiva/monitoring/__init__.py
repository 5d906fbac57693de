"""Health, freshness and the table of alerts."""
