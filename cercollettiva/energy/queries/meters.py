"""The meters one looks after: in which state each is, and what was odd about what it said."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import models
from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, Subquery, Value, When
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.connection import FRESH_FOR
from cercollettiva.devices.samples import Anomaly
from cercollettiva.energy.models import DeviceConfiguration, DeviceMeasurement, DevicePlacement, EnergyMeasurement

LATE_AFTER: Final = timedelta(seconds=30)
ODD_WITHIN: Final = timedelta(minutes=3)  # registers come once a minute
ODD: Final = ~(Anomaly.DIRECTION_UNKNOWN)  # what a meter of one register always says is not odd
SEARCHED: Final = 100  # characters


class Standing(models.IntegerChoices):
    """How a meter is doing, from what asks for work to what is fine."""

    SILENT = 0, _("Tace")
    NEVER = 1, _("Non ha ancora parlato")
    ODD = 2, _("Da guardare")
    LATE = 3, _("In ritardo")
    LIVE = 4, _("In linea")


def with_standing(devices: models.QuerySet[DeviceConfiguration], now: datetime) -> models.QuerySet[Any]:
    """The devices with their `standing`; what one said before it was placed here counts for nothing."""
    placed = DevicePlacement.objects.active_at(now).filter(device=OuterRef("pk")).values("active_from")[:1]
    return devices.alias(placed_at=Subquery(placed)).annotate(
        standing=Case(
            When(Q(state__last_seen__isnull=True) | Q(state__last_seen__lt=F("placed_at")), then=Standing.NEVER),
            When(Q(state__online=False) | Q(state__last_seen__lte=now - FRESH_FOR), then=Standing.SILENT),
            When(_said_something_odd(DeviceMeasurement, now), then=Standing.ODD),
            When(_said_something_odd(EnergyMeasurement, now), then=Standing.ODD),
            When(state__last_seen__lt=now - LATE_AFTER, then=Standing.LATE),
            default=Value(Standing.LIVE),
            output_field=models.IntegerField(),
        )
    )


def standings(devices: models.QuerySet[DeviceConfiguration], now: datetime) -> dict[Standing, int]:
    """How many devices are in each state, one query."""
    counted = with_standing(devices, now).order_by().values("standing").annotate(devices=Count("pk"))
    counts = {row["standing"]: row["devices"] for row in counted}
    return {standing: counts.get(standing.value, 0) for standing in Standing}


def searched(
    devices: models.QuerySet[DeviceConfiguration], words: str, now: datetime
) -> models.QuerySet[DeviceConfiguration]:
    """Those whose name, prefix, plant or POD holds the words."""
    words = words.replace("\0", "").strip()[:SEARCHED]
    if not words:
        return devices
    plants = DevicePlacement.objects.active_at(now).filter(
        Q(plant__name__icontains=words) | Q(plant__pod_code__icontains="".join(words.split()))
    )
    return devices.filter(
        Q(device_id__icontains=words) | Q(topic_prefix__icontains=words) | Q(pk__in=plants.values("device"))
    )


def anomalies_of(
    device: DeviceConfiguration,
    measured: models.QuerySet[DeviceMeasurement],
    registered: models.QuerySet[EnergyMeasurement],
    *,
    since: datetime,
) -> dict[Anomaly, datetime]:
    """What was odd about the readings since a moment, and when it was last seen; two queries.

    `measured` and `registered` are the rows that the asker may see.
    """
    latest: dict[Anomaly, datetime] = {}
    for readings in (measured, registered):
        rows = readings.filter(device=device, timestamp__gte=since).exclude(anomalies=0)
        for bits, at in rows.order_by().values_list("anomalies").annotate(at=Max("timestamp")):
            for flag in Anomaly:
                if flag & bits:
                    latest[flag] = max(at, latest.get(flag, at))
    return latest


def _said_something_odd(model: type[models.Model], now: datetime) -> Exists:
    recent = model._default_manager.filter(device=OuterRef("pk"), timestamp__gte=now - ODD_WITHIN)
    return Exists(recent.alias(odd=F("anomalies").bitand(ODD.value)).filter(odd__gt=0))
