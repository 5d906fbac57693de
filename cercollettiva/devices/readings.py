"""What becomes of a message of which some parts can be used and others not, whatever the make."""

from __future__ import annotations

from cercollettiva.devices.payloads import DoubledKeys
from cercollettiva.devices.samples import (
    NO_ANOMALY,
    Anomaly,
    Energies,
    Power,
    Reading,
    Registers,
    Sample,
    UnreadableMessage,
)


def known_readings(
    what: str, power: tuple[Power, Anomaly], energies: tuple[Energies, Anomaly]
) -> list[tuple[Reading, Anomaly]]:
    """Powers and registers that came together, as far as each is known, with what was dropped.

    What was dropped of one is told by the other where nothing else is left to tell it.
    """
    dropped = joined(power[1], energies[1])
    has_power, has_energy = power[0] != Power(), energies[0] != Energies()
    readings: list[tuple[Reading, Anomaly]] = []
    if has_power:
        readings.append((power[0], power[1] if has_energy else dropped))
    if has_energy:
        readings.append((Registers(energies[0]), energies[1] if has_power else dropped))
    if not readings:
        nothing_usable(what, dropped)
    return readings


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


def doubled(*objects: object) -> Anomaly:
    """Whether a key came twice in one of these objects."""
    return Anomaly.DUPLICATE_KEY if any(type(fields) is DoubledKeys for fields in objects) else NO_ANOMALY


def doubled_anywhere(value: object) -> Anomaly:
    """The same for whatever stands inside a value, at any depth."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if type(item) is DoubledKeys:
            return Anomaly.DUPLICATE_KEY
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    return NO_ANOMALY


def joined(first: Anomaly, second: Anomaly) -> Anomaly:
    """Both. Usually there is none, and joining flags that are not set costs as much as reading a message."""
    if not second:
        return first
    return first | second if first else second
