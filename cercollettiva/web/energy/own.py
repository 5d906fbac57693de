"""A person's own energy cut into its parts, hour by hour: the one place where pages and files take them from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.domain.calendar import HOUR, Range
from cercollettiva.energy import queries
from cercollettiva.energy.models.intervals import IntervalQuality, SubjectKind
from cercollettiva.energy.queries import UNKNOWN
from cercollettiva.web.energy.flow import Parts

Ints = NDArray[np.int64]
_ESTIMATED = int(IntervalQuality.ESTIMATED)
_NOT_NETTED = int(IntervalQuality.NOT_NETTED)


class OwnHours(NamedTuple):
    """Hours from `start`, each array one value an hour. [mWh] UNKNOWN where not known.

    What is used: own + from_community + from_grid; what is given: to_community + to_grid. Where the part of the
    community is not known or not told, all of it counts as the grid's.
    """

    start: datetime
    drawn: Ints
    injected: Ints
    produced: Ints
    own: Ints
    from_community: Ints
    to_community: Ints
    estimated: NDArray[np.bool_]
    withheld: NDArray[np.bool_]

    @property
    def known(self) -> NDArray[np.bool_]:
        known: NDArray[np.bool_] = (self.drawn != UNKNOWN) | (self.injected != UNKNOWN) | (self.produced != UNKNOWN)
        return known

    def parts(self, chosen: Sequence[int] | slice) -> Parts | None:
        """The parts of some hours together; None where nothing of them is known. [mWh]"""
        if not self.known[chosen].any():
            return None
        drawn, injected, own, taken, given = (
            int(column[chosen].clip(0).sum())
            for column in (self.drawn, self.injected, self.own, self.from_community, self.to_community)
        )
        measured = bool((self.own[chosen] != UNKNOWN).any())
        return Parts(own if measured else None, taken, drawn - taken, given, injected - given)

    def at(self, number: int) -> datetime:
        return self.start + number * HOUR


def own_hours(plants: Sequence[Plant], period: Range, *, viewer: int) -> OwnHours:
    """The hours of some plants of one person over a period: a query for the plants, one or two for each community."""
    everything = queries.hours_of(SubjectKind.PLANT, [plant.pk for plant in plants], period)
    drawn, injected, produced = (_sum(grid) for grid in (everything.drawn, everything.injected, everything.produced))
    made, gave = everything.produced, everything.injected
    kept = np.where((made != UNKNOWN) & (gave != UNKNOWN) & (gave <= made), made - gave, UNKNOWN)
    own = _sum(kept)
    taken, given = np.zeros_like(drawn), np.zeros_like(drawn)
    withheld = np.zeros(len(drawn), dtype=np.bool_)
    for community in {plant.cer_configuration_id: plant.cer_configuration for plant in plants}.values():
        if community is None:
            continue
        parts = _parts_in(community, plants, period, viewer)
        taken += parts.from_community.clip(0)
        given += parts.to_community.clip(0)
        withheld |= parts.withheld
    quality = everything.quality
    estimated = ((quality == _ESTIMATED) | (quality == _NOT_NETTED)).any(axis=0)
    return OwnHours(period.start, drawn, injected, produced, own, taken, given, estimated, withheld)


def _parts_in(community: CERConfiguration, plants: Sequence[Plant], period: Range, viewer: int) -> queries.OwnParts:
    here = [plant for plant in plants if plant.cer_configuration_id == community.pk]
    together = queries.shared_hours(community, period)
    return queries.own_parts(here, community, period, viewer=viewer, together=together)


def _sum(grid: Ints) -> Ints:
    known = grid != UNKNOWN
    total: Ints = np.where(known.any(axis=0), np.where(known, grid, 0).sum(axis=0), UNKNOWN)
    return total
