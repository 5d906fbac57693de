"""Shelly of the first generation, EM and 3EM: one bare number a topic, without a time, and its presence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from cercollettiva.devices.makes import Make, Reader, read_plain_text, under_prefix
from cercollettiva.devices.payloads import read_number
from cercollettiva.devices.quantities import checked_floats, energies_of, without_voltage
from cercollettiva.devices.samples import (
    Device,
    Energies,
    Power,
    Registers,
    Sample,
    TimeSource,
    UnreadableMessage,
)

_OWN_TOPICS = re.compile(r"(?P<prefix>shellies/[^/]+)/.+")
_EMETER = re.compile(r"shellies/[^/]+/emeter/(?P<channel>[0-9])/(?P<name>[a-z_]+)")
_JSON_TOPICS = frozenset(["announce", "info"])

_POWERS = {
    "power": "power",
    "reactive_power": "reactive_power",
    "voltage": "voltage",
    "current": "current",
    "pf": "power_factor",
}
_REGISTERS = {"total": "drawn", "total_returned": "returned"}  # Wh, kept across a restart
# Watt-minutes since the device was switched on: the energy of the registers once more, and back to zero at each power
# cut. Whoever took both would count it twice.
_SINCE_SWITCHED_ON = frozenset(["energy", "returned_energy"])


def prefix_of(topic: str) -> str | None:
    """`shellies/<id>`: the first level cannot be changed on these devices."""
    found = _OWN_TOPICS.fullmatch(topic)
    return found["prefix"] if found else None


def reader_of(topic: str, device: Device) -> Reader | None:
    """Who reads a topic of the device; None where it carries nothing for us."""
    rest = under_prefix(topic, device)
    if rest is None or not topic.startswith("shellies/"):
        return None
    found = _EMETER.fullmatch(topic)
    if found:
        component = f"emeter:{found['channel']}"
        if found["name"] in _POWERS:
            return partial(_read_power, component, _POWERS[found["name"]])
        if found["name"] in _REGISTERS:
            return partial(_read_register, component, _REGISTERS[found["name"]])
        if found["name"] in _SINCE_SWITCHED_ON:
            return partial(_read_and_leave, component)
    return None if rest in _JSON_TOPICS else read_plain_text


def _read_power(component: str, column: str, payload: bytes, received_at: datetime, device: Device) -> list[Sample]:
    """One value of a channel; what the others are stands as it was."""
    (value,), dropped = checked_floats((read_number(payload, component),))
    if value is None:
        raise UnreadableMessage(f"{component} holds no usable value: {', '.join(dropped.words)}")
    power = Power(**{column: value})
    anomalies = without_voltage(power)
    at = _apart(received_at, column, _POWERS.values())
    return [Sample(device.id, component, at, TimeSource.RECEIVED, power, anomalies, is_partial=True)]


def _read_register(
    component: str, direction: str, payload: bytes, received_at: datetime, device: Device
) -> list[Sample]:
    """One register of a channel, from Wh. [mWh]"""
    (value,), dropped = energies_of(read_number(payload, component))
    if value is None:
        raise UnreadableMessage(f"{component} holds no usable value: {', '.join(dropped.words)}")
    registers = Registers(Energies(**{direction: value}))
    at = _apart(received_at, direction, _REGISTERS.values())
    return [Sample(device.id, component, at, TimeSource.RECEIVED, registers, is_partial=True)]


def _apart(received_at: datetime, value: str, values: Iterable[str]) -> datetime:
    """A microsecond apart for each value of a channel: they are messages of their own, and may share their instant."""
    return received_at + timedelta(microseconds=list(values).index(value))


def _read_and_leave(component: str, payload: bytes, received_at: datetime, device: Device) -> list[Sample]:
    read_number(payload, component)
    return []


MAKE = Make("Shelly Gen1", prefix_of, reader_of)
