"""What the devices of a plant say now, phase by phase."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Prefetch

from cercollettiva.core.connection import FRESH_FOR
from cercollettiva.core.models import Plant
from cercollettiva.energy.models import ChannelRole, DevicePlacement, DeviceState


@dataclass(frozen=True)
class PhaseNow:
    """The last values of one phase of a component, as the meter gives them: power is positive when drawn. [W, V, A]"""

    key: str  # "a", "b", "c" of a first component; em:1a of a second; em1:0 where there is one phase
    component: str
    role: str  # "" where the channel has none
    power: float | None
    voltage: float | None
    current: float | None
    power_factor: float | None
    at: datetime | None


@dataclass(frozen=True)
class DeviceNow:
    """A device that stands at a plant, with the last values of its phases. Old values stay: `age` says how old."""

    device_id: str  # its name
    model: str
    roles: tuple[str, ...]
    power: float | None  # of its role at the connection point, else production, else load [W]
    power_at: datetime | None
    phases: tuple[PhaseNow, ...]
    last_seen: datetime | None
    age: timedelta | None
    online: bool  # heard in the last five minutes, and has not said goodbye


def device_states_of(plant: Plant, now: datetime) -> list[DeviceNow]:
    """The devices that stand at a plant now, in order of name, in two queries. [W, V, A]"""
    return device_states_of_plants([plant.pk], now).get(plant.pk, [])


def device_states_of_plants(plants: Iterable[int], now: datetime) -> dict[int, list[DeviceNow]]:
    """The same for several plants, by their keys, in two queries."""
    roles = Prefetch("roles", ChannelRole.objects.active_at(now).order_by("component", "phases"))
    placements = (
        DevicePlacement.objects.active_at(now)
        .filter(plant__in=list(plants), device__is_active=True)
        .select_related("device__state")
        .prefetch_related(roles)
        .order_by("device__device_id")
    )
    devices: dict[int, list[DeviceNow]] = {}
    for placement in placements:
        devices.setdefault(placement.plant_id, []).append(_device_now(placement, now))
    return devices


def _device_now(placement: DevicePlacement, now: datetime) -> DeviceNow:
    device = placement.device
    state: DeviceState | None = getattr(device, "state", None)  # a device that never spoke has no row of state
    if state is not None and (state.last_seen is None or state.last_seen < placement.active_from):
        state = None  # what it said elsewhere stays there
    roles: Sequence[ChannelRole] = list(placement.roles.all())
    last_seen = state.last_seen if state else None
    age = max(now - last_seen, timedelta(0)) if last_seen else None
    return DeviceNow(
        device_id=device.device_id,
        model=f"{device.vendor} {device.model}".strip(),
        roles=tuple(dict.fromkeys(role.role for role in roles)),
        power=_main_power(state),
        power_at=state.power_at if state else None,
        phases=tuple(
            phase
            for component, values in sorted((state.values if state else {}).items())
            for phase in _phases_of(component, values, roles)
        ),
        last_seen=last_seen,
        age=age,
        online=state is not None and state.online is not False and age is not None and age < FRESH_FOR,
    )


def _main_power(state: DeviceState | None) -> float | None:
    if state is None:
        return None
    powers = (state.exchange_power, state.production_power, state.load_power)
    return next((power for power in powers if power is not None), None)


def _phases_of(component: str, values: Mapping[str, Any], roles: Sequence[ChannelRole]) -> Iterable[PhaseNow]:
    """The phases of a component that carry a value, or the component itself where it has no phases."""
    phases = [phase for phase in "abc" if f"{phase}_voltage" in values or f"{phase}_power" in values]
    at = values.get("at")
    for phase in phases or [""]:
        prefix = f"{phase}_" if phase else ""
        yield PhaseNow(
            key=phase if phase and component.endswith(":0") else component + phase,
            component=component,
            role=_role_of(component, phase, roles),
            power=values.get(f"{prefix}power"),
            voltage=values.get(f"{prefix}voltage"),
            current=values.get(f"{prefix}current"),
            power_factor=values.get(f"{prefix}power_factor"),
            at=datetime.fromisoformat(at) if at else None,
        )


def _role_of(component: str, phase: str, roles: Sequence[ChannelRole]) -> str:
    covering = (role for role in roles if role.component == component and (not role.phases or phase in role.phases))
    return next((role.role for role in covering), "")
