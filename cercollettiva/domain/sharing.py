"""What a community shared hour by hour, and whose it was: the first step from energy to money.

The rule (TIAD, ARERA 727/2022/R/eel): in each hour the lesser of what all points injected and of what all
points drew. The hours are clock hours, and quarters are summed to hours first: the lesser of each quarter would be
a smaller, wrong figure.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cercollettiva.domain.registers import Bools, Ints

UNKNOWN: Final = -1  # as in arrays of quarters, where an int has no None
QUARTERS_OF_AN_HOUR: Final = 4
Floats = NDArray[np.float64]


class Hours(NamedTuple):
    """Energies of connection points, hour by hour. (points, hours)"""

    energy: Ints  # the sum of the quarters that are known [mWh]
    quarters: Ints  # how many of the four are known

    @property
    def known(self) -> Bools:
        """True where no quarter of the hour is missing."""
        return np.asarray(self.quarters == QUARTERS_OF_AN_HOUR, dtype=np.bool_)


class SharedEnergy(NamedTuple):
    """Energy shared in each hour under one primary substation (cabina primaria). (hours,) [mWh]"""

    known: Ints  # from the points that have a measure: a lower bound
    complete: Bools  # True where no point of the hour is missing


def hours_from_quarters(energy_mwh: Ints) -> Hours:
    """Quarters to clock hours; UNKNOWN quarters are missing. (points, 4 x hours) to (points, hours) [mWh]

    The first quarter must be the first of its hour. A missing quarter counts as nothing known, not as zero: the hour
    says how many of its quarters are there.
    """
    points, quarters = energy_mwh.shape
    if quarters % QUARTERS_OF_AN_HOUR:
        raise ValueError(f"{quarters} quarters are no whole number of hours")
    by_hour = energy_mwh.reshape(points, -1, QUARTERS_OF_AN_HOUR)
    known = by_hour != UNKNOWN
    return Hours(np.where(known, by_hour, 0).sum(axis=2), known.sum(axis=2))


def shared_energy(*, injected_mwh: Ints, withdrawn_mwh: Ints, known: Bools) -> SharedEnergy:
    """The lesser of what was injected and withdrawn, hour by hour.

    All three have one row per connection point and one column per hour. [mWh]
    A missing point counts as nothing known, and its hour is not complete.
    """
    injected = np.where(known, injected_mwh, 0).sum(axis=0)
    withdrawn = np.where(known, withdrawn_mwh, 0).sum(axis=0)
    return SharedEnergy(np.minimum(injected, withdrawn), np.asarray(known.all(axis=0), dtype=np.bool_))


def parts_of_points(shared: Ints | Floats, energy: Ints | Floats) -> Floats:
    """Each point's part of what was shared in an hour, in proportion to its energy of that hour.

    `shared` is (hours,), `energy` (points, hours): what the points withdrew, to divide among consumers, or injected.
    The parts of an hour add up to what was shared, to the last bits of a float; they are not rounded. [as `shared`]
    """
    total = energy.sum(axis=0)
    per_unit = np.divide(shared, total, out=np.zeros(len(total)), where=total > 0)
    return np.asarray(energy * per_unit, dtype=np.float64)


def coverage(known: Bools) -> Floats:
    """How much of what there should be is there, point by point: from 0 to 1. (points, hours) to (points,)"""
    if known.shape[1] == 0:
        return np.zeros(known.shape[0])
    return np.asarray(known.mean(axis=1), dtype=np.float64)


def missing_points(known: Bools) -> Ints:
    """How many points are missing in each hour. (points, hours) to (hours,)"""
    return np.asarray((~known).sum(axis=0), dtype=np.int64)


def filled(energy_mwh: Ints, known: Bools, hour_of_day: Ints) -> Ints:
    """Missing hours filled with the point's own mean of the same hour of the day; zero where it has none. [mWh]

    An estimate, to be shown beside the lower bound and never settled on. `hour_of_day` is by the local clock, (hours,).
    """
    estimate = np.where(known, energy_mwh, 0)
    for hour in np.unique(hour_of_day):
        columns = np.flatnonzero(hour_of_day == hour)
        there = known[:, columns]
        count = there.sum(axis=1)
        mean = np.where(there, energy_mwh[:, columns], 0).sum(axis=1) // np.maximum(count, 1)
        estimate[:, columns] = np.where(there, estimate[:, columns], mean[:, np.newaxis])
    return estimate
