"""A virtual Shelly Pro 3EM: what it publishes, what it answers, and the true energy to check against.

Its payloads are those of `em:0` and `emdata:0` in the triphase profile. Time is an argument everywhere; the only state
is what it has already told.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from cercollettiva.ops.simulation import shelly_rpc
from cercollettiva.ops.simulation.energy import CommunityEnergy, PhaseEnergy
from cercollettiva.ops.simulation.italian_time import minute_of
from cercollettiva.ops.simulation.noise import key_of, uniform_at
from cercollettiva.ops.simulation.readings import PHASES, em_status, emdata_status, power_w, record_values
from cercollettiva.ops.simulation.scenery import Meter


class Message(NamedTuple):
    """Something to publish."""

    topic: str
    payload: bytes
    retain: bool = False


class TrueEnergy(NamedTuple):
    """What a meter has really counted, phases a, b, c, per direction and not netted. [mWh]"""

    drawn: tuple[int, int, int]
    returned: tuple[int, int, int]


class VirtualShelly:
    """One meter of the community.

    In order: `birth` once, then `status` as often as wanted, and for each minute that `owes_minute`, `minute_messages`
    and, once they have left, `minute_told`. `advance` does all of it.
    """

    def __init__(self, meter: Meter, energy: CommunityEnergy, *, started_at: datetime) -> None:
        self.meter = meter
        self.energy = energy
        self._next_minute = int(started_at.timestamp()) // 60
        self._shown: dict[str, object] = {}
        self._key = key_of(energy.seed, meter.device_id)

    @property
    def rpc_topic(self) -> str:
        return f"{self.meter.topic_prefix}/rpc"

    def next_minute(self) -> int:
        """The oldest minute not yet told, from 1970-01-01 UTC."""
        return self._next_minute

    def birth(self) -> list[Message]:
        """What it says when it connects."""
        self._shown = {}
        return [Message(f"{self.meter.topic_prefix}/online", b"true", retain=True)]

    def death(self) -> list[Message]:
        """Its last will."""
        return [Message(f"{self.meter.topic_prefix}/online", b"false", retain=True)]

    def advance(self, now: datetime) -> list[Message]:
        """Every minute that ended since the last time, then the values of this instant."""
        messages: list[Message] = []
        while self.owes_minute(now):
            messages += self.minute_messages(now)
            self.minute_told()
        return messages + self.status(now)

    def status(self, now: datetime) -> list[Message]:
        """The values of this instant: whole on the status topic, what changed as a notification."""
        shown = self.em_status(now)
        changed = {name: value for name, value in shown.items() if self._shown.get(name) != value}
        self._shown = shown
        messages = [Message(f"{self.meter.topic_prefix}/status/em:0", _json(shown))]
        if changed:
            messages.append(self._notify_status(now.timestamp(), "em:0", {"id": 0, **changed}))
        return messages

    def owes_minute(self, now: datetime) -> bool:
        """Whether a minute has ended, and settled for 0.6 to 1 second, that was not yet told."""
        return now.timestamp() >= self._ready_at(self._next_minute)

    def owed_minutes(self, now: datetime) -> int:
        """How many they are."""
        count = int(now.timestamp()) // 60 - self._next_minute
        return max(count if now.timestamp() >= self._ready_at(self._next_minute + count - 1) else count - 1, 0)

    def minute_messages(self, now: datetime) -> list[Message]:
        """Record and registers of the oldest minute that is owed.

        The status topic carries no time, so only the newest registers go there; notifications have their own.
        """
        minute = self._next_minute
        told_at = self._ready_at(minute)
        registers = self.registers(datetime.fromtimestamp((minute + 1) * 60, tz=UTC))
        messages = [self._record(minute, told_at), self._notify_status(told_at, "emdata:0", registers)]
        if now.timestamp() < self._ready_at(minute + 1):
            messages.append(Message(f"{self.meter.topic_prefix}/status/emdata:0", _json(registers)))
        return messages

    def minute_told(self) -> None:
        """The messages of the oldest owed minute have left."""
        self._next_minute += 1

    def answer(self, request: dict[str, object], *, at: datetime) -> dict[str, object]:
        """The frame that answers a JSON-RPC request; only read methods exist."""
        return shelly_rpc.answer(self, request, at=at)

    def oracle(self, start: datetime, end: datetime) -> TrueEnergy:
        """The true energy of [start, end), both on the minute. [mWh]"""
        counted = self.energy.meter_minutes(self.meter, minute_of(start), minute_of(end))
        drawn, returned = counted.drawn.sum(axis=1).tolist(), counted.returned.sum(axis=1).tolist()
        return TrueEnergy((drawn[0], drawn[1], drawn[2]), (returned[0], returned[1], returned[2]))

    def em_status(self, now: datetime) -> dict[str, object]:
        """The `em:0` component now."""
        second = int(now.timestamp())
        counted = self.minute(second // 60)
        powers = [power_w(counted.drawn[row, 0] - counted.returned[row, 0]) for row in range(len(PHASES))]
        return em_status(powers, meter=self.meter.device_id, second=second)

    def registers(self, now: datetime) -> dict[str, object]:
        """The `emdata:0` component now: it moves once a minute."""
        minutes = np.array([int(now.timestamp()) // 60], dtype=np.int64)
        return emdata_status(self.energy.meter_registers(self.meter, minutes))

    def minute(self, minute: int) -> PhaseEnergy:
        """What it counts in one minute from 1970-01-01 UTC. [mWh]"""
        return self.energy.meter_minutes(self.meter, minute, minute + 1)

    def _record(self, minute: int, told_at: float) -> Message:
        counted = self.minute(minute)
        drawn, returned = counted.drawn[:, 0].tolist(), counted.returned[:, 0].tolist()
        values = record_values(drawn, returned, meter=self.meter.device_id, minute=minute)
        event = {
            "component": "emdata:0",
            "id": 0,
            "event": "data",
            "ts": told_at,
            "data": {"ts": minute * 60, "period": 60, "values": [values]},
        }
        return self._notify("NotifyEvent", {"ts": told_at, "events": [event]})

    def _notify_status(self, ts: float, component: str, values: dict[str, object]) -> Message:
        return self._notify("NotifyStatus", {"ts": round(ts, 2), component: values})

    def _notify(self, method: str, params: dict[str, object]) -> Message:
        prefix = self.meter.topic_prefix
        frame = {"src": self.meter.device_id, "dst": f"{prefix}/events", "method": method, "params": params}
        return Message(f"{prefix}/events/rpc", _json(frame))

    def _ready_at(self, minute: int) -> float:
        """When the record of a minute leaves: 0.6 to 1 second after its end. [Unix seconds]"""
        return round((minute + 1) * 60 + 0.6 + 0.4 * uniform_at(self._key, minute), 2)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
