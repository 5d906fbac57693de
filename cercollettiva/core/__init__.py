"""Communities, members, cards and the register; plants and their connection points."""
