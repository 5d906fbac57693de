"""Pages: what people read and do in a browser."""
