"""The pages about energy: a member's day, the flows of a community, what it shares hour by hour."""
