"""Who belonged where and when: devices at plants, plants in communities, on arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cercollettiva.core.models import Plant
from cercollettiva.domain.quarters import UNKNOWN
from cercollettiva.energy.aggregation.channels import FOR_EVER_US
from cercollettiva.energy.models import ChannelRole, DevicePlacement
from cercollettiva.energy.store.columns import microseconds

HOUR_US: Final = 3_600_000_000

Ints = NDArray[np.int64]


class Keys(NamedTuple):
    """Totals of one kind of subject and one period, by subject and start. (n,) [us]"""

    subject: Ints
    start: Ints

    @classmethod
    def none(cls) -> Keys:
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))


class Stay(NamedTuple):
    """A device with a role at a plant, or a plant in a community, over [start, end). [us]"""

    member: int
    place: int
    start: int
    end: int


def distinct(subject: Ints, start: Ints) -> Keys:
    """Each pair once, in order."""
    return Keys(*np.unique(np.stack((subject, start)), axis=1)) if len(subject) else Keys(subject, start)


def stays_at_plants(using: str, *, plants: Sequence[int]) -> list[Stay]:
    """Which devices stood at these plants with a role. One query."""
    rows = (
        ChannelRole.objects.using(using)
        .filter(plant_id__in=plants)
        .values_list(
            "device_id", "plant_id", "active_from", "active_to", "placement__active_from", "placement__active_to"
        )
    )
    return _joined(
        Stay(device, plant, max(microseconds(since), microseconds(placed)), min(_end(until), _end(taken)))
        for device, plant, since, until, placed, taken in rows
    )


def stays_in_communities(using: str, *, communities: Sequence[int]) -> list[Stay]:
    """The plants of these communities. One query."""
    rows = Plant.objects.using(using).filter(cer_configuration__in=communities)
    return _joined(
        Stay(plant, community, microseconds(since), _end(until))
        for plant, community, since, until in rows.values_list("pk", "cer_configuration_id", "active_from", "active_to")
    )


def plants_ever(using: str, *, devices: Sequence[int]) -> list[Stay]:
    """Each plant that these devices ever stood at, as if for ever: an hour that has left it must be taken away there.

    Where a stay was shortened, or emptied, it no longer says so itself. One query.
    """
    rows = DevicePlacement.objects.using(using).filter(device_id__in=devices).order_by()
    return [Stay(*pair, 0, FOR_EVER_US) for pair in rows.values_list("device_id", "plant_id").distinct()]


def communities_ever(using: str, *, plants: Sequence[int]) -> list[Stay]:
    """The community of each of these plants, as if for ever. One query."""
    rows = Plant.objects.using(using).filter(pk__in=plants).exclude(cer_configuration=None)
    return [Stay(*pair, 0, FOR_EVER_US) for pair in rows.values_list("pk", "cer_configuration_id")]


def _end(moment: datetime | None) -> int:
    return FOR_EVER_US if moment is None else microseconds(moment)


def _joined(stays: Iterable[Stay]) -> list[Stay]:
    """The channels of one device at one plant share a stay; stays that follow each other are one."""
    joined: list[Stay] = []
    for stay in sorted(set(stays)):
        last = joined[-1] if joined else None
        if stay.start >= stay.end:
            continue
        if last and (last.member, last.place) == (stay.member, stay.place) and stay.start <= last.end:
            joined[-1] = last._replace(end=max(last.end, stay.end))
        else:
            joined.append(stay)
    return joined


def places_touched(hours: Keys, stays: Sequence[Stay]) -> Keys:
    """The hours of places that some hours of their members are part of."""
    return _translated(hours, [(stay.member, stay.place, stay) for stay in stays])


def members_wanted(hours: Keys, stays: Sequence[Stay]) -> Keys:
    """The hours of members that some hours of places are made of."""
    return _translated(hours, [(stay.place, stay.member, stay) for stay in stays])


def _translated(hours: Keys, pairs: Iterable[tuple[int, int, Stay]]) -> Keys:
    order = np.argsort(hours.subject, kind="stable")
    subjects, starts = hours.subject[order], hours.start[order]
    found = [Keys.none()]
    for given, wanted, stay in pairs:
        first, last = np.searchsorted(subjects, [given, given + 1])
        here = starts[first:last]
        here = here[(here + HOUR_US > stay.start) & (here < stay.end)]
        found.append(Keys(np.full(len(here), wanted, dtype=np.int64), here))
    return distinct(*(np.concatenate(side) for side in zip(*found, strict=True)))


def place_at(members: Ints, starts: Ints, stays: Sequence[Stay], *, length_us: int) -> Ints:
    """The place of each member in the period of that length from each start; UNKNOWN where it was nowhere."""
    places = np.full(len(members), UNKNOWN, dtype=np.int64)
    order = np.argsort(members, kind="stable")
    ordered = members[order]
    for stay in stays:
        first, last = np.searchsorted(ordered, [stay.member, stay.member + 1])
        own = order[first:last]
        inside = (starts[own] + length_us > stay.start) & (starts[own] < stay.end)
        places[own[inside]] = stay.place
    return places


def time_expected(hours: Keys, stays: Sequence[Stay]) -> Ints:
    """How long the members of each place were there in an hour, added up; at least the hour itself. [us]"""
    expected = np.zeros(len(hours.start), dtype=np.int64)
    order = np.argsort(hours.subject, kind="stable")
    ordered = hours.subject[order]
    for stay in stays:
        first, last = np.searchsorted(ordered, [stay.place, stay.place + 1])
        own = order[first:last]
        starts = hours.start[own]
        overlap = np.minimum(starts + HOUR_US, stay.end) - np.maximum(starts, stay.start)
        expected[own] += np.maximum(overlap, 0)
    return np.maximum(expected, HOUR_US)


def is_among(subject: Ints, start: Ints, hours: Keys) -> NDArray[np.bool_]:
    """Whether each pair of subject and the hour it starts in is one of those."""
    return np.isin(subject * 2**24 + start // HOUR_US, hours.subject * 2**24 + hours.start // HOUR_US)
