"""The components of a Shelly Gen2+ that measure, and how the fields of each become samples."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from cercollettiva.devices.clocks import Moment
from cercollettiva.devices.payloads import DoubledKeys, JsonObject, as_object, read_exact_object, read_quick_object
from cercollettiva.devices.quantities import energies_of, floats_of
from cercollettiva.devices.samples import (
    NO_ANOMALY,
    Anomaly,
    Device,
    Energies,
    Power,
    Registers,
    Sample,
    UnreadableMessage,
)

_KEY = re.compile(r"(?P<type>[a-z][a-z0-9]*):(?P<number>0|[1-9][0-9]{0,2})")


class Component(NamedTuple):
    """A component as the device names it, such as `em:0`; its number is the channel."""

    key: str
    type: str
    number: int

    @classmethod
    def of(cls, key: object) -> Component | None:
        found = _KEY.fullmatch(key) if isinstance(key, str) else None
        return cls(found[0], found["type"], int(found["number"])) if found else None


class Meter(NamedTuple):
    """How one type of component is read."""

    read_object: Callable[[bytes, str], JsonObject]  # with floats for powers, with Decimals for registers
    samples: Callable[[JsonObject, Component, Moment, Device], list[Sample]]


# In the order of Power; None for what an `em` does not send.
_EM_KEYS: tuple[str | None, ...] = (
    *("total_act_power", "total_aprt_power", None, None, "total_current", None, None, "n_current"),
    *("a_act_power", "a_aprt_power", None, "a_voltage", "a_current", "a_pf", "a_freq"),
    *("b_act_power", "b_aprt_power", None, "b_voltage", "b_current", "b_pf", "b_freq"),
    *("c_act_power", "c_aprt_power", None, "c_voltage", "c_current", "c_pf", "c_freq"),
)
_DRAWN_KEYS = ("a_total_act_energy", "b_total_act_energy", "c_total_act_energy")
_RETURNED_KEYS = ("a_total_act_ret_energy", "b_total_act_ret_energy", "c_total_act_ret_energy")
_ERROR_KEYS = frozenset(["errors", "flags", *(f"{p}_{word}" for p in "abcn" for word in ("errors", "flags"))])
_DEAD_BELOW_VOLTS = 1.0


def _em_samples(fields: JsonObject, component: Component, moment: Moment, device: Device) -> list[Sample]:
    """Instantaneous values of three phases; the report of an error is a sample even without a value."""
    values, dropped = floats_of(fields, _EM_KEYS)
    odd = oddities(fields, component)
    if values.count(None) == len(values) and not odd & Anomaly.METER_ERROR:
        return _nothing_usable(component, dropped)
    power = Power._make(values)
    dead = _dead_phases(power)
    anomalies = moment.anomalies
    if dropped or odd or dead:  # joining flags costs as much as all the rest
        anomalies |= dropped | odd | dead
    return [Sample(device.id, component.key, moment.at, moment.source, power, anomalies, moment.reported_ts)]


def _emdata_samples(fields: JsonObject, component: Component, moment: Moment, device: Device) -> list[Sample]:
    """Cumulative registers of three phases and their sums per direction, from Wh. [mWh]"""
    drawn, drawn_odd = energies_of(fields.get("total_act"), [fields.get(key) for key in _DRAWN_KEYS])
    returned, returned_odd = energies_of(fields.get("total_act_ret"), [fields.get(key) for key in _RETURNED_KEYS])
    energies = energies_by_phase(drawn, returned)
    if energies == Energies():
        return _nothing_usable(component, drawn_odd | returned_odd)
    anomalies = moment.anomalies | drawn_odd | returned_odd | oddities(fields, component)
    registers = Registers(energies)
    return [Sample(device.id, component.key, moment.at, moment.source, registers, anomalies, moment.reported_ts)]


# A new type of component is one entry and the function that reads it.
METERS: dict[str, Meter] = {
    "em": Meter(read_quick_object, _em_samples),
    "emdata": Meter(read_exact_object, _emdata_samples),
}


def samples_of_status(status: JsonObject, moment: Moment, device: Device) -> list[Sample]:
    """The samples of every component that measures; one that cannot be read does not take its neighbours along."""
    samples: list[Sample] = []
    refusals: list[UnreadableMessage] = []
    for key, fields in status.items():
        component = Component.of(key)
        if component is None or component.type not in METERS or fields is None:
            continue
        try:
            samples += METERS[component.type].samples(as_object(fields, key), component, moment, device)
        except UnreadableMessage as refusal:
            refusals.append(refusal)
    return without_refused(samples, refusals)


def without_refused(samples: list[Sample], refusals: list[UnreadableMessage]) -> list[Sample]:
    """The samples of a message of which a part was refused: they say so; with none left the message is refused."""
    if not refusals:
        return samples
    if not samples:
        raise refusals[0]
    return [sample._replace(anomalies=sample.anomalies | Anomaly.FIELD_NOT_A_NUMBER) for sample in samples]


def _nothing_usable(component: Component, dropped: Anomaly) -> list[Sample]:
    """Nothing where nothing was said; a refusal where something was, and none of it can be used."""
    if dropped:
        raise UnreadableMessage(f"{component.key} holds no usable value: {', '.join(dropped.words)}")
    return []


def energies_by_phase(drawn: list[int | None], returned: list[int | None]) -> Energies:
    """Total, a, b, c of each direction in their places. [mWh]"""
    pairs = [pair for phase in (1, 2, 3) for pair in (drawn[phase], returned[phase])]
    return Energies(drawn[0], returned[0], None, *pairs)


def oddities(fields: JsonObject, component: Component) -> Anomaly:
    """What is odd about a component beside its values."""
    anomalies = NO_ANOMALY
    number = fields.get("id")
    if number is not None and number != component.number:
        anomalies |= Anomaly.ID_MISMATCH
    if not fields.keys().isdisjoint(_ERROR_KEYS) and any(fields.get(key) for key in _ERROR_KEYS):
        anomalies |= Anomaly.METER_ERROR
    return anomalies | doubled(fields) if type(fields) is DoubledKeys else anomalies


def doubled(*objects: JsonObject) -> Anomaly:
    """Whether a key came twice in one of these objects."""
    return Anomaly.DUPLICATE_KEY if any(type(fields) is DoubledKeys for fields in objects) else NO_ANOMALY


def _dead_phases(power: Power) -> Anomaly:
    """A phase without voltage still sends numbers, such as 198 Hz: they are kept as sent, and flagged."""
    a, b, c = power.a_voltage, power.b_voltage, power.c_voltage
    anomalies = NO_ANOMALY
    if a is not None and a < _DEAD_BELOW_VOLTS:
        anomalies |= Anomaly.PHASE_A_NO_VOLTAGE
    if b is not None and b < _DEAD_BELOW_VOLTS:
        anomalies |= Anomaly.PHASE_B_NO_VOLTAGE
    if c is not None and c < _DEAD_BELOW_VOLTS:
        anomalies |= Anomaly.PHASE_C_NO_VOLTAGE
    return anomalies
