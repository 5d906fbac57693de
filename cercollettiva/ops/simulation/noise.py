"""Noise that depends on nothing but a key and an index, so that any window can be made alone and comes out the same."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_STEP = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_ALL = 2**64 - 1


@lru_cache(maxsize=4096)
def key_of(*parts: str | int) -> int:
    """A 64-bit key for a stream of noise, from its names."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def uniform(key: int, index: NDArray[np.int64]) -> NDArray[np.float64]:
    """A number in [0, 1) for each index, by the finaliser of splitmix64."""
    bits = index.astype(np.uint64) * np.uint64(_STEP) + np.uint64(key)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(_FIRST)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(_SECOND)
    bits ^= bits >> np.uint64(31)
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def uniform_at(key: int, index: int) -> float:
    """The same for a single index, without the cost of an array."""
    bits = (index * _STEP + key) & _ALL
    bits = (bits ^ (bits >> 30)) * _FIRST & _ALL
    bits = (bits ^ (bits >> 27)) * _SECOND & _ALL
    bits ^= bits >> 31
    return (bits >> 11) * 2.0**-53


def smooth(key: int, minutes: NDArray[np.int64], *, every: int) -> NDArray[np.float64]:
    """A curve in [0, 1) that takes a new level each `every` minutes and glides between levels. [min]

    `minutes` are consecutive.
    """
    cell, inside = np.divmod(minutes, every)
    first = int(cell[0])
    levels = uniform(key, np.arange(first, int(cell[-1]) + 2, dtype=np.int64))
    share = inside / every
    share = share * share * (3.0 - 2.0 * share)
    here = levels[cell - first]
    curve: NDArray[np.float64] = here + (levels[cell - first + 1] - here) * share
    return curve
