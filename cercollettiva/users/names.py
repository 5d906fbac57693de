"""Where the encrypted name of a body is not to be opened only because a row of a list names somebody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_sealed: ContextVar[bool] = ContextVar("names stay encrypted", default=False)


@contextmanager
def without_decrypting() -> Iterator[None]:
    """Inside, somebody is called by first and last name or address: the administration, where every reading is told."""
    token = _sealed.set(True)
    try:
        yield
    finally:
        _sealed.reset(token)


def may_be_opened() -> bool:
    return not _sealed.get()
