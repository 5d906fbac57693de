"""What meters say: from the bytes of a message to samples. Plain Python: no Django, no network, no clock."""
