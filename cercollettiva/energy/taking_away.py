"""DELETE of the API: what has a history is closed with a date, so that its figures stay; the rest is deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from cercollettiva.core.models import Plant
from cercollettiva.energy.closing import delete_untouched
from cercollettiva.energy.models import DeviceConfiguration, DevicePlacement, DeviceToken, EnergyAggregate, SubjectKind


@transaction.atomic
def take_away_plant(plant: Plant, *, at: datetime) -> None:
    """Delete a plant of which nothing is known; close any other, and take its devices away, from a moment on."""
    if delete_untouched(plant):
        return
    locked = Plant.objects.select_for_update(of=("self",)).get(pk=plant.pk)
    for placement in DevicePlacement.objects.active_at(at).filter(plant=locked):
        placement.end(at=at)
    if locked.active_to is None or locked.active_to > at:
        locked.active_to = max(at, locked.active_from)
    locked.is_active = False
    locked.save(update_fields=["active_to", "is_active", "updated_at"])


@transaction.atomic
def take_away_device(device: DeviceConfiguration, *, at: datetime) -> None:
    """Delete a device that never stood anywhere nor said anything; take any other away, and silence it."""
    locked = DeviceConfiguration.objects.select_for_update(of=("self",)).get(pk=device.pk)
    if not _has_history(locked):
        locked.delete()
        return
    for placement in DevicePlacement.objects.active_at(at).filter(device=locked):
        placement.end(at=at)
    DeviceToken.objects.filter(device=locked, revoked_at__isnull=True).update(revoked_at=at)
    DeviceConfiguration.objects.filter(pk=locked.pk).update(is_active=False)


def _has_history(device: DeviceConfiguration) -> bool:
    """Whether any row leads to it, in whatever table: one that will be added later counts by itself."""
    if EnergyAggregate.objects.filter(subject_kind=SubjectKind.DEVICE, subject_id=device.pk).exists():
        return True
    for relation in device._meta.related_objects:
        rows: Any = relation.related_model._base_manager
        if rows.filter(**{relation.field.name: device}).exists():
            return True
    return False
