"""Meters whose clock is wrong: most of what they said in the last hour had to be dated by its receipt."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, F, Q

from cercollettiva.devices.samples import Anomaly
from cercollettiva.energy.models import DevicePlacement, EnergyMeasurement
from cercollettiva.monitoring.many import close_many, open_many
from cercollettiva.monitoring.models import Alert

OVER: Final = timedelta(hours=1)
ENOUGH: Final = 5  # readings with a wrong time: one after a start is nothing
WRONG: Final = (Anomaly.CLOCK_NOT_SET | Anomaly.CLOCK_AHEAD).value
KIND: Final = "clock-wrong"


def check_clocks(now: datetime) -> tuple[int, int]:
    """Open an alert for each meter whose clock is wrong, close those of meters whose clock is right again."""
    placed = DevicePlacement.objects.active_at(now).filter(device__is_active=True)
    names = dict(placed.values_list("device_id", "device__device_id"))
    rows = (
        EnergyMeasurement.objects.filter(device_id__in=list(names), timestamp__gte=now - OVER)
        .alias(bits=F("anomalies").bitand(WRONG))
        .order_by()
        .values("device_id")
        .annotate(all=Count("timestamp"), wrong=Count("timestamp", filter=Q(bits__gt=0)))
    )
    counts = {row["device_id"]: (row["all"], row["wrong"]) for row in rows}
    known = dict(Alert.objects.unresolved().filter(kind=KIND).values_list("device_id", "pk"))
    wrong = [key for key, (count, odd) in counts.items() if odd >= ENOUGH and 2 * odd > count and key not in known]
    opened = open_many(KIND, (("device", key, {"device": names[key]}) for key in wrong), at=now)
    right = [pk for key, pk in known.items() if key not in names or (key in counts and counts[key][1] == 0)]
    return opened, close_many(right, at=now)
