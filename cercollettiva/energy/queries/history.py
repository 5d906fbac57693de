"""The power of a plant over some hours, as means over equal steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from django.db.models import Q, QuerySet

from cercollettiva.core.connection import FRESH_FOR
from cercollettiva.core.models import Plant, PlantType
from cercollettiva.devices.samples import TimeSource
from cercollettiva.energy.models import ChannelRole, DeviceMeasurement, Role

LONGEST: Final = timedelta(hours=48)
SHORTEST_BUCKET: Final = timedelta(minutes=1)
QUARTER: Final = timedelta(minutes=15)


class TooMuchHistory(ValueError):
    """More was asked than one answer holds."""

    def __init__(self) -> None:
        super().__init__(f"At most {LONGEST} at a time, in steps of {SHORTEST_BUCKET} or more.")


class PowerMean(NamedTuple):
    """The mean power over [start, end), with the sign of `power_shown`; None where nothing was measured. [W]"""

    start: datetime
    end: datetime
    power_w: float | None
    coverage: float  # the share of the time that is known, 0..1


class _Channel(NamedTuple):
    device: int
    component: str
    phases: str
    factor: int
    start: datetime
    end: datetime


class _Reading(NamedTuple):
    at: datetime
    power: float | None
    a: float | None
    b: float | None
    c: float | None

    def on(self, phases: str) -> float | None:
        """The power of some phases, or the meter's own total when none is named. [W]"""
        if not phases and self.power is not None:
            return self.power
        powers = [power for name, power in zip("abc", self[2:], strict=True) if name in (phases or "abc")]
        known = [power for power in powers if power is not None]
        return sum(known) if len(known) == len(powers) else None


def power_history(plant: Plant, start: datetime, end: datetime, bucket: timedelta = QUARTER) -> list[PowerMean]:
    """Time-weighted means of a plant's power over [start, end), oldest first, in two queries. [W]

    A value holds until the next one, for five minutes at most: what is longer is a gap, and a step without any value
    stays None. Channels count while their role lasts; where one of several said nothing the sum is not known.
    """
    return power_of_channels(plant.plant_type, roles_between(plant.pk, start, end), start, end, bucket)


def power_of_channels(
    kind: str, roles: Iterable[ChannelRole], start: datetime, end: datetime, bucket: timedelta
) -> list[PowerMean]:
    """The same from the channels that a plant of that kind had, with their placements; one query."""
    if end - start > LONGEST or bucket < SHORTEST_BUCKET:
        raise TooMuchHistory
    edges = _edges(start, end, bucket)
    channels = _channels_of(kind, roles, start, end)
    readings = _readings_of(channels, start, end)
    parts = [
        (channel, _known_in(edges, channel, readings.get((channel.device, channel.component), ())))
        for channel in channels
    ]
    return [
        _mean(first, last, [(channel, known[number]) for channel, known in parts])
        for number, (first, last) in enumerate(pairwise(edges))
    ]


