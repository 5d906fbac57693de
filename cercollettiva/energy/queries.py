"""What is asked of the energy tables."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, Sum

from cercollettiva.core.connection import FRESH_FOR
from cercollettiva.core.models import Plant
from cercollettiva.energy.models import DevicePlacement
from cercollettiva.users.models import CustomUser


class TotalPower(NamedTuple):
    """The power of many plants at a moment; None where no fresh value says anything. [W]"""

    drawn_w: float | None
    injected_w: float | None
    produced_w: float | None
    measured: int  # devices with a fresh value
    devices: int  # devices in all, silent ones too


def total_power_visible_to(user: CustomUser | AnonymousUser, now: datetime) -> TotalPower:
    """The power of the devices that stand now at plants the user may see, in one query.

    What one plant injects does not lower what another draws: the exchange of each device is summed by its sign.
    """
    fresh = Q(device__state__power_at__gt=now - FRESH_FOR)
    exchange = "device__state__exchange_power"
    production = "device__state__production_power"
    sums = (
        DevicePlacement.objects.active_at(now)
        .filter(device__is_active=True, plant__in=Plant.objects.visible_to(user, at=now))
        .aggregate(
            drawn=Sum(exchange, filter=fresh & Q(**{f"{exchange}__gt": 0}), default=0.0),
            injected=Sum(exchange, filter=fresh & Q(**{f"{exchange}__lt": 0}), default=0.0),
            produced=Sum(production, filter=fresh),
            exchanging=Count(exchange, filter=fresh),
            measured=Count("pk", filter=fresh),
            devices=Count("pk"),
        )
    )
    known = sums["exchanging"] > 0
    return TotalPower(
        drawn_w=sums["drawn"] if known else None,
        injected_w=abs(sums["injected"]) if known else None,
        produced_w=sums["produced"],
        measured=sums["measured"],
        devices=sums["devices"],
    )
