"""What a community shared hour by hour, and whose part it was.

Shared is the lesser of what all points injected and drew in the hour. Whoever injects or draws has a part of it, in the
proportion in which they contributed to that hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.domain.calendar import HOUR, Range
from cercollettiva.domain.sharing import parts_of_points, shared_energy
from cercollettiva.energy.models.intervals import IntervalQuality, Period, SubjectKind
from cercollettiva.energy.queries.crowd import FEWEST, crowd_of
from cercollettiva.energy.queries.hours import COMPLETE, HOUR_US, UNKNOWN, Ints, hours_of
from cercollettiva.energy.store.columns import microseconds

NEARLY_ALL: Final = 0.9  # of a side in one hand: what the other side did can be told from one's own part
_ESTIMATED: Final = int(IntervalQuality.ESTIMATED)

Bools = NDArray[np.bool_]


class SharedHours(NamedTuple):
    """A community hour by hour from `start`: UNKNOWN where nothing is known, a lower bound unless complete. [mWh]"""

    start: datetime
    injected: Ints
    drawn: Ints
    shared: Ints
    coverage: NDArray[np.float64]  # the mean over the points, 0..1
    complete: Bools  # every point was measured from end to end
    estimated: Bools

    @property
    def known(self) -> Bools:
        known: Bools = self.shared != UNKNOWN
        return known

    def at(self, number: int) -> datetime:
        return self.start + number * HOUR


class OwnParts(NamedTuple):
    """One person's energy and its part in what was shared, hour by hour. [mWh] UNKNOWN where not known, or not told."""

    start: datetime
    drawn: Ints
    injected: Ints
    produced: Ints
    from_community: Ints  # the part of what was drawn
    to_community: Ints  # the part of what was injected
    complete: Bools
    withheld: Bools  # it would say what another person did

    def at(self, number: int) -> datetime:
        return self.start + number * HOUR


class Sharer(NamedTuple):
    """A connection point in one hour: what it gave and took, and how much of that was shared. [mWh] None: not known."""

    plant: Plant
    drawn_mwh: int | None
    injected_mwh: int | None
    from_community_mwh: int | None
    to_community_mwh: int | None
    coverage: float
    quality: IntervalQuality

    @property
    def is_missing(self) -> bool:
        return self.drawn_mwh is None and self.injected_mwh is None


def shared_hours(community: CERConfiguration, period: Range) -> SharedHours:
    """The hours of a community over a period. One query."""
    hours = hours_of(SubjectKind.COMMUNITY, [community.pk], period)
    drawn, injected = hours.drawn[0], hours.injected[0]
    known = (drawn != UNKNOWN) | (injected != UNKNOWN)
    both = (drawn != UNKNOWN) & (injected != UNKNOWN)
    shared = shared_energy(injected_mwh=hours.injected, withdrawn_mwh=hours.drawn, known=both[None]).known
    return SharedHours(
        period.start,
        injected,
        drawn,
        np.where(known, shared, UNKNOWN),
        hours.coverage[0],
        both & (hours.coverage[0] >= COMPLETE),
        known & (hours.quality[0] == _ESTIMATED),
    )


def own_parts(
    plants: Sequence[Plant], community: CERConfiguration, period: Range, *, viewer: int, together: SharedHours
) -> OwnParts:
    """What a person's plants in a community had of what it shared; `together` is the community over the same period.

    Where somebody holds nearly all of one side, and the other side is the work of fewer than five others, their own
    part would tell how much those drew or injected: that hour is withheld, and so is every sum that would hold it.
    """
    hours = hours_of(SubjectKind.PLANT, [plant.pk for plant in plants], period)
    here = _in_the_community(plants, period)
    drawn, injected, produced = (_summed(grid, here) for grid in (hours.drawn, hours.injected, hours.produced))
    from_community = _part(together.shared, drawn, together.drawn)
    to_community = _part(together.shared, injected, together.injected)
    tells_drawn = _tells(injected, to_community, together.injected)
    tells_injected = _tells(drawn, from_community, together.drawn)
    if tells_drawn.any() or tells_injected.any():
        drawing, injecting = _others(community, period, viewer)
        tells_drawn &= (drawing > 0) & (drawing < FEWEST)
        tells_injected &= (injecting > 0) & (injecting < FEWEST)
    withheld = tells_drawn | tells_injected
    return OwnParts(
        period.start,
        drawn,
        injected,
        produced,
        np.where(withheld, UNKNOWN, from_community),
        np.where(withheld, UNKNOWN, to_community),
        together.complete,
        withheld,
    )


