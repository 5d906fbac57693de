"""Channels that measure backwards what their role says: a clamp the wrong way round, or a wrong sign."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db.models import Max, Min

from cercollettiva.core.models import PlantType
from cercollettiva.core.periods import covers
from cercollettiva.devices.samples import registers_of
from cercollettiva.energy.models import ChannelRole, EnergyKind, EnergyMeasurement, Role

OVER: Final = timedelta(hours=24)
ENOUGH_MWH: Final = 200_000  # less may be an inverter's own use at night
TIMES_AS_MUCH: Final = 10


class ReversedChannel(NamedTuple):
    """A channel whose energy flows against its role."""

    device_id: int
    component: str
    role_label: str


def reversed_channels(now: datetime) -> list[ReversedChannel]:
    """The channels that counted ten times as much against their role as with it in the last 24 hours. Two queries.

    Production and loads flow forward, and so does what a consumer exchanges with the grid; what others exchange may
    flow either way.
    """
    roles = [
        role
        for role in ChannelRole.objects.active_at(now)
        .filter(covers(now, prefix="placement__"), phases="", active_from__lte=now - OVER)
        .select_related("plant")
        .order_by("device_id", "component")
        if role.role != Role.EXCHANGE or role.plant.plant_type == PlantType.CONSUMER
    ]
    counted = _counted({role.device_id for role in roles}, now)
    found = []
    for role in roles:
        drawn, returned = counted.get((role.device_id, registers_of(role.component)), (0, 0))
        forward, backward = (drawn, returned) if role.sign > 0 else (returned, drawn)
        if backward >= ENOUGH_MWH and backward > TIMES_AS_MUCH * forward:
            found.append(ReversedChannel(role.device_id, role.component, role.get_role_display()))
    return found


def _counted(devices: set[int], now: datetime) -> dict[tuple[int, str], tuple[int, int]]:
    """What the registers of each component rose by in the last 24 hours: drawn and returned. [mWh]"""
    rows = (
        EnergyMeasurement.objects.filter(
            device_id__in=devices, kind=EnergyKind.REGISTERS, timestamp__gte=now - OVER, timestamp__lt=now
        )
        .values("device_id", "component")
        .annotate(first_in=Min("drawn"), last_in=Max("drawn"), first_out=Min("returned"), last_out=Max("returned"))
    )
    return {
        (row["device_id"], row["component"]): (
            (row["last_in"] or 0) - (row["first_in"] or 0),
            (row["last_out"] or 0) - (row["first_out"] or 0),
        )
        for row in rows
    }
