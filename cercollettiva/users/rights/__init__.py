"""What a person may ask of us: a copy of all that is held of them, and that it goes.

Each room says in its `rights.py` which of its rows are a person's, what the copy shows of them and what an erasure
makes of them (`holdings.py`); the archive, the preview, the erasure and the pages are made of that.
"""
