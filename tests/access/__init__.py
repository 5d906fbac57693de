"""The access matrix: every address by every method by seven kinds of user."""
