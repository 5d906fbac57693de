"""The hours of a community point by point: what is known, what it may have been, which points are missing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from numpy.typing import NDArray

from cercollettiva.core.models import CERConfiguration, Plant, PlantType
from cercollettiva.domain.calendar import ITALY
from cercollettiva.domain.missing import DAYS, UNKNOWN, completed, measured_whole
from cercollettiva.energy.aggregation.stays import HOUR_US
from cercollettiva.energy.aggregation.totals import read_totals
from cercollettiva.energy.models import Period, SubjectKind
from cercollettiva.energy.store.columns import Columns, instant, microseconds
from cercollettiva.energy.store.ranges import Ranges

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser

LONGEST: Final = timedelta(days=32)
DRAWS: Final = (PlantType.CONSUMER, PlantType.PROSUMER)
INJECTS: Final = (PlantType.PRODUCER, PlantType.PROSUMER)

Ints = NDArray[np.int64]


class TooManyHours(ValueError):
    """More was asked than one answer holds."""

    def __init__(self) -> None:
        super().__init__(f"At most {LONGEST} of hours at a time.")


class CommunityHour(NamedTuple):
    """An hour of a community. The energies are of the points that are known, lower bounds; None: of none. [mWh]

    The estimates add what the others may have had, by the same hour of the days before; None where one of them has
    never been measured in that time. `missing_pods` are those of the missing that the viewer may see.
    """

    start: datetime
    drawn_mwh: int | None
    injected_mwh: int | None
    drawn_estimate_mwh: int | None
    injected_estimate_mwh: int | None
    points: int
    missing: int
    missing_pods: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        return self.points > 0 and self.missing == 0


class _Energy(NamedTuple):
    """One energy of all points in all hours, what is needed of it, and what it may have been. (p, h) [mWh]"""

    known: Ints
    needed: NDArray[np.bool_]
    whole: NDArray[np.bool_]
    completed: Ints


def community_hours(
    community: CERConfiguration, start: datetime, end: datetime, *, viewer: CustomUser | AnonymousUser | None = None
) -> list[CommunityHour]:
    """Each hour of [start, end), in three queries whatever their number. Without a viewer no point is named.

    A point is missing in an hour when what its kind needs was not measured for all of it: a consumer what it drew, a
    producer what it injected, a prosumer both.
    """
    if end - start > LONGEST:
        raise TooManyHours
    plants = list(
        Plant.objects.filter(
            Q(active_to__isnull=True) | Q(active_to__gt=start), cer_configuration=community, active_from__lt=end
        ).order_by("pod_key", "active_from")
    )
    seen = Plant.objects.visible_to(viewer).filter(cer_configuration=community) if viewer else Plant.objects.none()
    names = dict(seen.values_list("pk", "pod_code"))
    asked = np.arange(microseconds(start) // HOUR_US * HOUR_US, microseconds(end), HOUR_US)
    hours = np.concatenate((asked[0] - np.arange(24 * DAYS, 0, -1) * HOUR_US, asked)) if len(asked) else asked
    rows = read_totals("default", SubjectKind.PLANT, Period.HOUR, _ranges(plants, hours))
    there = _presence(plants, asked)
    drawn, injected = (
        _energy(rows, name, plants, kinds, hours, there)
        for name, kinds in (("energy_in", DRAWS), ("energy_out", INJECTS))
    )
    missing = (drawn.needed & ~drawn.whole) | (injected.needed & ~injected.whole)
    return [
        CommunityHour(
            instant(int(moment)),
            _sum(drawn.known[:, place]),
            _sum(injected.known[:, place]),
            _estimate(drawn, place),
            _estimate(injected, place),
            int(there[:, place].sum()),
            int(missing[:, place].sum()),
            tuple(names[plants[row].pk] for row in np.flatnonzero(missing[:, place]) if plants[row].pk in names),
        )
        for place, moment in enumerate(asked)
    ]


def _ranges(plants: list[Plant], hours: Ints) -> Ranges:
    keys = np.array([plant.pk for plant in plants], dtype=np.int64)
    first, last = (int(hours[0]), int(hours[-1]) + HOUR_US) if len(hours) else (0, 0)
    return Ranges(keys, np.full(len(keys), first), np.full(len(keys), last))


def _presence(plants: list[Plant], hours: Ints) -> NDArray[np.bool_]:
    """Whether each plant is in the community for some of each hour. (p, h)"""
    there = np.zeros((len(plants), len(hours)), dtype=np.bool_)
    for row, plant in enumerate(plants):
        there[row] = hours + HOUR_US > microseconds(plant.active_from)
        if plant.active_to is not None:
            there[row] &= hours < microseconds(plant.active_to)
    return there


def _energy(
    rows: Columns,
    name: str,
    plants: list[Plant],
    kinds: tuple[PlantType, ...],
    hours: Ints,
    there: NDArray[np.bool_],
) -> _Energy:
    """One energy over the hours that were asked; the hours before serve the estimate alone."""
    keys = np.array([plant.pk for plant in plants], dtype=np.int64)
    order = np.argsort(keys)
    energy = np.full((len(plants), len(hours)), UNKNOWN, dtype=np.int64)
    coverage = np.zeros(energy.shape)
    if energy.size:
        where = order[np.searchsorted(keys[order], rows["subject"])], (rows["start"] - hours[0]) // HOUR_US
        energy[where], coverage[where] = rows[name], rows["coverage"]
    local = np.array([instant(int(hour)).astimezone(ITALY).hour for hour in hours], dtype=np.int64)
    asked = slice(len(hours) - there.shape[1], None)
    needed = there & np.isin([plant.plant_type for plant in plants], kinds)[:, np.newaxis]
    return _Energy(
        known=np.where(there, energy[:, asked], UNKNOWN),
        needed=needed,
        whole=measured_whole(energy, coverage)[:, asked],
        completed=completed(energy, coverage, local)[:, asked],
    )


def _sum(energies: Ints) -> int | None:
    known = energies[energies != UNKNOWN]
    return int(known.sum()) if len(known) else None


def _estimate(energy: _Energy, place: int) -> int | None:
    needed, guess = energy.needed[:, place], energy.completed[:, place]
    if (guess[needed] == UNKNOWN).any():
        return None
    return _sum(np.where(needed, guess, energy.known[:, place]))
