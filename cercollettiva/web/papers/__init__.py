"""Papers as pages show them: whose they are, why one was refused, what contradicts what."""
