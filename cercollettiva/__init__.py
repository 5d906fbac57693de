"""CerCollettiva: the platform that runs an Italian renewable energy community."""
