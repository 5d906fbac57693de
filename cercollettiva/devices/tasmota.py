"""Tasmota: `SENSOR` carries all values with the device's local time, `LWT` its presence.

The topics are `tele/<topic>/...`, or whatever the device's FullTopic makes of them: the provisioned prefix is what
stands before SENSOR.
"""

from __future__ import annotations

import re
from datetime import datetime

from cercollettiva.devices.clocks import moment_of_local
from cercollettiva.devices.makes import Make, Reader, read_plain_text, under_prefix
from cercollettiva.devices.payloads import JsonObject, as_object, quoted, read_exact_object, read_json
from cercollettiva.devices.quantities import KILOWATT_HOURS, Floats, checked_floats, energies_of, floats_of
from cercollettiva.devices.radio import radio_samples
from cercollettiva.devices.readings import doubled, joined, known_readings
from cercollettiva.devices.samples import (
    NO_ANOMALY,
    Anomaly,
    Device,
    Energies,
    Power,
    Presence,
    Sample,
    TimeSource,
    UnreadableMessage,
)

COMPONENT = "energy:0"
MOST_PHASES = 3

_OWN_TOPICS = re.compile(r"(?P<prefix>(.+/)?tele(/.+)?)/[A-Z][A-Z0-9_]*")
_BESIDE = re.compile(r"(?:stat|cmnd)/(?P<topic>.+)/[A-Z][A-Za-z0-9_]*")  # its answers, and what it is told
_PLACES = ("", "a_", "b_", "c_")
_PRESENCES = {b"Online": True, b"Offline": False}


# In the order of Power: what ENERGY calls its first seven.
_KEYS = ("Power", "ApparentPower", "ReactivePower", "Voltage", "Current", "Factor", "Frequency")
_ADD_UP = frozenset(["Power", "ApparentPower", "ReactivePower"])  # the phases make a total


def prefix_of(topic: str) -> str | None:
    """What stands before the last level, where a level before it says that it is telemetry."""
    found = _OWN_TOPICS.fullmatch(topic)
    if found:
        return found["prefix"]
    beside = _BESIDE.fullmatch(topic)
    return f"tele/{beside['topic']}" if beside else None


def reader_of(topic: str, device: Device) -> Reader | None:
    """Who reads a topic of the device; None where it carries nothing for us."""
    rest = under_prefix(topic, device)
    return {"SENSOR": _read_sensor, "STATE": _read_state, "LWT": _read_presence, "LOGGING": read_plain_text}.get(
        rest or ""
    )


def _read_sensor(payload: bytes, received_at: datetime, device: Device) -> list[Sample]:
    """Powers and registers at the device's own time; sensors of anything else are not for us."""
    message = read_exact_object(payload, "SENSOR")
    if message.get("ENERGY") is None:
        return []
    fields = as_object(message["ENERGY"], "ENERGY")
    readings = known_readings("ENERGY", _power_of(fields), _energies_of(fields))
    moment = moment_of_local(message.get("Time"), received_at=received_at, device=device)
    odd = joined(moment.anomalies, doubled(message, fields))
    return [
        Sample(device.id, COMPONENT, moment.at, moment.source, reading, joined(odd, dropped), moment.reported_ts)
        for reading, dropped in readings
    ]


def _read_state(payload: bytes, received_at: datetime, device: Device) -> list[Sample]:
    """Of all it says about itself the strength of its radio: `RSSI` is per cent here, `Signal` is dBm."""
    state = read_json(payload)
    wifi = state.get("Wifi") if isinstance(state, dict) else None
    signal = wifi.get("Signal") if isinstance(wifi, dict) else None
    return radio_samples(signal, received_at, TimeSource.RECEIVED, device)


def _power_of(fields: JsonObject) -> tuple[Power, Anomaly]:
    """A plug whose relay is off measures 0 V behind it: that is no anomaly here."""
    if any(type(fields.get(key)) is list for key in _KEYS):
        return _power_by_phase(fields)
    values, dropped = floats_of(fields, _KEYS)
    return Power(*values), dropped


def _power_by_phase(fields: JsonObject) -> tuple[Power, Anomaly]:
    columns: dict[str, float | None] = {}
    anomalies = NO_ANOMALY
    for key, name in zip(_KEYS, Power._fields, strict=False):
        total, phases, odd = _whole_and_phases(fields.get(key))
        values, dropped = checked_floats((total, *phases))
        if phases and key in _ADD_UP:
            values, too_large = checked_floats((_sum_of(values[1:]), *values[1:]))
            dropped |= too_large
        anomalies |= odd | dropped
        columns |= dict(zip((f"{place}{name}" for place in _PLACES), values, strict=False))
    return Power(**columns), anomalies


def _sum_of(values: Floats) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _energies_of(fields: JsonObject) -> tuple[Energies, Anomaly]:
    """`Total` is drawn where the meter also counts what it exports; else nobody knows its direction. From kWh. [mWh]"""
    total, phases, odd = _whole_and_phases(fields.get("Total"))
    drawn, dropped = energies_of(total, phases, unit=KILOWATT_HOURS)
    odd |= dropped
    if fields.get("ExportActive") is None:
        return Energies(total=drawn[0]), odd | (NO_ANOMALY if drawn[0] is None else Anomaly.DIRECTION_UNKNOWN)
    total, phases, export_odd = _whole_and_phases(fields["ExportActive"])
    returned, dropped = energies_of(total, phases, unit=KILOWATT_HOURS)
    by_place = {f"{place}drawn": value for place, value in zip(_PLACES, drawn, strict=False)}
    by_place |= {f"{place}returned": value for place, value in zip(_PLACES, returned, strict=False)}
    return Energies(**by_place), odd | export_odd | dropped


def _whole_and_phases(value: object) -> tuple[object, list[object], Anomaly]:
    """One value, or a list with one for each phase or channel."""
    if not isinstance(value, list):
        return value, [], NO_ANOMALY
    if not 1 <= len(value) <= MOST_PHASES:
        return None, [], Anomaly.FIELD_OUT_OF_RANGE
    return (value[0], [], NO_ANOMALY) if len(value) == 1 else (None, value, NO_ANOMALY)


def _read_presence(payload: bytes, received_at: datetime, device: Device) -> list[Sample]:
    """Online when it connects, Offline as its last will."""
    online = _PRESENCES.get(payload.strip())
    if online is None:
        raise UnreadableMessage(f"LWT must be Online or Offline, not {quoted(payload)}")
    return [Sample(device.id, "online", received_at, TimeSource.RECEIVED, Presence(online))]


MAKE = Make("Tasmota", prefix_of, reader_of)
