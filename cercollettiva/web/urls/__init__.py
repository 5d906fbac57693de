"""The addresses of the pages, one module per namespace."""
