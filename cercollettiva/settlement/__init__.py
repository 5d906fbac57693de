"""What the shared energy is worth, and how a community divides it: rules, prices, parameters, runs."""
