"""The administration at `/ceradmin/`: registries that staff edits, history that it reads, files in and out.

Each room registers its models in its `admin.py`; what is here is the same for all of them.
"""
