"""The same rows as JSON, as CSV of two kinds and as XLSX, written while they are read."""
