"""Giving memory back to the machine.

glibc keeps what a thread has freed for the next time: a worker that once computed the end of a quarter-hour would hold
the size of its largest arrays for good, and another one for each of its threads.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """What is free and still held by this process; nothing where the C library has no such call."""
    _trim()(0)


@cache
def _trim() -> Callable[[int], int]:
    try:
        found = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # another C library
        return lambda _left: 0
    found.argtypes, found.restype = (ctypes.c_size_t,), ctypes.c_int
    called: Callable[[int], int] = found
    return called
