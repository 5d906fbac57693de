"""The invented community and its virtual meters: plain Python, no Django, no network, no clock."""
