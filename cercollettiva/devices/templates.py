"""Payload templates: where the values of a generic device stand in its JSON, checked once and made ready to read.

The format is told, with examples, in `docs/add-a-make.md`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, NamedTuple

from cercollettiva.devices.quantities import KILOWATT_HOURS, MEGAWATT_HOURS, MILLIWATT_HOURS, WATT_HOURS
from cercollettiva.devices.samples import Energies, Power

ENERGY_UNITS = {"Wh": WATT_HOURS, "kWh": KILOWATT_HOURS, "MWh": MEGAWATT_HOURS, "mWh": MILLIWATT_HOURS}
# By quantity, the units it may have and what each is in the unit of a sample; the first is the usual one.
POWER_UNITS = {
    "power": {"W": Decimal(1), "kW": Decimal(1000)},
    "apparent_power": {"VA": Decimal(1), "kVA": Decimal(1000)},
    "reactive_power": {"var": Decimal(1), "kvar": Decimal(1000)},
    "voltage": {"V": Decimal(1), "mV": Decimal("0.001")},
    "current": {"A": Decimal(1), "mA": Decimal("0.001")},
    "power_factor": {"1": Decimal(1), "%": Decimal("0.01")},
    "frequency": {"Hz": Decimal(1)},
}
CLOCKS = ("unix", "milliseconds", "local")

_COMPONENT = re.compile(r"[a-z][a-z0-9]{0,27}:[0-9]{1,3}")
_TOPIC = re.compile(r"([^\s/+#]+(/[^\s/+#]+)*)?")

Path = tuple[str, ...]


class BadTemplate(ValueError):
    """A payload template that cannot be used; its text says where and why."""


class PowerField(NamedTuple):
    """Where an instantaneous value stands, and what its unit is in that of the sample."""

    column: str  # of Power
    path: Path
    factor: Decimal


class EnergyField(NamedTuple):
    """Where a register stands, and its unit."""

    column: str  # of Energies
    path: Path
    unit: int


class Clock(NamedTuple):
    """Where the device's time stands, and how it is written."""

    path: Path
    written_as: str  # one of CLOCKS


class MessageTemplate(NamedTuple):
    """One kind of message: its topic under the prefix, and what it says of one component."""

    topic: str
    component: str
    clock: Clock | None
    powers: tuple[PowerField, ...]
    energies: tuple[EnergyField, ...]

    @property
    def is_bare(self) -> bool:
        """The message is one value, and not an object with fields."""
        return () in [field.path for field in self.powers] + [field.path for field in self.energies]


def compile_template(template: object) -> tuple[MessageTemplate, ...]:
    """The messages of a template; raises BadTemplate where it cannot be used."""
    fields = _object(template, "the template", {"messages"})
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadTemplate("messages must be a list with at least one message")
    return tuple(_message(message, f"message {number}") for number, message in enumerate(messages, start=1))


def _message(message: object, where: str) -> MessageTemplate:
    fields = _object(message, where, {"topic", "component", "time", "values"})
    topic, component = fields.get("topic", ""), fields.get("component")
    if not isinstance(topic, str) or not _TOPIC.fullmatch(topic):
        raise BadTemplate(f"{where}: topic must be levels under the prefix, or empty for the prefix itself: {topic!r}")
    if not isinstance(component, str) or not _COMPONENT.fullmatch(component):
        raise BadTemplate(f"{where}: component must be a word and a number, such as meter:0: {component!r}")
    values = _object(fields.get("values"), f"values of {where}", set(Power._fields) | set(Energies._fields))
    if not values:
        raise BadTemplate(f"{where} has no values")
    if "total" in values and not {"drawn", "returned"}.isdisjoint(values):
        raise BadTemplate(f"{where}: total counts both directions, and excludes drawn and returned")
    powers, energies = [], []
    for column, value in values.items():
        path, unit = _field(value, f"{column} of {where}")
        if column in Power._fields:
            powers.append(PowerField(column, path, _unit(unit, POWER_UNITS[_quantity(column)], column, where)))
        else:
            energies.append(EnergyField(column, path, _unit(unit, ENERGY_UNITS, column, where)))
    clock = None if fields.get("time") is None else _clock(fields["time"], f"time of {where}")
    return MessageTemplate(topic, component, clock, tuple(powers), tuple(energies))


def _field(value: object, where: str) -> tuple[Path, str | None]:
    if isinstance(value, dict):
        fields = _object(value, where, {"field", "unit"})
        unit = fields.get("unit")
        if unit is not None and not isinstance(unit, str):
            raise BadTemplate(f"{where}: unit must be text: {unit!r}")
        return _path(fields.get("field"), where), unit
    return _path(value, where), None


def _path(value: object, where: str) -> Path:
    """`energy.in` or `phases.0.u`; empty for a message that is the value itself."""
    if isinstance(value, str):
        steps = tuple(value.split(".")) if value else ()
        if "" not in steps and all(len(step) <= 3 or not step.isdecimal() for step in steps):
            return steps
    raise BadTemplate(f"{where}: field must be a path such as energy.in or phases.0.u: {value!r}")


def _unit(unit: str | None, units: dict[str, Any], column: str, where: str) -> Any:
    if unit is None:
        return next(iter(units.values()))
    if unit not in units:
        raise BadTemplate(f"{column} of {where}: unit must be one of {', '.join(units)}: {unit!r}")
    return units[unit]


def _quantity(column: str) -> str:
    return column.removeprefix("neutral_").removeprefix("a_").removeprefix("b_").removeprefix("c_")


def _clock(value: object, where: str) -> Clock:
    fields = _object(value, where, {"field", "as"})
    written_as = fields.get("as", CLOCKS[0])
    if written_as not in CLOCKS:
        raise BadTemplate(f"{where}: as must be one of {', '.join(CLOCKS)}: {written_as!r}")
    path = _path(fields.get("field"), where)
    if not path:
        raise BadTemplate(f"{where}: field must not be empty")
    return Clock(path, written_as)


def _object(value: object, where: str, allowed: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadTemplate(f"{where} must be an object")
    unknown = sorted(str(key) for key in value if key not in allowed)
    if unknown:
        raise BadTemplate(f"{where} has keys that we do not know: {', '.join(unknown)}")
    return value
