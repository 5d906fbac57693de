"""How a plant is doing: its power now, what it made today and this month, the health of its meters."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from rest_framework import serializers

from cercollettiva.api.fields import Instant, KilowattHours, Watts, kwh, local, rounded
from cercollettiva.core.models import Plant, PlantType
from cercollettiva.domain.calendar import Span, range_of
from cercollettiva.energy import queries
from cercollettiva.energy.queries import DeviceNow, EnergyToday, PeriodTotal

IDLE_BELOW_W: Final = 5.0  # an inverter's own use at night
HEALTH: Final = ("offline", "degraded", "idle", "healthy")


class StatisticsAnswer(serializers.Serializer[Any]):
    """Powers in W, production in kWh from the meters' registers; null where it is not measured."""

    class Stats(serializers.Serializer[Any]):
        total_power = Watts(allow_null=True)
        active_devices = serializers.IntegerField()
        total_devices = serializers.IntegerField()
        last_update = Instant(allow_null=True)

    plant_id = serializers.IntegerField()
    plant_name = serializers.CharField()
    current_stats = Stats()
    daily_production = KilowattHours(allow_null=True)
    monthly_production = KilowattHours(allow_null=True)
    is_active = serializers.BooleanField()
    health_status = serializers.ChoiceField(HEALTH)


def statistics_of(plant: Plant, now: datetime) -> dict[str, Any]:
    """Seven queries, however many meters the plant has."""
    devices = queries.device_states_of(plant, now)
    power = queries.power_of_plants([plant.pk], now).get(plant.pk, queries.PlantPower())
    shown = queries.power_shown(plant.plant_type, power)
    today = queries.energy_today([plant.pk], now).get(plant.pk, EnergyToday())
    day = queries.aggregate_by_period(plant, Span.DAY, *range_of(Span.DAY, now))[0]
    month = queries.aggregate_by_period(plant, Span.MONTH, *range_of(Span.MONTH, now))[0]
    produced_today = _production_today(plant, today, day)
    return {
        "plant_id": plant.pk,
        "plant_name": plant.name,
        "current_stats": {
            "total_power": rounded(shown),
            "active_devices": sum(device.online for device in devices),
            "total_devices": len(devices),
            "last_update": local(max((device.last_seen for device in devices if device.last_seen), default=None)),
        },
        "daily_production": kwh(produced_today),
        "monthly_production": kwh(_production(plant, month.produced_mwh, month.injected_mwh)),
        "is_active": plant.is_active,
        "health_status": health_of(devices, shown),
    }


def health_of(devices: list[DeviceNow], power_w: float | None) -> str:
    online = sum(device.online for device in devices)
    if not online:
        return "offline"
    if online < len(devices) or power_w is None:
        return "degraded"
    return "idle" if abs(power_w) < IDLE_BELOW_W else "healthy"


def _production_today(plant: Plant, today: EnergyToday, day: PeriodTotal) -> int | None:
    """From the registers up to now; from the day's total where there was none at midnight."""
    now = _production(plant, today.produced_mwh, today.injected_mwh)
    return _production(plant, day.produced_mwh, day.injected_mwh) if now is None else now


def _production(plant: Plant, produced: int | None, injected: int | None) -> int | None:
    """What a producer injects it has produced; what a prosumer injects is only a part of it."""
    if produced is None and plant.plant_type == PlantType.PRODUCER:
        return injected
    return produced
