"""Papers: what they say, where they are kept, and when they must go."""
