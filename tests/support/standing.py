"""Rows that stand for all tests of a module: made once where making them takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction


@contextmanager
def standing_rows(blocker: Any) -> Iterator[None]:
    """For a fixture of a module, which asks for `django_db_setup` and `django_db_blocker` and makes its rows in here.

    Each test's own transaction lies inside this one, so what a test does to the rows is taken back after it. The tests
    must not be `transaction=True`: those commit, and empty the database.
    """
    with blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
