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
        stood_there = DevicePlacement.objects.filter(
            Q(active_to__isnull=True) | Q(active_to__gt=OuterRef(self.time_column)),
            device=OuterRef("device_id"),
            active_from__lte=OuterRef(self.time_column),
            plant__in=Plant.objects.visible_to(user, at=at),
        )
        return self.filter(Exists(stood_there))


class StartedQuerySet(MeasuredQuerySet[M]):
    time_column = "start"
