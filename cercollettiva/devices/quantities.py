"""From the fields of a payload to floats and whole mWh; a field that cannot be used is dropped and flagged."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from types import NoneType
from typing import Any, TypeGuard

from cercollettiva.devices.payloads import JsonObject
from cercollettiva.devices.samples import NO_ANOMALY, Anomaly, Energies, Power

LARGEST = 1e8  # W, VA, V, A: no meter of a house or of a plant comes near
SMALLEST = 1e-30  # below it a 4-byte float has no number, and PostgreSQL refuses the row
LARGEST_MWH = 10**15
DEAD_BELOW_VOLTS = 1.0

# Units of energy, by the decimal places of a whole mWh in them.
MILLIWATT_HOURS, WATT_HOURS, KILOWATT_HOURS, MEGAWATT_HOURS = 0, 3, 6, 9
_MWH_IN = {places: Decimal(1).scaleb(-places) for places in (0, 3, 6, 9)}

_USUAL_TYPES = frozenset({float, Decimal, NoneType})  # float() of these never overflows; of an int it may

Floats = tuple[float | None, ...]


def is_number(value: object) -> TypeGuard[int | float | Decimal]:
    """True for what JSON calls a number; True and False are ints to Python, and are not numbers here."""
    return type(value) in (float, int, Decimal)


def floats_of(fields: JsonObject, keys: tuple[Any, ...]) -> tuple[Floats, Anomaly]:
    """The values of the keys, in their order; null and missing are both None."""
    return checked_floats(tuple(map(fields.get, keys)))


def checked_floats(values: tuple[object, ...]) -> tuple[Floats, Anomaly]:
    """The values as floats; what is no number, or more than any meter can measure, is None and flagged.

    This runs for every instantaneous message, so the usual payload is checked as a whole and not field by field.
    """
    types = set(map(type, values))
    if types <= _USUAL_TYPES:
        floats: Floats = values  # type: ignore[assignment]
        if Decimal in types:  # a frame that may hold registers too
            floats = tuple([None if value is None else float(value) for value in floats])
        sizes = [abs(value) for value in floats if value]
        if not sizes or (max(sizes) <= LARGEST and min(sizes) >= SMALLEST):
            return floats, NO_ANOMALY
    return _one_by_one(values)


def _one_by_one(values: tuple[object, ...]) -> tuple[Floats, Anomaly]:
    anomalies = NO_ANOMALY
    kept: list[float | None] = []
    for value in values:
        number: float | None = None
        if value is None:
            pass
        elif not is_number(value):
            anomalies |= Anomaly.FIELD_NOT_A_NUMBER
        # compared before it is converted: float() of a huge int overflows
        elif not -LARGEST <= value <= LARGEST:
            anomalies |= Anomaly.FIELD_OUT_OF_RANGE
        else:
            number = float(value)
            if number and abs(number) < SMALLEST:
                number, anomalies = None, anomalies | Anomaly.FIELD_OUT_OF_RANGE
        kept.append(number)
    return tuple(kept), anomalies


def without_voltage(power: Power) -> Anomaly:
    """What is dead still sends numbers, such as 198 Hz: they are kept as sent, and flagged."""
    whole, a, b, c = power.voltage, power.a_voltage, power.b_voltage, power.c_voltage
    anomalies = NO_ANOMALY
    if whole is not None and whole < DEAD_BELOW_VOLTS:
        anomalies |= Anomaly.NO_VOLTAGE
    if a is not None and a < DEAD_BELOW_VOLTS:
        anomalies |= Anomaly.PHASE_A_NO_VOLTAGE
    if b is not None and b < DEAD_BELOW_VOLTS:
        anomalies |= Anomaly.PHASE_B_NO_VOLTAGE
    if c is not None and c < DEAD_BELOW_VOLTS:
        anomalies |= Anomaly.PHASE_C_NO_VOLTAGE
    return anomalies


def energies_of(
    total: object, phases: Sequence[object] = (), *, unit: int = WATT_HOURS
) -> tuple[list[int | None], Anomaly]:
    """Energy in one direction: the total, then each phase. To whole mWh, rounded once. [mWh]

    The meter's own total counts; where it sends none, the sum of the phases, and only where all are known.
    """
    anomalies = NO_ANOMALY
    exact: list[Decimal | None] = []
    for value in (total, *phases):
        known, anomaly = _exact(value, unit)
        exact.append(known)
        if anomaly:
            anomalies |= anomaly
    if exact[0] is None and phases:
        known_phases = [phase for phase in exact[1:] if phase is not None]
        if len(known_phases) == len(phases):
            exact[0] = sum(known_phases, Decimal(0))
    rounded, too_large = _rounded(exact, unit)
    return rounded, anomalies | too_large if too_large else anomalies


def energies_of_both(both: object, returned: object) -> tuple[Energies, Anomaly]:
    """Energies of a meter that counts both directions in one register and the returned part in another. [Wh to mWh]

    What was drawn is the difference. Without a returned part that can be used the direction is unknown, and the role
    of the channel decides it.
    """
    whole, whole_odd = _exact(both, WATT_HOURS)
    part, part_odd = _exact(returned, WATT_HOURS)
    anomalies = whole_odd | part_odd if whole_odd or part_odd else NO_ANOMALY
    drawn = None
    if whole is not None and part is not None:
        if part > whole:  # which of the two is wrong cannot be told
            part, anomalies = None, anomalies | Anomaly.NEGATIVE_REGISTER
        else:
            drawn, whole = whole - part, None
    if whole is not None:
        anomalies |= Anomaly.DIRECTION_UNKNOWN
    rounded, too_large = _rounded([drawn, part, whole], WATT_HOURS)
    return Energies(*rounded), anomalies | too_large if too_large else anomalies


def _exact(value: object, unit: int) -> tuple[Decimal | None, Anomaly]:
    if value is None:
        return None, NO_ANOMALY
    if not is_number(value):
        return None, Anomaly.FIELD_NOT_A_NUMBER
    if value < 0:
        return None, Anomaly.NEGATIVE_REGISTER
    if value >= 10 ** (15 - unit):  # LARGEST_MWH, before any arithmetic that could overflow
        return None, Anomaly.FIELD_OUT_OF_RANGE
    return Decimal(repr(value)) if type(value) is float else Decimal(value), NO_ANOMALY


def _rounded(exact: Sequence[Decimal | None], unit: int) -> tuple[list[int | None], Anomaly]:
    rounded = [None if value is None else _whole_mwh(value, unit) for value in exact]
    lost = rounded.count(None) != exact.count(None)
    return rounded, Anomaly.FIELD_OUT_OF_RANGE if lost else NO_ANOMALY


def _whole_mwh(value: Decimal, unit: int) -> int | None:
    # quantize() looks at every digit and rounds once; multiplying first could round twice
    mwh = int(value.quantize(_MWH_IN[unit], ROUND_HALF_EVEN).scaleb(unit))
    return mwh if mwh < LARGEST_MWH else None
