"""Which devices stand where, for whoever asks: rows of measurements are found by their key, never by a join."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery

from cercollettiva.core.models import Plant
from cercollettiva.energy.models import DeviceConfiguration, DeviceMeasurement, DevicePlacement, DeviceState


class Seen(NamedTuple):
    """A device that stands at a plant now, and when it was last heard there."""

    device: DeviceConfiguration
    last_seen: datetime | None


def main_device_of(plant: Plant, now: datetime) -> Seen | None:
    """The device that was heard last of those that stand at the plant, or one that never was. One query."""
    placements = DevicePlacement.objects.active_at(now).filter(plant=plant, device__is_active=True)
    seen = [Seen(row.device, last_seen_here(row)) for row in placements.select_related("device__state").order_by("pk")]
    return max(seen, key=lambda one: (one.last_seen is not None, one.last_seen), default=None)


def last_seen_here(placement: DevicePlacement) -> datetime | None:
    """What a device said before it came here was said elsewhere."""
    state: DeviceState | None = getattr(placement.device, "state", None)
    at = state.last_seen if state else None
    return at if at is not None and at >= placement.active_from else None


def measurements_at(plant: Plant, start: datetime, end: datetime) -> QuerySet[DeviceMeasurement]:
    """What the meters measured while they stood at the plant, within [start, end), oldest first."""
    stays = DevicePlacement.objects.filter(
        Q(active_to__isnull=True) | Q(active_to__gt=start), plant=plant, active_from__lt=end
    )
    return _within(stays.values_list("device_id", "active_from", "active_to"), start, end).order_by(
        "timestamp", "device_id", "component"
    )


def _within(
    stays: Iterable[tuple[int, datetime, datetime | None]], start: datetime, end: datetime
) -> QuerySet[DeviceMeasurement]:
    parts = [
        Q(device_id=device, timestamp__gte=max(start, since), timestamp__lt=min(end, until or end))
        for device, since, until in stays
    ]
    return DeviceMeasurement.objects.filter(reduce(or_, parts)) if parts else DeviceMeasurement.objects.none()


def latest_measurements(placements: QuerySet[DevicePlacement]) -> list[DeviceMeasurement]:
    """The newest values of each device since it stands where it does, in order of name. Two queries."""
    newest = DeviceMeasurement.objects.filter(
        device=OuterRef("device_id"), timestamp__gte=OuterRef("active_from")
    ).order_by("-timestamp", "-component")
    keys = [
        key
        for key in placements.order_by("device__device_id")
        .annotate(at=Subquery(newest.values("timestamp")[:1]), what=Subquery(newest.values("component")[:1]))
        .values_list("device_id", "at", "what")
        if key[1] is not None
    ]
    if not keys:
        return []
    found = {row.device_id: row for row in DeviceMeasurement.objects.filter(pk__in=keys)}
    return [found[device] for device, _, _ in keys if device in found]
