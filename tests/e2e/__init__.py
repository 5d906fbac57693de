"""A real Chromium on the running demo: what people see."""
