"""The components of a Shelly Gen2+: their names, and what is odd about one beside its values."""

from __future__ import annotations

import re
from typing import NamedTuple

from cercollettiva.devices.payloads import JsonObject
from cercollettiva.devices.readings import doubled
from cercollettiva.devices.samples import NO_ANOMALY, Anomaly, Energies

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
    return anomalies | doubled(fields) if type(fields) is not dict else anomalies


def energies_by_phase(drawn: list[int | None], returned: list[int | None]) -> Energies:
    """Total, a, b, c of each direction in their places. [mWh]"""
    pairs = [pair for phase in (1, 2, 3) for pair in (drawn[phase], returned[phase])]
    return Energies(drawn[0], returned[0], None, *pairs)
