"""How fast something grows, told by all of its samples: the median of the slopes between every two of them (Theil and
Sen), which a burst or a step at one end does not move, with the interval that nineteen of twenty such runs would give.

Samples of a process follow each other closely, so the interval comes from resampling whole stretches of them (a moving
block bootstrap of what the line leaves over), not single ones: those would make it look far more certain than it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

RESAMPLED: Final = 300
STRETCHES: Final = 8  # a run is that many of them long
SEED: Final = 12
FEWEST: Final = 16  # samples: with fewer there is no interval to speak of


class Slope(NamedTuple):
    """Growth in an hour, and between what limits it lies."""

    an_hour: float
    low: float
    high: float

    def is_flat(self, bound: float) -> bool:
        """Whether even the upper limit is within the bound; what falls is flat."""
        return self.high <= bound

    def as_figures(self) -> dict[str, float]:
        return {name: round(float(value), 2) for name, value in self._asdict().items()}


def slope(seconds: Sequence[float], values: Sequence[float]) -> Slope:
    """The slope of values taken at these seconds. [per hour]"""
    if len(values) < FEWEST:
        raise ValueError(f"{len(values)} samples are too few to tell a slope")
    at, value = np.asarray(seconds, dtype=np.float64) / 3600, np.asarray(values, dtype=np.float64)
    first, second = np.triu_indices(len(at), k=1)
    apart = at[second] - at[first]

    def steepness(of: Any) -> float:
        return float(np.median((of[second] - of[first]) / apart))

    found = steepness(value)
    line = found * at
    left_over = value - line
    random, length = np.random.default_rng(SEED), max(len(at) // STRETCHES, 2)
    resampled = []
    for _ in range(RESAMPLED):
        starts = random.integers(0, len(at), size=len(at) // length + 1)
        chosen = np.concatenate([np.arange(start, start + length) % len(at) for start in starts])[: len(at)]
        resampled.append(steepness(line + left_over[chosen]))
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Slope(found, min(float(low), found), max(float(high), found))
