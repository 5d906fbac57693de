"""Who may see what a device measured: whoever may see the plant where it stood at that time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from cercollettiva.core.models import Plant
from cercollettiva.energy.models.devices import DevicePlacement
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser

M = TypeVar("M", bound=models.Model)


class MeasuredQuerySet(VisibleQuerySet[M]):
    """Rows with a device and a time: subclasses name the column of the time."""

    time_column = "timestamp"

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """The device then stood at a plant the user may see: a meter that is moved takes nothing along."""
        return self.filter(Exists(_stood_at(Plant.objects.visible_to(user, at=at), self.time_column)))


class ManagedMessageQuerySet(VisibleQuerySet[M]):
    """Rows with a device and the time of its message: raw text, for those who look after the plant where it stood."""

    time_column = "last_seen"

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """A meter that is moved takes its messages to nobody else."""
        return self.filter(Exists(_stood_at(Plant.objects.managed_by(user, at=at), self.time_column)))


class StartedQuerySet(MeasuredQuerySet[M]):
    time_column = "start"


def _stood_at(plants: models.QuerySet[Plant], time_column: str) -> models.QuerySet[DevicePlacement]:
    """The placements of the outer row's device that hold its time, at one of these plants."""
    return DevicePlacement.objects.filter(
        Q(active_to__isnull=True) | Q(active_to__gt=OuterRef(time_column)),
        device=OuterRef("device_id"),
        active_from__lte=OuterRef(time_column),
        plant__in=plants,
    )
