"""Meters at plants, and what they say, for tests of energy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cercollettiva.core.models import Plant, PlantType
from cercollettiva.devices.samples import Energies, Record, Registers, Sample, TimeSource
from cercollettiva.energy.aggregation import aggregate
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DevicePlacement,
    EnergyAggregate,
    EnergyInterval,
    Period,
    Role,
    SubjectKind,
)
from cercollettiva.energy.store import save_samples
from tests.integration.core.scene import LONG_AGO, make_device, make_plant

NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)  # 12:00 in Italy
NOW = datetime(2026, 6, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)


def make_meter(
    number: int = 1,
    *,
    plant: Plant | None = None,
    roles: Sequence[tuple[str, str]] = (("em:0", Role.EXCHANGE),),
    role_fields: dict[str, Any] | None = None,
    **plant_fields: Any,
) -> DeviceConfiguration:
    """A device with roles at a plant of 6 kW, since long ago."""
    plant = plant or make_plant(number, **{"nominal_power": 6, "plant_type": PlantType.PROSUMER, **plant_fields})
    device = make_device(number, plant=plant)
    placement = DevicePlacement.objects.get(device=device)
    for component, role in roles:
        ChannelRole.objects.create(
            placement=placement, component=component, role=role, active_from=LONG_AGO, **(role_fields or {})
        )
    return device


def register(
    device: DeviceConfiguration,
    at: datetime,
    drawn: int | None,
    returned: int | None = 0,
    *,
    component: str = "emdata:0",
    source: TimeSource = TimeSource.DEVICE,
    total: int | None = None,
    **phases: int,
) -> Sample:
    """Registers at an instant. [mWh]"""
    return Sample(device.pk, component, at, source, Registers(Energies(drawn, returned, total, **phases)))


def registers(
    device: DeviceConfiguration, rises: Iterable[tuple[int, int]], *, start: datetime = NOON, every: timedelta = MINUTE
) -> list[Sample]:
    """Registers that rise by (drawn, returned) from reading to reading, the first at `start`. [mWh]"""
    drawn, returned = 1_000_000, 500_000
    samples = [register(device, start, drawn, returned)]
    for number, (more_drawn, more_returned) in enumerate(rises, start=1):
        drawn, returned = drawn + more_drawn, returned + more_returned
        samples.append(register(device, start + number * every, drawn, returned))
    return samples


def record(device: DeviceConfiguration, start: datetime, drawn: int, returned: int = 0, *, seconds: int = 60) -> Sample:
    reading = Record(Energies(drawn, returned), seconds)
    return Sample(device.pk, "emdata:0", start, TimeSource.DEVICE, reading)


def compute(samples: Iterable[Sample] = (), *, now: datetime = NOW):
    save_samples(samples, now=now)
    return aggregate(now)


def quarters(device: DeviceConfiguration) -> list[EnergyInterval]:
    return list(EnergyInterval.objects.filter(device=device).order_by("start"))


def drawn(device: DeviceConfiguration) -> list[int | None]:
    return [row.energy_in for row in quarters(device)]


def injected(device: DeviceConfiguration) -> list[int | None]:
    return [row.energy_out for row in quarters(device)]


def total(kind: SubjectKind, key: int, period: Period, start: datetime) -> EnergyAggregate:
    return EnergyAggregate.objects.get(subject_kind=kind, subject_id=key, period=period, start=start)
