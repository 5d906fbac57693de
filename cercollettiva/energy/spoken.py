"""What a device said by HTTP, stored like what a broker brings: values, registers, its state, its last message."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from cercollettiva.core.periods import covers
from cercollettiva.devices.samples import Power, Registers, Sample
from cercollettiva.energy.models import ChannelRole, DeviceConfiguration, DeviceState, Role
from cercollettiva.energy.models.mqtt import LAST_BYTES
from cercollettiva.energy.store import Batch, Heard, Outcome, StateRow, incoming_of, save_batch

Values = Mapping[str, Any]


@transaction.atomic
def save_spoken(device: DeviceConfiguration, samples: Sequence[Sample], body: bytes, *, now: datetime) -> Outcome:
    """Store the samples of one device and what follows from them, in one transaction."""
    DeviceConfiguration.objects.select_for_update(of=("self",)).get(pk=device.pk)
    state = DeviceState.objects.filter(device=device).first()
    batch = Batch(
        incoming=incoming_of(samples),
        states=[_state_after(device, state, samples, now)],
        heard=[Heard(device.pk, "HTTP", body[:LAST_BYTES], len(body), now)],
        is_shared=True,  # an ingestor may hear the same device
    )
    return save_batch(batch, ingestor="", now=now)


def _state_after(
    device: DeviceConfiguration, state: DeviceState | None, samples: Iterable[Sample], now: datetime
) -> StateRow:
    values: dict[str, Values] = dict(state.values) if state else {}
    registers: dict[str, Values] = dict(state.registers) if state else {}
    power_at = state.power_at if state else None
    for sample in sorted(samples, key=lambda each: each.at):
        if isinstance(sample.reading, Power):
            _lay(values, sample, sample.reading._asdict())
            power_at = max(sample.at, power_at or sample.at)
        elif isinstance(sample.reading, Registers):
            _lay(registers, sample, sample.reading.energies._asdict())
    roles = list(ChannelRole.objects.filter(covers(now), covers(now, prefix="placement__"), device=device))
    return StateRow(
        device_id=device.pk,
        last_seen=now,
        online=True,
        exchange_power=_power_of(Role.EXCHANGE, roles, values),
        production_power=_power_of(Role.PRODUCTION, roles, values),
        load_power=_power_of(Role.LOAD, roles, values),
        power_at=power_at,
        values=json.dumps(values),
        registers=json.dumps(registers),
        src=device.device_id,
    )


def _lay(known: dict[str, Values], sample: Sample, fields: Values) -> None:
    """The newest of each component; what is older than what is known changes nothing."""
    at = known.get(sample.component, {}).get("at")
    if at is None or datetime.fromisoformat(at) <= sample.at:
        said = {name: value for name, value in fields.items() if value is not None}
        known[sample.component] = {"at": sample.at.isoformat(), **said}


def _power_of(role: str, roles: Iterable[ChannelRole], values: Mapping[str, Values]) -> float | None:
    """What the channels with that role measure now; None when one of them is not known. [W]"""
    total: float | None = None
    for channel in roles:
        if channel.role != role:
            continue
        power = _power_on(values.get(channel.component, {}), channel.phases)
        if power is None:
            return None
        total = (total or 0.0) + power * channel.sign
    return total


def _power_on(said: Values, phases: str) -> float | None:
    if not phases and said.get("power") is not None:
        return float(said["power"])
    powers = [said.get(f"{phase}_power") for phase in phases or "abc"]
    known = [power for power in powers if power is not None]
    return sum(known) if len(known) == len(powers) else None
