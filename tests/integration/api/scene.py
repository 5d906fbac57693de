"""A plant whose meter speaks, in each of two communities, and clients of whoever looks at them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from cercollettiva.core.models import PlantType
from cercollettiva.devices.samples import Energies, Power, Registers, Sample, TimeSource
from cercollettiva.energy import partitions
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DevicePlacement,
    DeviceState,
    EnergyInterval,
    IntervalQuality,
    IntervalSource,
)
from cercollettiva.energy.store import save_samples
from cercollettiva.users.models import ApiToken, CustomUser, Scope
from tests.integration.core.scene import LONG_AGO, Scene, make_device, make_plant, make_scene

PASSWORD = "una password lunga"


@dataclass
class Api:
    """The scene of two communities, the meters of whose plants spoke a moment ago."""

    scene: Scene
    now: datetime

    def client(self, who: str) -> Client:
        return client_of(self.scene.viewers[who])


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def make_api() -> Api:
    scene, now = make_scene(), timezone.now()
    for community in (scene.a, scene.b):
        give_role(community.device, "EXCHANGE")
        speak(community.device, now, exchange=-1500.0)
    return Api(scene, now)


def give_role(device: DeviceConfiguration, role: str, *, component: str = "em:0") -> ChannelRole:
    placement = DevicePlacement.objects.get(device=device)
    return ChannelRole.objects.create(placement=placement, component=component, role=role, active_from=LONG_AGO)


def speak(device: DeviceConfiguration, at: datetime, **powers: float) -> None:
    """What the device says now: `exchange`, `production`, `load` in W."""
    DeviceState.objects.update_or_create(
        device=device,
        defaults={
            "last_seen": at,
            "online": True,
            "power_at": at,
            **{f"{name}_power": value for name, value in powers.items()},
            "values": {"em:0": {"at": at.isoformat(), "power": next(iter(powers.values())), "voltage": 231.0}},
        },
    )


def make_measured_plant(number: int, kind: PlantType, *, role: str = "EXCHANGE", power: float, **fields: Any) -> Any:
    plant = make_plant(number, plant_type=kind, **fields)
    device = make_device(number, plant=plant)
    give_role(device, role)
    name = {"EXCHANGE": "exchange", "PRODUCTION": "production", "LOAD": "load"}[role]
    speak(device, timezone.now(), **{name: power})
    return plant


def power_sample(device: DeviceConfiguration, at: datetime, power: float, *, component: str = "em:0") -> Sample:
    return Sample(device.pk, component, at, TimeSource.DEVICE, Power(power=power, voltage=230.0, current=power / 230))


def register_sample(device: DeviceConfiguration, at: datetime, *, drawn: int, returned: int = 0) -> Sample:
    return Sample(device.pk, "emdata:0", at, TimeSource.DEVICE, Registers(Energies(drawn=drawn, returned=returned)))


def save(*samples: Sample) -> None:
    save_samples(samples, now=timezone.now())


def make_quarters(device: DeviceConfiguration, start: datetime, count: int, *, energy_in: int = 250_000) -> None:
    starts = [start + number * timedelta(minutes=15) for number in range(count)]
    partitions.ensure_months(connection, EnergyInterval, {partitions.month_of(at) for at in starts})
    EnergyInterval.objects.bulk_create(
        EnergyInterval(
            device=device,
            start=at,
            energy_in=energy_in,
            energy_out=100_000,
            recorded_at=at,
            peak_power=2000.0,
            mean_power=600.0,
            coverage=1.0,
            quality=IntervalQuality.GOOD,
            source=IntervalSource.REGISTERS,
        )
        for at in starts
    )


def token_of(person: CustomUser, scope: Scope = Scope.READ, *, lasts: timedelta = timedelta(days=1)) -> str:
    return ApiToken.make(person, name="a program", scope=scope, lasts=lasts, at=timezone.now())[1]


def bearer(token: str) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token}"}}
