"""What the sockets are sent, built from what the queries say. Plain functions, no database and no clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from cercollettiva.core.models import PlantType
from cercollettiva.energy.queries import CommunityPower, DeviceNow, EnergyToday, PlantPower, power_shown

W_DIGITS = 1
KW_DIGITS = 4


def plant_frame(kind: str, power: PlantPower, today: EnergyToday, devices: Sequence[DeviceNow]) -> dict[str, Any]:
    """A plant now: `power` in W, `energy_today` in kWh (a producer's is what it gave, any other's what it drew).

    `power` is the figure of `power_shown`; the parts it comes from stand beside it, so that nobody has to guess.
    """
    gave = today.injected_mwh if today.produced_mwh is None else today.produced_mwh
    return {
        "type": "power",
        "timestamp": _instant(power.at),
        "power": _rounded(power_shown(kind, power), W_DIGITS),
        "energy_today": _kwh(gave if kind == PlantType.PRODUCER else today.drawn_mwh),
        "drawn": _rounded(power.drawn_w, W_DIGITS),
        "injected": _rounded(power.injected_w, W_DIGITS),
        "produced": _rounded(power.production_w, W_DIGITS),
        "drawn_today": _kwh(today.drawn_mwh),
        "injected_today": _kwh(today.injected_mwh),
        "produced_today": _kwh(today.produced_mwh),
        "online": power.online,
        "devices": [_device(device) for device in devices],
    }


def community_frame(pk: int, power: CommunityPower) -> dict[str, Any]:
    """A community now, in kW; `plants_online` are the plants measured in the last five minutes.

    `id` tells communities apart on a socket that watches several.
    """
    return {
        "type": "cer_power",
        "id": pk,
        "timestamp": _instant(power.updated_at),
        "producer_power": _kw(power.producer_power),
        "consumer_power": _kw(power.consumer_power),
        "net_power": _kw(power.net_power),
        "plants_online": power.plants_measured,
    }


def encoded(frame: dict[str, Any]) -> bytes:
    """The frame as JSON, to be stamped when it is sent: two that say the same are equal."""
    return orjson.dumps(frame)


def stamped(body: bytes, now: datetime) -> str:
    """The text to send: the frame and our clock, by which the browser sets its own."""
    return f'{body[:-1].decode()},"sent_at":"{now.isoformat(timespec="milliseconds")}"}}'


def _device(device: DeviceNow) -> dict[str, Any]:
    return {
        "device_id": device.device_id,
        "power": _rounded(device.power, W_DIGITS),
        "last_seen": _instant(device.last_seen),
        "online": device.online,
        "phases": [
            {
                "phase": phase.key,
                "voltage": phase.voltage,
                "current": phase.current,
                "power": phase.power,
                "power_factor": phase.power_factor,
            }
            for phase in device.phases
        ],
    }


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _kw(watts: float | None) -> float | None:
    return None if watts is None else _rounded(watts / 1000, KW_DIGITS)


def _kwh(milliwatt_hours: int | None) -> float | None:
    return None if milliwatt_hours is None else milliwatt_hours / 1_000_000


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
