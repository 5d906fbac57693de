"""What one trip to the database carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from cercollettiva.devices.samples import Energies, Power, Record, Registers, Sample, TimeSource


class Incoming(NamedTuple):
    """A sample on its way to a row, with what is needed to recognise it and, if it is refused, to show it."""

    sample: Sample
    fingerprint: int  # 64 bits of topic and payload, signed
    topic: str
    payload: bytes
    energy_total: int | None = None  # the drawn register at or before the instant [mWh]
    suspect: bool = False  # perhaps stored before: marked DUP, or from the backlog of a resumed session (rule R13)


class StateRow(NamedTuple):
    """The last word of a device, as `energy.DeviceState` keeps it. Powers in W, positive drawn."""

    device_id: int
    last_seen: datetime | None
    online: bool | None
    exchange_power: float | None
    production_power: float | None
    load_power: float | None
    power_at: datetime | None
    values: str  # JSON: component -> values and their time
    registers: str  # JSON: component -> registers and their time
    src: str
    rssi: int | None = None  # of its radio [dBm]; None: nothing new about it
    rssi_at: datetime | None = None


class MergedState(NamedTuple):
    """What a device's row says now, where another ingestor of the group knew something newer than we do."""

    device_id: int
    values: str  # JSON: component -> values and their time
    registers: str  # JSON: component -> registers and their time


class Refusal(NamedTuple):
    """A message, or a part of one, that becomes a row of the quarantine instead of a measurement."""

    topic: str
    reason: str
    first_bytes: bytes
    device_id: int | None
    messages: int = 1  # how many it stands for


class Stranger(NamedTuple):
    """A message of a device nobody has provisioned."""

    prefix: str
    topic: str
    first_bytes: bytes


class Heard(NamedTuple):
    """The last message of a device as it came, whether it could be read or not."""

    device_id: int
    topic: str
    first_bytes: bytes
    size: int  # of the whole message [bytes]
    received_at: datetime


@dataclass(slots=True)
class Batch:
    """Everything that one transaction stores. Lists keep the order of arrival."""

    incoming: list[Incoming] = field(default_factory=list)
    states: list[StateRow] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    strangers: list[Stranger] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    is_shared: bool = False  # others hear the same devices: our states are laid beside theirs, not over them

    @property
    def received_fingerprints(self) -> set[int]:
        """Fingerprints of what has no time of its own: the only trace by which a redelivery is known (rule R13)."""
        return {row.fingerprint for row in self.incoming if row.sample.time_source is not TimeSource.DEVICE}

    def powers(self) -> list[Incoming]:
        return [row for row in self.incoming if isinstance(row.sample.reading, Power)]

    def energies(self) -> list[Incoming]:
        return [row for row in self.incoming if isinstance(row.sample.reading, Registers | Record)]


class Outcome(NamedTuple):
    """What became of a batch."""

    stored: int
    repeated: int  # rows that were there already, with the same value
    refused: int
    merged: Sequence[MergedState] = ()


def energies_of(sample: Sample) -> Energies:
    """The energies of a sample of registers or of a record."""
    reading = sample.reading
    if isinstance(reading, Registers | Record):
        return reading.energies
    raise TypeError(f"{type(reading).__name__} carries no energies")