def sharers_of(community: CERConfiguration, plants: Sequence[Plant], hour: datetime) -> list[Sharer]:
    """Every point of a community in one hour with its parts, the greatest first, those of which nothing is known last.

    For those who look after the community. The parts of each side add up to what was shared, to the mWh.
    """
    hours = hours_of(SubjectKind.PLANT, [plant.pk for plant in plants], Range(hour, hour + HOUR))
    drawn, injected = hours.drawn[:, 0], hours.injected[:, 0]
    known = (drawn != UNKNOWN) | (injected != UNKNOWN)
    given, taken = np.maximum(hours.injected, 0), np.maximum(hours.drawn, 0)
    shared = shared_energy(injected_mwh=given, withdrawn_mwh=taken, known=known[:, None]).known
    gives, takes = (
        np.where(side == UNKNOWN, UNKNOWN, _whole(parts_of_points(shared, energy)[:, 0], int(shared[0])))
        for side, energy in ((injected, given), (drawn, taken))
    )
    sharers = [
        Sharer(
            plant,
            _figure(drawn[n]),
            _figure(injected[n]),
            _figure(takes[n]),
            _figure(gives[n]),
            float(hours.coverage[n, 0]),
            IntervalQuality(int(hours.quality[n, 0])),
        )
        for n, plant in enumerate(plants)
    ]
    return sorted(sharers, key=lambda one: (one.is_missing, -max(one.drawn_mwh or 0, one.injected_mwh or 0)))


def _figure(value: np.int64) -> int | None:
    return None if value == UNKNOWN else int(value)


def _in_the_community(plants: Sequence[Plant], period: Range) -> Bools:
    """For each plant and hour: whether it was in its community then."""
    starts = microseconds(period.start) + np.arange(period.hours) * HOUR_US
    inside = np.zeros((len(plants), period.hours), dtype=np.bool_)
    for row, plant in enumerate(plants):
        ends = microseconds(plant.active_to) if plant.active_to else starts[-1] + HOUR_US if len(starts) else 0
        inside[row] = (starts >= microseconds(plant.active_from)) & (starts < ends)
    return inside


def _summed(grid: Ints, here: Bools) -> Ints:
    """The sum over plants of what is known; UNKNOWN where nothing is."""
    known = (grid != UNKNOWN) & here
    total: Ints = np.where(known.any(axis=0), np.where(known, grid, 0).sum(axis=0), UNKNOWN)
    return total


def _part(shared: Ints, own: Ints, total: Ints) -> Ints:
    """The part of an hour in the proportion of one's contribution, rounded down."""
    known = (shared != UNKNOWN) & (own != UNKNOWN) & (total >= own)
    mine = np.where(known, own, 0)
    parts = parts_of_points(np.where(known, shared, 0), np.stack((mine, np.where(known, total, 0) - mine)))[0]
    return np.where(known, np.minimum(np.floor(parts + 1e-6).astype(np.int64), mine), UNKNOWN)


def _whole(parts: NDArray[np.float64], total: int) -> Ints:
    """Parts in whole mWh that add up: each rounded down, what is left over to the largest remainders."""
    whole = np.floor(parts + 1e-6).astype(np.int64)
    left = total - int(whole.sum()) if parts.any() else 0
    for row in np.argsort(whole - parts, kind="stable")[: max(left, 0)]:
        whole[row] += 1
    return whole


def _tells(own: Ints, part: Ints, total: Ints) -> Bools:
    """Where nearly all of a side is one's own and less than that was shared: the part is what the other side did."""
    tells: Bools = (own > 0) & (own >= NEARLY_ALL * total) & (part != UNKNOWN) & (part < own)
    return tells


def _others(community: CERConfiguration, period: Range, viewer: int) -> tuple[Ints, Ints]:
    """How many other people drew and how many injected, on the grid of the hours."""
    crowd = crowd_of(community, Period.HOUR, period, viewer=viewer)
    column = (crowd.start - microseconds(period.start)) // HOUR_US
    counts = np.zeros((2, period.hours), dtype=np.int64)
    counts[0, column], counts[1, column] = crowd.drawing, crowd.injecting
    return counts[0], counts[1]


class PointSums(NamedTuple):
    """A connection point over a period: what it gave and took, and how much of that was shared. [mWh]"""

    plant: Plant
    injected_mwh: int
    drawn_mwh: int
    to_community_mwh: int
    from_community_mwh: int
    is_known: bool  # some hour was measured


def point_sums(plants: Sequence[Plant], period: Range) -> list[PointSums]:
    """Every point of one community over a period, its parts summed over the hours. One query.

    For those who look after the community; `plants` are all of its points in that time.
    """
    hours = hours_of(SubjectKind.PLANT, [plant.pk for plant in plants], period)
    here = _in_the_community(plants, period)
    injected, drawn = (np.where(here, grid.clip(0), 0) for grid in (hours.injected, hours.drawn))
    known = here & ((hours.injected != UNKNOWN) | (hours.drawn != UNKNOWN))
    shared = shared_energy(injected_mwh=injected, withdrawn_mwh=drawn, known=known).known
    gives, takes = (np.round(parts_of_points(shared, side).sum(axis=1)).astype(np.int64) for side in (injected, drawn))
    return [
        PointSums(
            plant,
            int(injected[n].sum()),
            int(drawn[n].sum()),
            int(gives[n]),
            int(takes[n]),
            bool(known[n].any()),
        )
        for n, plant in enumerate(plants)
    ]
