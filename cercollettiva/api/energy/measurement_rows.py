"""How a measurement is told."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any, Final

from rest_framework import serializers

from cercollettiva.api.fields import Instant, KilowattHours, Watts, kwh, local, rounded
from cercollettiva.energy.models import DeviceMeasurement, Quality
from cercollettiva.energy.store.columns import microseconds

_QUALITIES: Final = {quality.value: quality.name for quality in Quality}
VALUES: Final = ("power", "voltage", "current", "power_factor", "apparent_power", "reactive_power")


class PhaseRow(serializers.Serializer[Any]):
    phase = serializers.ChoiceField(["a", "b", "c"])
    voltage = Watts(allow_null=True)
    current = Watts(allow_null=True)
    power = Watts(allow_null=True)
    power_factor = Watts(allow_null=True)
    frequency = Watts(allow_null=True)
    apparent_power = Watts(allow_null=True)
    reactive_power = Watts(allow_null=True)


class MeasurementRow(serializers.Serializer[Any]):
    """W, V, A, VA, var, Hz; the register in kWh. Power is positive when drawn."""

    id = serializers.CharField(help_text="Opaco: identifica la misura, nient'altro.")
    timestamp = Instant()
    power = Watts(allow_null=True)
    voltage = Watts(allow_null=True)
    current = Watts(allow_null=True)
    energy_total = KilowattHours(allow_null=True)
    power_factor = Watts(allow_null=True)
    quality = serializers.ChoiceField(Quality.names)
    phase_details = PhaseRow(many=True)
    apparent_power = Watts(allow_null=True)
    reactive_power = Watts(allow_null=True)
    device = serializers.IntegerField()


def measurement_row(row: DeviceMeasurement) -> dict[str, Any]:
    return {
        "id": _id_of(row),
        "timestamp": local(row.timestamp),
        **{name: rounded(getattr(row, name), 3) for name in VALUES},
        "energy_total": kwh(row.energy_total),
        "quality": _QUALITIES[row.quality],
        "phase_details": [_phase(asdict(detail)) for detail in row.phase_details],
        "device": row.device_id,
    }


def _phase(detail: dict[str, Any]) -> dict[str, Any]:
    return {name: value if name == "phase" else rounded(value, 3) for name, value in detail.items()}


def _id_of(row: DeviceMeasurement) -> str:
    key = f"{row.device_id}|{microseconds(row.timestamp)}|{row.component}"
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
