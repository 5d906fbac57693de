"""The rules of the electricity world and the maths of a community. Plain Python and numpy: no Django, no clock."""
