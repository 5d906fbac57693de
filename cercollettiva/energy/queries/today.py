"""The energy since midnight, from the meters' own registers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from cercollettiva.core.models import Plant, PlantType
from cercollettiva.core.periods import covers
from cercollettiva.devices.samples import Energies, TimeSource, registers_of
from cercollettiva.energy.models import ChannelRole, EnergyKind, EnergyMeasurement, Role

AROUND_MIDNIGHT: Final = timedelta(hours=1)  # an older register would count energy of yesterday

Registers = Mapping[str, Any]  # the names of Energies to mWh


class EnergyToday(NamedTuple):
    """Energy of a plant since local midnight; None where it is not known. [mWh]"""

    drawn_mwh: int | None = None
    injected_mwh: int | None = None
    produced_mwh: int | None = None


class MeasuredChannel(NamedTuple):
    """A channel with its role, where it stands, and the last registers of its device."""

    plant: int
    kind: str
    device: int
    component: str
    phases: str
    sign: int
    role: str
    role_from: datetime
    placed_from: datetime
    state: Mapping[str, Registers] | None


def local_midnight(now: datetime) -> datetime:
    """The start of the day of an instant where the communities are."""
    return now.astimezone(ZoneInfo(settings.LOCAL_TIME_ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)


def energy_today(plants: QuerySet[Plant] | Iterable[int], now: datetime) -> dict[int, EnergyToday]:
    """What each plant that has channels drew, injected and produced since local midnight, in two queries. [mWh]

    The last register minus the one at midnight or within the hour before. Not netted per minute, so it may differ
    from the quarter-hours of a three-phase connection. A register that fell, and a channel that was not there at
    midnight, leave the energy unknown. On a producer without a meter of the exchange what is produced is injected.
    """
    keys = plants.order_by().values("pk") if isinstance(plants, QuerySet) else list(plants)
    return energy_of_channels(_channels_of(keys, now), now)


def energy_of_channels(channels: Sequence[MeasuredChannel], now: datetime) -> dict[int, EnergyToday]:
    """The same from the channels that the plants have now, in one query."""
    midnight = local_midnight(now)
    before = _registers_at(midnight, channels)
    by_plant: dict[int, list[MeasuredChannel]] = {}
    for channel in channels:
        by_plant.setdefault(channel.plant, []).append(channel)
    return {plant: _energy_of(several, before, midnight) for plant, several in by_plant.items()}


def _channels_of(plants: Any, now: datetime) -> list[MeasuredChannel]:
    rows = (
        ChannelRole.objects.active_at(now)
        .filter(covers(now, prefix="placement__"), plant__in=plants, device__is_active=True)
        .order_by("pk")
        .values_list(
            *("plant_id", "plant__plant_type", "device_id", "component", "phases", "sign", "role"),
            *("active_from", "placement__active_from", "device__state__registers"),
        )
    )
    return [MeasuredChannel(*row) for row in rows]


def _registers_at(midnight: datetime, channels: Sequence[MeasuredChannel]) -> dict[tuple[int, str], Registers]:
    """The last registers up to midnight of each device and component."""
    newest_first = Window(RowNumber(), partition_by=[F("device_id"), F("component")], order_by=F("timestamp").desc())
    rows = (
        EnergyMeasurement.objects.filter(
            ~Q(time_source=TimeSource.UNKNOWN.value),
            device_id__in={channel.device for channel in channels},
            component__in={registers_of(channel.component) for channel in channels},
            timestamp__gt=midnight - AROUND_MIDNIGHT,
            timestamp__lte=midnight,
            kind=EnergyKind.REGISTERS,
        )
        .annotate(rank=newest_first)
        .filter(rank=1)
        .values("device_id", "component", *Energies._fields)
    )
    return {(row["device_id"], row["component"]): row for row in rows}


def _energy_of(
    channels: Sequence[MeasuredChannel], before: Mapping[tuple[int, str], Registers], midnight: datetime
) -> EnergyToday:
    forward: dict[str, list[int | None]] = {}
    backward: dict[str, list[int | None]] = {}
    for channel in channels:
        registers = registers_of(channel.component)
        last = (channel.state or {}).get(registers, {})
        first = before.get((channel.device, registers), {})
        known = max(channel.role_from, channel.placed_from) <= midnight and _is_of_today(last, midnight)
        drawn, returned = (
            _difference(first, last, channel.phases, name) if known else None for name in ("drawn", "returned")
        )
        if channel.sign < 0:
            drawn, returned = returned, drawn
        forward.setdefault(channel.role, []).append(drawn)
        backward.setdefault(channel.role, []).append(returned)
    produced = _sum(forward.get(Role.PRODUCTION, []))
    if Role.EXCHANGE in forward:
        return EnergyToday(_sum(forward[Role.EXCHANGE]), _sum(backward[Role.EXCHANGE]), produced)
    return EnergyToday(None, produced if channels[0].kind == PlantType.PRODUCER else None, produced)


def _is_of_today(registers: Registers, midnight: datetime) -> bool:
    at = registers.get("at")
    return at is not None and datetime.fromisoformat(at) >= midnight


def _difference(first: Registers, last: Registers, phases: str, name: str) -> int | None:
    before, after = _register(first, phases, name), _register(last, phases, name)
    if before is None or after is None or after < before:
        return None
    return after - before


def _register(registers: Registers, phases: str, name: str) -> int | None:
    """The register of some phases, or the meter's own total when none is named."""
    if not phases and registers.get(name) is not None:
        return int(registers[name])
    return _sum([registers.get(f"{phase}_{name}") for phase in phases or "abc"])


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None
