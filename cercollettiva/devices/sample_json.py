"""A sample as a JSON object, for people and for other programs: only what is known has a key."""

from __future__ import annotations

from typing import Any

from cercollettiva.devices.samples import Energies, Kind, Power, Presence, Radio, Record, Registers, Sample

_PLACES = {"total": "", "a": "a_", "b": "b_", "c": "c_"}
_QUANTITIES = {
    "power_w": "power",
    "apparent_power_va": "apparent_power",
    "reactive_power_var": "reactive_power",
    "voltage_v": "voltage",
    "current_a": "current",
    "power_factor": "power_factor",
    "frequency_hz": "frequency",
}


def as_json(sample: Sample) -> dict[str, Any]:
    """The JSON object of a sample, its keys in the order of the reference (`decode` prints one a line)."""
    reading = sample.reading
    match reading:
        case Presence():
            return {"component": sample.component, "kind": Kind.PRESENCE.value, "online": reading.online}
        case Radio():
            return {"component": sample.component, "kind": Kind.RADIO.value, "rssi_dbm": reading.rssi}
        case Record():
            kind, values = Kind.RECORD, _energies_json(reading.energies)
            when = {"start": sample.at.isoformat(), "seconds": reading.seconds}
        case Registers():
            kind, values, when = Kind.REGISTERS, _energies_json(reading.energies), _instant(sample)
        case Power():
            kind, values, when = Kind.POWER, _power_json(reading), _instant(sample)
    head = {"component": sample.component, "kind": kind.value}
    return head | when | values | {"anomalies": sample.anomalies.words}


def _instant(sample: Sample) -> dict[str, Any]:
    return {"at": sample.at.isoformat(), "time_source": sample.time_source.name.lower()}


def _power_json(power: Power) -> dict[str, Any]:
    values = power._asdict()
    groups: dict[str, Any] = {}
    for word, name in _QUANTITIES.items():
        group = {place: values[start + name] for place, start in _PLACES.items() if values[start + name] is not None}
        if name == "current" and power.neutral_current is not None:
            group["n"] = power.neutral_current
        if group:
            groups[word] = group
    return groups


def _energies_json(energies: Energies) -> dict[str, Any]:
    values = energies._asdict()
    known = _known({f"{name}_mwh": values[name] for name in ("drawn", "returned", "total")})
    phases = {}
    for phase in "abc":
        of_phase = _known({f"{name}_mwh": values[f"{phase}_{name}"] for name in ("drawn", "returned")})
        if of_phase:
            phases[phase] = of_phase
    return known | ({"phases": phases} if phases else {})


def _known(values: dict[str, int | None]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
