"""Generic devices: JSON of any shape, read by the payload template of their device type."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import partial

from cercollettiva.devices.clocks import Moment, moment_of, moment_of_local
from cercollettiva.devices.makes import Make, Reader, under_prefix
from cercollettiva.devices.payloads import as_object, read_exact
from cercollettiva.devices.quantities import checked_floats, energies_of, is_number, without_voltage
from cercollettiva.devices.readings import doubled_anywhere, joined, known_readings, without_refused
from cercollettiva.devices.samples import (
    NO_ANOMALY,
    Anomaly,
    Device,
    Energies,
    Power,
    Sample,
    UnreadableMessage,
)
from cercollettiva.devices.templates import BadTemplate, Clock, MessageTemplate, Path, compile_template


def prefix_of(topic: str) -> str | None:
    """A topic of no make: nothing tells its prefix."""
    return None


def reader_of(topic: str, device: Device) -> Reader | None:
    """Who reads a topic that the device's template names; None for every other."""
    if device.payload_template is None:
        return None
    rest = "" if topic == device.prefix else under_prefix(topic, device)
    try:
        messages = compile_template(device.payload_template)
    except BadTemplate as fault:
        return partial(_refuse, f"the payload template of this type of device cannot be used: {fault}")
    chosen = [message for message in messages if message.topic == rest]
    return partial(_read, chosen) if chosen else None


def _refuse(reason: str, payload: bytes, received_at: datetime, device: Device) -> list[Sample]:
    raise UnreadableMessage(reason)


def _read(messages: list[MessageTemplate], payload: bytes, received_at: datetime, device: Device) -> list[Sample]:
    """The samples of each component that the topic speaks of; one that cannot be read leaves the others."""
    value = read_exact(payload)
    samples: list[Sample] = []
    refusals: list[UnreadableMessage] = []
    for message in messages:
        try:
            samples += _samples_of(message, value, received_at, device)
        except UnreadableMessage as refusal:
            refusals.append(refusal)
    return without_refused(samples, refusals)


def _samples_of(message: MessageTemplate, value: object, received_at: datetime, device: Device) -> list[Sample]:
    if not message.is_bare and not isinstance(value, list):
        as_object(value, message.component)
    readings = known_readings(message.component, _power_of(message, value), _energies_of(message, value))
    moment = _moment_of(message.clock, value, received_at, device)
    odd = joined(moment.anomalies, doubled_anywhere(value))
    return [
        Sample(
            device.id,
            message.component,
            moment.at,
            moment.source,
            reading,
            joined(odd, dropped),
            moment.reported_ts,
            is_partial=True,  # a template does not say whether what is absent is gone or has not changed
        )
        for reading, dropped in readings
    ]


def _moment_of(clock: Clock | None, value: object, received_at: datetime, device: Device) -> Moment:
    if clock is None:
        return Moment(received_at)
    told = _at(value, clock.path)
    if clock.written_as == "local":
        return moment_of_local(told, received_at=received_at, device=device)
    if clock.written_as == "milliseconds":
        # What is no float was not a time before it was divided either.
        told = float(told) / 1000 if is_number(told) and -1e15 < told < 1e15 else None
    return moment_of(told, received_at=received_at, device=device)


def _power_of(message: MessageTemplate, value: object) -> tuple[Power, Anomaly]:
    columns: dict[str, float | None] = {}
    anomalies = NO_ANOMALY
    for field in message.powers:
        told = _at(value, field.path)
        (known,), odd = checked_floats((told,))  # before it is multiplied: a huge exponent would overflow
        if known is not None and is_number(told) and field.factor != 1:
            (known,), odd = checked_floats((float(Decimal(told) * field.factor),))
        columns[field.column] = known
        anomalies = joined(anomalies, odd)
    power = Power(**columns)
    return power, joined(anomalies, without_voltage(power))


def _energies_of(message: MessageTemplate, value: object) -> tuple[Energies, Anomaly]:
    columns: dict[str, int | None] = {}
    anomalies = NO_ANOMALY
    for field in message.energies:
        (columns[field.column],), odd = energies_of(_at(value, field.path), unit=field.unit)
        anomalies = joined(anomalies, odd)
    for direction in ("drawn", "returned"):
        phases = [columns.get(f"{phase}_{direction}") for phase in "abc"]
        known = [phase for phase in phases if phase is not None]
        if columns.get(direction) is None and len(known) == len(phases):
            columns[direction] = sum(known)
    if columns.get("total") is not None:
        anomalies |= Anomaly.DIRECTION_UNKNOWN
    return Energies(**columns), anomalies


def _at(value: object, path: Path) -> object:
    """What stands at the end of a path; None where it leads nowhere."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


MAKE = Make("Custom", prefix_of, reader_of)
