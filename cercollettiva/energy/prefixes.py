"""Whose a topic prefix is: one that a person chose may take neither a neighbour's topics nor those of another meter."""

from __future__ import annotations

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat, StrIndex

from cercollettiva.core.models import Plant
from cercollettiva.energy.models import DeviceConfiguration, DeviceType
from cercollettiva.energy.placements import prefix_for


def is_of_plant(prefix: str, plant: Plant, kind: DeviceType, device_id: str) -> bool:
    """Whether it is the prefix that we would give, or has the POD of the plant as one of its levels."""
    levels = prefix.upper().split("/")
    return prefix == prefix_for(plant, kind, device_id) or plant.pod_key in levels or plant.pod_code in levels


def devices_around(prefix: str, *, but: DeviceConfiguration | None = None) -> QuerySet[DeviceConfiguration]:
    """The active devices whose topics would mix with those of this prefix: theirs is inside it or around it."""
    begun, other = Value(f"{prefix}/"), Concat(F("topic_prefix"), Value("/"))
    devices = DeviceConfiguration.objects.filter(is_active=True)
    mixed = devices.alias(inside=StrIndex(other, begun), around=StrIndex(begun, other)).filter(
        Q(inside=1) | Q(around=1)
    )
    return mixed if but is None else mixed.exclude(pk=but.pk)
