"""Hours in which a point was not measured, or not for all of the time: what may stand for them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cercollettiva.domain.registers import Bools, Ints

UNKNOWN: Final = -1
COMPLETE: Final = 0.999  # the share of an hour from which on it counts as measured whole
DAYS: Final = 28


def measured_whole(energy: Ints, coverage: NDArray[np.float64]) -> Bools:
    """Where an energy is known for all of its hour. (p, h)"""
    whole: Bools = (energy != UNKNOWN) & (coverage >= COMPLETE)
    return whole


def completed(energy: Ints, coverage: NDArray[np.float64], hour_of_day: Ints, *, days: int = DAYS) -> Ints:
    """The energy of each point in each hour, with an estimate of what was not measured. (p, h), (p, h), (h,) [mWh]

    Hours follow each other without a gap, `hour_of_day` names them in local time. What was measured stands; for the
    rest of its hour stands the mean of that hour over the last `days`, as far as it was measured whole. UNKNOWN where
    it never was: nothing is invented for a point that has not spoken in that time.
    """
    whole = measured_whole(energy, coverage)
    known = np.where(energy == UNKNOWN, 0, energy)
    share = np.where(energy == UNKNOWN, 0.0, np.clip(coverage, 0.0, 1.0))
    result: Ints = np.full(energy.shape, UNKNOWN, dtype=np.int64)
    for hour in np.unique(hour_of_day):
        those = np.flatnonzero(hour_of_day == hour)
        count = _sum_before(whole[:, those].astype(np.int64), days)
        mean = _sum_before(np.where(whole, known, 0)[:, those], days) / np.maximum(count, 1)
        guess = known[:, those] + np.rint(mean * (1.0 - share[:, those])).astype(np.int64)
        result[:, those] = np.select([whole[:, those], count > 0], [known[:, those], guess], UNKNOWN)
    return result


def _sum_before(values: Ints, count: int) -> Ints:
    """Of each column the sum of at most that many columns before it."""
    sums = np.concatenate((np.zeros((len(values), 1), dtype=np.int64), np.cumsum(values, axis=1)), axis=1)
    here = np.arange(values.shape[1])
    before: Ints = sums[:, here] - sums[:, np.maximum(here - count, 0)]
    return before
