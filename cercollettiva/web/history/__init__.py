"""The history of a plant or a community: which period is asked for, what is known of it, how its bars are drawn."""
