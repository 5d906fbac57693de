"""People who sign in: their accounts, consents and encrypted personal data."""
