"""Who may come to the broker, with what, and what each may say and hear there."""
