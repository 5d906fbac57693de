"""Backups: one encrypted archive with the database, the files and the configuration, and the way back."""
