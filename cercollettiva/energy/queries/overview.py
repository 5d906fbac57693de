"""A plant on one page: its power over some hours, its power now, its energy today. Three queries in all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser

from cercollettiva.core.models import Plant, PlantType
from cercollettiva.energy.models import ChannelRole, DeviceState, Role
from cercollettiva.energy.queries.history import PowerMean, power_of_channels, roles_between
from cercollettiva.energy.queries.power import MeterNow, PlantPower, power_of_meters, power_shown
from cercollettiva.energy.queries.today import EnergyToday, MeasuredChannel, energy_of_channels
from cercollettiva.users.models import CustomUser


class PlantOverview(NamedTuple):
    """What is known of a plant. [W, mWh]"""

    plant: Plant
    history: list[PowerMean]
    power: PlantPower
    shown_w: float | None  # by the rule of `power_shown`
    today: EnergyToday
    last_seen: datetime | None

    @property
    def energy_today_mwh(self) -> int | None:
        """The one figure of the day: what a producer made, what any other drew."""
        if self.plant.plant_type != PlantType.PRODUCER:
            return self.today.drawn_mwh
        produced = self.today.produced_mwh
        return self.today.injected_mwh if produced is None else produced


def plant_overview(
    user: CustomUser | AnonymousUser, plant: int, start: datetime, end: datetime, bucket: timedelta
) -> PlantOverview | None:
    """None where the user sees no channel of such a plant in that time: it may lack a meter, or be nobody's to see."""
    seen = Plant.objects.visible_to(user, at=end)
    roles = list(
        roles_between(plant, start, end).filter(plant__in=seen).select_related("placement", "plant", "device__state")
    )
    if not roles:
        return None
    chosen = roles[0].plant
    now = [role for role in roles if _is_now(role, end)]
    meters = [_meter(one) for one in _by_placement(now)]
    power = power_of_meters(chosen.plant_type, meters, end)
    today = energy_of_channels([_channel(role, chosen) for role in now], end) if now else {}
    return PlantOverview(
        chosen,
        power_of_channels(chosen.plant_type, roles, start, end, bucket),
        power,
        power_shown(chosen.plant_type, power),
        today.get(chosen.pk, EnergyToday()),
        max((meter.last_seen for meter in meters if meter.last_seen), default=None),
    )


def _is_now(role: ChannelRole, now: datetime) -> bool:
    ended = any(end is not None and end <= now for end in (role.active_to, role.placement.active_to))
    begun = max(role.active_from, role.placement.active_from) <= now
    return begun and not ended and role.device.is_active


def _by_placement(roles: Iterable[ChannelRole]) -> Iterable[Sequence[ChannelRole]]:
    found: dict[int, list[ChannelRole]] = {}
    for role in roles:
        found.setdefault(role.placement_id, []).append(role)
    return found.values()


def _meter(roles: Sequence[ChannelRole]) -> MeterNow:
    state = _state_of(roles[0])
    kinds = {role.role for role in roles}
    return MeterNow(
        standing_since=roles[0].placement.active_from,
        is_active=True,
        last_seen=state.last_seen if state else None,
        says_online=state.online if state else None,
        at=state.power_at if state else None,
        exchange=state.exchange_power if state else None,
        production=state.production_power if state else None,
        load=state.load_power if state else None,
        has_exchange=Role.EXCHANGE in kinds,
        has_production=Role.PRODUCTION in kinds,
        has_load=Role.LOAD in kinds,
    )


def _state_of(role: ChannelRole) -> DeviceState | None:
    """What it said elsewhere stays there."""
    state: DeviceState | None = getattr(role.device, "state", None)
    if state is None or state.last_seen is None or state.last_seen < role.placement.active_from:
        return None
    return state


def _channel(role: ChannelRole, plant: Plant) -> MeasuredChannel:
    state: DeviceState | None = getattr(role.device, "state", None)
    return MeasuredChannel(
        *(plant.pk, plant.plant_type, role.device_id, role.component, role.phases, role.sign, role.role),
        *(role.active_from, role.placement.active_from, state.registers if state else None),
    )
