"""Giving memory back to the machine.

glibc keeps what a thread has freed for the next time: a worker that once computed the end of a quarter-hour would hold
the size of its largest arrays for good, and another one for each of its threads.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any, Final

_M_MMAP_THRESHOLD: Final = -3  # the names of malloc.h
_M_ARENA_MAX: Final = -8
_OWN_PIECE_BYTES: Final = 128 * 1024


def keep_little() -> None:
    """For the whole process, before it has threads: one heap for all of them, and none of it for large arrays.

    By itself glibc gives each thread a heap, and keeps larger and larger blocks in them once some were freed: what a
    minute's jobs leave between them grew by 80 MB an hour in half an hour of everything (docs/performance.md).
    """
    _of_glibc("mallopt", ctypes.c_int, ctypes.c_int)(_M_MMAP_THRESHOLD, _OWN_PIECE_BYTES)
    _of_glibc("mallopt", ctypes.c_int, ctypes.c_int)(_M_ARENA_MAX, 1)


def give_back() -> None:
    """What is free and still held by this process; nothing where the C library has no such call."""
    _of_glibc("malloc_trim", ctypes.c_size_t)(0)


@cache
def _of_glibc(name: str, *types: Any) -> Callable[..., int]:
    try:
        found = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):  # another C library
        return lambda *_given: 0
    found.argtypes, found.restype = types, ctypes.c_int
    called: Callable[..., int] = found
    return called
