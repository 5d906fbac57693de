"""The components of a Shelly Gen2+: their names, and what is odd about one beside its values."""

from __future__ import annotations

import re
from typing import NamedTuple

from cercollettiva.devices.payloads import DoubledKeys, JsonObject
from cercollettiva.devices.samples import NO_ANOMALY, Anomaly, Energies, Sample, UnreadableMessage

_KEY = re.compile(r"(?P<type>[a-z][a-z0-9]*):(?P<number>0|[1-9][0-9]{0,2})")
_ERROR_KEYS = frozenset(["errors", "flags", *(f"{p}_{word}" for p in "abcn" for word in ("errors", "flags"))])


class Component(NamedTuple):
    """A component as the device names it, such as `em:0`; its number is the channel."""

    key: str
    type: str
    number: int

    @classmethod
    def of(cls, key: object) -> Component | None:
        found = _KEY.fullmatch(key) if isinstance(key, str) else None
        return cls(found[0], found["type"], int(found["number"])) if found else None


def oddities(fields: JsonObject, component: Component) -> Anomaly:
    """What is odd about a component beside its values."""
    anomalies = NO_ANOMALY
    number = fields.get("id")
    if number is not None and number != component.number:
        anomalies |= Anomaly.ID_MISMATCH
    if not fields.keys().isdisjoint(_ERROR_KEYS) and any(fields.get(key) for key in _ERROR_KEYS):
        anomalies |= Anomaly.METER_ERROR
    return anomalies | doubled(fields) if type(fields) is DoubledKeys else anomalies


def doubled(*objects: object) -> Anomaly:
    """Whether a key came twice in one of these objects."""
    return Anomaly.DUPLICATE_KEY if any(type(fields) is DoubledKeys for fields in objects) else NO_ANOMALY


def nothing_usable(what: str, dropped: Anomaly) -> list[Sample]:
    """Nothing where nothing was said; a refusal where something was, and none of it can be used."""
    if dropped:
        raise UnreadableMessage(f"{what} holds no usable value: {', '.join(dropped.words)}")
    return []


def without_refused(samples: list[Sample], refusals: list[UnreadableMessage]) -> list[Sample]:
    """The samples of a message of which a part was refused: they say so; with none left the message is refused."""
    if not refusals:
        return samples
    if not samples:
        raise refusals[0]
    return [sample._replace(anomalies=sample.anomalies | Anomaly.FIELD_NOT_A_NUMBER) for sample in samples]


def energies_by_phase(drawn: list[int | None], returned: list[int | None]) -> Energies:
    """Total, a, b, c of each direction in their places. [mWh]"""
    pairs = [pair for phase in (1, 2, 3) for pair in (drawn[phase], returned[phase])]
    return Energies(drawn[0], returned[0], None, *pairs)
