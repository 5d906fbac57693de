"""What a device said last: the state its row shows and partial messages are laid over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import orjson

from cercollettiva.devices.samples import Energies, Power, Radio, Registers, Sample, registers_of
from cercollettiva.energy.models import DeviceState
from cercollettiva.energy.store import MergedState, StateRow
from cercollettiva.ingest.directory import Role
from cercollettiva.ingest.watch import Watch

STATE_EVERY: Final = timedelta(seconds=1)  # what the live view shows

Values = TypeVar("Values", Power, Energies)


class Known(Generic[Values]):
    """The last values of a component and when they were measured: None for a retained copy of any age."""

    __slots__ = ("at", "text", "values")

    def __init__(self, at: datetime | None, values: Values) -> None:
        self.at = at
        self.values: Values = values
        self.text: str | None = None  # as JSON, until something changes

    def lay_over(self, at: datetime, values: Values, *, is_partial: bool) -> None:
        """Absent in a partial message means unchanged; what is older than what we know changes nothing."""
        if self.at is None or at >= self.at:
            self.at = at
            self.values = _overlay(self.values, values) if is_partial else values
            self.text = None

    def as_json(self) -> str:
        if self.text is None:
            named = zip(self.values._fields, self.values, strict=True)
            known = {name: value for name, value in named if value is not None}
            self.text = orjson.dumps({"at": self.at, **known}).decode()
        return self.text


class Latest:
    """The last values and registers of a device, per component; never moves back in time."""

    __slots__ = (
        "_powers",
        "_registers",
        "device_id",
        "last_seen",
        "online",
        "power_at",
        "roles",
        "rssi",
        "rssi_at",
        "src",
        "told_at",
        "told_online",
        "watch",
    )

    def __init__(self, device_id: int) -> None:
        self.device_id = device_id
        self.last_seen: datetime | None = None
        self.online: bool | None = None
        self.power_at: datetime | None = None
        self.told_at: datetime | None = None  # when its row was last made, and whether it was online then
        self.told_online: bool | None = None
        self.roles: tuple[Role, ...] = ()
        self.src = ""  # the name it gave itself last
        self.rssi: int | None = None
        self.rssi_at: datetime | None = None
        self.watch = Watch()
        self._powers: dict[str, Known[Power]] = {}
        self._registers: dict[str, Known[Energies]] = {}

    @classmethod
    def from_state(cls, state: DeviceState) -> Latest:
        """What the database knows, so that a partial message after a restart overlays a known state."""
        latest = cls(state.device_id)
        latest.last_seen, latest.online, latest.src = state.last_seen, state.online, state.src
        latest.power_at = state.power_at
        latest.rssi, latest.rssi_at = state.rssi, state.rssi_at
        latest._powers = {component: _from_json(Power, stored) for component, stored in state.values.items()}
        latest._registers = {component: _from_json(Energies, stored) for component, stored in state.registers.items()}
        return latest

    def heard(self, at: datetime) -> None:
        """The device itself spoke, live: a will or a retained copy is not the device speaking."""
        if self.last_seen is None or at > self.last_seen:
            self.last_seen = at
        self.online = True

    def take(self, sample: Sample, *, received_at: datetime) -> None:
        """Lay a live sample over what is known.

        Nothing was measured after it arrived: a device whose clock is ahead would hide what comes after.
        """
        at = min(sample.at, received_at)
        reading = sample.reading
        if isinstance(reading, Power):
            _lay_over(self._powers, sample, at, reading)
            if self.power_at is None or at > self.power_at:
                self.power_at = at
        elif isinstance(reading, Registers):
            _lay_over(self._registers, sample, at, reading.energies)

    def take_radio(self, radio: Radio, received_at: datetime) -> None:
        """How well it heard its access point, at our time: what was said before changes nothing."""
        if self.rssi_at is None or received_at >= self.rssi_at:
            self.rssi, self.rssi_at = radio.rssi, received_at

    def take_retained(self, sample: Sample) -> None:
        """Keep a retained copy only where nothing is known: it may be of any age."""
        reading = sample.reading
        if isinstance(reading, Power):
            self._powers.setdefault(sample.component, Known(None, reading))
        elif isinstance(reading, Registers):
            self._registers.setdefault(sample.component, Known(None, reading.energies))

    def absorb(self, merged: MergedState) -> None:
        """Take over what another ingestor heard of this device after us."""
        _absorb(self._powers, Power, merged.values)
        _absorb(self._registers, Energies, merged.registers)

    def drawn_register(self, sample: Sample) -> int | None:
        """The drawn register at or before the instant of an instantaneous sample. [mWh]"""
        if not self._registers or not isinstance(sample.reading, Power):
            return None
        registers = self._registers.get(registers_of(sample.component))
        if registers is None or registers.at is None or registers.at > sample.at:
            return None
        return registers.values.drawn

    def is_news(self, now: datetime) -> bool:
        """Whether its row is worth writing: nobody looks at it more than once a second, unless it came or went."""
        return self.told_at is None or now - self.told_at >= STATE_EVERY or self.online is not self.told_online

    def told(self, now: datetime) -> StateRow:
        """The row, noted as written."""
        self.told_at, self.told_online = now, self.online
        return self.row()

    def row(self) -> StateRow:
        """The state as its table holds it."""
        return StateRow(
            device_id=self.device_id,
            last_seen=self.last_seen,
            online=self.online,
            exchange_power=self._power_of("EXCHANGE"),
            production_power=self._power_of("PRODUCTION"),
            load_power=self._power_of("LOAD"),
            power_at=self.power_at,
            values=_joined(self._powers),
            registers=_joined(self._registers),
            src=self.src,
            rssi=self.rssi,
            rssi_at=self.rssi_at,
        )

    def _power_of(self, role: str) -> float | None:
        """What the channels with that role measure now, W, positive drawn; None when one of them is not known."""
        total: float | None = None
        for channel in self.roles:
            if channel.role != role:
                continue
            known = self._powers.get(channel.component)
            power = _power_on(known.values, channel.phases) if known and known.at else None
            if power is None:
                return None
            total = (total or 0.0) + power * channel.sign
        return total


def _power_on(values: Power, phases: str) -> float | None:
    """The active power of some phases, or the meter's own total when none is named. [W]"""
    if not phases and values.power is not None:
        return values.power
    by_phase = {"a": values.a_power, "b": values.b_power, "c": values.c_power}
    powers = [by_phase[phase] for phase in phases or "abc"]
    known = [power for power in powers if power is not None]
    return sum(known) if len(known) == len(powers) else None


def _overlay(known: Values, new: Values) -> Values:
    return type(new)(*[old if value is None else value for old, value in zip(known, new, strict=True)])


def _lay_over(components: dict[str, Known[Values]], sample: Sample, at: datetime, values: Values) -> None:
    known = components.get(sample.component)
    if known is None:
        components[sample.component] = Known(at, values)
    else:
        known.lay_over(at, values, is_partial=sample.is_partial)


def _absorb(components: dict[str, Known[Values]], kind: type[Values], stored: str) -> None:
    for component, said in orjson.loads(stored).items():
        known, newer = components.get(component), _from_json(kind, said)
        if known is None or (newer.at is not None and (known.at is None or newer.at > known.at)):
            components[component] = newer


def _joined(components: Mapping[str, Known[Values]]) -> str:
    return "{" + ",".join([f'"{component}":{known.as_json()}' for component, known in components.items()]) + "}"


def _from_json(kind: type[Values], stored: Mapping[str, Any]) -> Known[Values]:
    at = stored.get("at")
    values = kind(**{name: stored[name] for name in kind._fields if name in stored})
    return Known(datetime.fromisoformat(at) if at else None, values)