def _edges(start: datetime, end: datetime, bucket: timedelta) -> list[datetime]:
    count = -((start - end) // bucket)
    return [*(start + number * bucket for number in range(count)), end]


def roles_between(plant: int, start: datetime, end: datetime) -> QuerySet[ChannelRole]:
    """The channels that a plant had at some time in [start, end), with their placements."""
    return (
        ChannelRole.objects.filter(
            Q(active_to__isnull=True) | Q(active_to__gt=start),
            Q(placement__active_to__isnull=True) | Q(placement__active_to__gt=start),
            plant=plant,
            active_from__lt=end,
            placement__active_from__lt=end,
        )
        .order_by("pk")
        .select_related("placement")
    )


def _channels_of(kind: str, roles: Iterable[ChannelRole], start: datetime, end: datetime) -> list[_Channel]:
    """The channels whose sum is the figure of the plant, by the rule of `power_shown`."""
    rows = [row for row in roles if row.active_from < end and row.placement.active_from < end]
    factors = _factors(kind, {row.role for row in rows})
    channels = []
    for row in rows:
        begins = max(start, row.active_from, row.placement.active_from)
        ends = min(end, row.active_to or end, row.placement.active_to or end)
        if row.role in factors and begins < ends:
            factor = factors[row.role] * row.sign
            channels.append(_Channel(row.device_id, row.component, row.phases, factor, begins, ends))
    return channels


def _factors(kind: str, roles: set[str]) -> dict[str, int]:
    if kind == PlantType.PRODUCER:
        return {Role.PRODUCTION: 1} if Role.PRODUCTION in roles else {Role.EXCHANGE: -1}
    if Role.EXCHANGE not in roles and {Role.LOAD, Role.PRODUCTION} <= roles:
        return {Role.LOAD: 1, Role.PRODUCTION: -1}
    return {Role.EXCHANGE: 1}


def _readings_of(channels: Sequence[_Channel], start: datetime, end: datetime) -> dict[tuple[int, str], list[_Reading]]:
    """The readings of each device and component in order, from the one that still holds at the start."""
    rows = (
        DeviceMeasurement.objects.filter(
            ~Q(time_source=TimeSource.UNKNOWN.value),
            device_id__in={channel.device for channel in channels},
            component__in={channel.component for channel in channels},
            timestamp__gt=start - FRESH_FOR,
            timestamp__lt=end,
        )
        .order_by("timestamp")
        .values_list("device_id", "component", "timestamp", "power", "a_power", "b_power", "c_power")
    )
    readings: dict[tuple[int, str], list[_Reading]] = {}
    for device, component, at, power, a, b, c in rows.iterator(chunk_size=5000):
        readings.setdefault((device, component), []).append(_Reading(at, power, a, b, c))
    return readings


def _known_in(edges: Sequence[datetime], channel: _Channel, readings: Sequence[_Reading]) -> list[tuple[float, float]]:
    """For each step: how long the channel's power is known, and its integral over that time. [s, W s]"""
    known = [(0.0, 0.0)] * (len(edges) - 1)
    values = [(reading.at, power) for reading in readings if (power := reading.on(channel.phases)) is not None]
    number = 0
    for (at, power), (following, _) in pairwise([*values, (channel.end, 0.0)]):
        begins = max(at, channel.start)
        ends = min(following, at + FRESH_FOR, channel.end)
        while begins < ends:
            while edges[number + 1] <= begins:
                number += 1
            until = min(ends, edges[number + 1])
            seconds = (until - begins).total_seconds()
            length, integral = known[number]
            known[number] = (length + seconds, integral + power * channel.factor * seconds)
            begins = until
    return known


def _mean(start: datetime, end: datetime, parts: Sequence[tuple[_Channel, tuple[float, float]]]) -> PowerMean:
    """The sum of the channels. One that took another's place within the step weighs as much as it lasted."""
    active = [(channel, known) for channel, known in parts if channel.start < end and channel.end > start]
    if not active or any(seconds == 0 for _, (seconds, _) in active):
        return PowerMean(start, end, None, 0.0)
    lasted = [_seconds(max(start, channel.start), min(end, channel.end)) for channel, _ in active]
    together = _union([(max(start, channel.start), min(end, channel.end)) for channel, _ in active])
    total = sum(integral / seconds * length for length, (_, (seconds, integral)) in zip(lasted, active, strict=True))
    share = sum(seconds for _, (seconds, _) in active) / sum(lasted)
    return PowerMean(start, end, total / together, share * together / _seconds(start, end))


def _union(periods: Sequence[tuple[datetime, datetime]]) -> float:
    """How long at least one of the periods lasts. [s]"""
    total, reached = 0.0, min(start for start, _ in periods)
    for start, end in sorted(periods):
        if end > reached:
            total += _seconds(max(start, reached), end)
            reached = end
    return total


def _seconds(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()
