"""CerCollettiva: the platform that runs an Italian renewable energy community."""

__version__ = "0.1.0"  # pyproject.toml's too
