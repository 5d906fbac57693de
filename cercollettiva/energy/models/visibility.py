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


def placed_where_visible(user: CustomUser, at: datetime, *, device: str, time: str) -> Exists:
    """For rows of a device at a time: it then stood at a plant the user may see. A moved device takes nothing along."""
    return Exists(
        DevicePlacement.objects.filter(
            Q(active_to__isnull=True) | Q(active_to__gt=OuterRef(time)),
            device=OuterRef(device),
            active_from__lte=OuterRef(time),
            plant__in=Plant.objects.visible_to(user, at=at),
        )
    )


class MeasuredQuerySet(VisibleQuerySet[M]):
    """Rows with a device and a time: subclasses name the column of the time."""

    time_column = "timestamp"

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(placed_where_visible(user, at, device="device_id", time=self.time_column))


class StartedQuerySet(MeasuredQuerySet[M]):
    time_column = "start"
