"""How the fields of each component of a Shelly Gen2+ that measures become samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cercollettiva.devices.clocks import Moment
from cercollettiva.devices.payloads import JsonObject, as_object, read_exact_object, read_quick_object
from cercollettiva.devices.quantities import energies_of, energies_of_both, floats_of, without_voltage
from cercollettiva.devices.radio import radio_samples
from cercollettiva.devices.readings import doubled, joined, known_readings, nothing_usable, without_refused
from cercollettiva.devices.samples import (
    NO_ANOMALY,
    Anomaly,
    Device,
    Energies,
    Power,
    Reading,
    Registers,
    Sample,
    UnreadableMessage,
)
from cercollettiva.devices.shelly_components import Component, energies_by_phase, oddities


class Meter(NamedTuple):
    """How one type of component is read."""

    read_object: Callable[[bytes, str], JsonObject]  # with floats for powers, with Decimals for registers
    samples: Callable[[JsonObject, Component, Moment, Device], list[Sample]]


# In the order of Power; None for what the component does not send.
_EM_KEYS: tuple[str | None, ...] = (
    *("total_act_power", "total_aprt_power", None, None, "total_current", None, None, "n_current"),
    *("a_act_power", "a_aprt_power", None, "a_voltage", "a_current", "a_pf", "a_freq"),
    *("b_act_power", "b_aprt_power", None, "b_voltage", "b_current", "b_pf", "b_freq"),
    *("c_act_power", "c_aprt_power", None, "c_voltage", "c_current", "c_pf", "c_freq"),
)
_EM1_KEYS = ("act_power", "aprt_power", None, "voltage", "current", "pf", "freq")
_RELAY_KEYS = ("apower", "aprtpower", None, "voltage", "current", "pf", "freq")
_DRAWN_KEYS = ("a_total_act_energy", "b_total_act_energy", "c_total_act_energy")
_RETURNED_KEYS = ("a_total_act_ret_energy", "b_total_act_ret_energy", "c_total_act_ret_energy")
_NOT_OF_THE_METER = frozenset(["overtemp"])  # what a relay without a meter can complain of, too


def _em_samples(fields: JsonObject, component: Component, moment: Moment, device: Device) -> list[Sample]:
    """Instantaneous values of three phases."""
    values, dropped = floats_of(fields, _EM_KEYS)
    return _power_samples(Power._make(values), dropped, fields, component, moment, device)


def _em1_samples(fields: JsonObject, component: Component, moment: Moment, device: Device) -> list[Sample]:
    """Instantaneous values of one channel."""
    values, dropped = floats_of(fields, _EM1_KEYS)
    return _power_samples(Power(*values), dropped, fields, component, moment, device)


def _power_samples(
    power: Power, dropped: Anomaly, fields: JsonObject, component: Component, moment: Moment, device: Device
) -> list[Sample]:
    """The report of an error is a sample even without a value."""
    odd = oddities(fields, component)
    if power.count(None) == len(power) and not odd & Anomaly.METER_ERROR:
        return nothing_usable(component.key, dropped)
    dead = without_voltage(power)
    return [_sample(power, component, moment, device, joined(joined(dropped, odd), dead))]


def _emdata_samples(fields: JsonObject, component: Component, moment: Moment, device: Device) -> list[Sample]:
    """Cumulative registers of three phases and their sums per direction, from Wh. [mWh]"""
    drawn, drawn_odd = energies_of(fields.get("total_act"), [fields.get(key) for key in _DRAWN_KEYS])
    returned, returned_odd = energies_of(fields.get("total_act_ret"), [fields.get(key) for key in _RETURNED_KEYS])
    energies = energies_by_phase(drawn, returned)
    return _register_samples(energies, joined(drawn_odd, returned_odd), fields, component, moment, device)


def _em1data_samples(fields: JsonObject, component: Component, moment: Moment, device: Device) -> list[Sample]:
    """Cumulative registers of one channel, from Wh. [mWh]"""
    (drawn,), drawn_odd = energies_of(fields.get("total_act_energy"))
    (returned,), returned_odd = energies_of(fields.get("total_act_ret_energy"))
    return _register_samples(
        Energies(drawn, returned), joined(drawn_odd, returned_odd), fields, component, moment, device
    )


def _register_samples(
    energies: Energies, dropped: Anomaly, fields: JsonObject, component: Component, moment: Moment, device: Device
) -> list[Sample]:
    if energies == Energies():
        return nothing_usable(component.key, dropped)
    odd = joined(dropped, oddities(fields, component))
    return [_sample(Registers(energies), component, moment, device, odd)]


def _relay_samples(fields: JsonObject, component: Component, moment: Moment, device: Device) -> list[Sample]:
    """A relay or plug with a meter says powers and registers at once; one without a meter says nothing to us."""
    values, dropped = floats_of(fields, _RELAY_KEYS)
    power = Power(*values)
    readings = known_readings(component.key, (power, joined(dropped, without_voltage(power))), _relay_energies(fields))
    if not readings and _complains_of_the_meter(fields):
        readings = [(power, NO_ANOMALY)]
    odd = oddities(fields, component)
    return [_sample(reading, component, moment, device, joined(odd, told)) for reading, told in readings]


def _relay_energies(fields: JsonObject) -> tuple[Energies, Anomaly]:
    """`aenergy` counts both directions, `ret_aenergy` the returned part. Their `by_minute` is mWh, and not needed."""
    totals, odd = [], NO_ANOMALY
    for key in ("aenergy", "ret_aenergy"):
        counter = fields.get(key)
        totals.append(counter.get("total") if isinstance(counter, dict) else None)
        if isinstance(counter, dict):
            odd = joined(odd, doubled(counter))
        elif counter is not None:
            odd |= Anomaly.FIELD_NOT_A_NUMBER
    energies, dropped = energies_of_both(*totals)
    return energies, joined(odd, dropped)


def _complains_of_the_meter(fields: JsonObject) -> bool:
    errors = fields.get("errors")
    return isinstance(errors, list) and any(
        error not in _NOT_OF_THE_METER for error in errors if isinstance(error, str)
    )


def _sample(reading: Reading, component: Component, moment: Moment, device: Device, anomalies: Anomaly) -> Sample:
    told = joined(moment.anomalies, anomalies)
    return Sample(device.id, component.key, moment.at, moment.source, reading, told, moment.reported_ts)


_RELAY = Meter(read_exact_object, _relay_samples)

# A new type of component is one entry and the function that reads it.
METERS: dict[str, Meter] = {
    "em": Meter(read_quick_object, _em_samples),
    "emdata": Meter(read_exact_object, _emdata_samples),
    "em1": Meter(read_quick_object, _em1_samples),
    "em1data": Meter(read_exact_object, _em1data_samples),
    "switch": _RELAY,
    "pm1": _RELAY,
    "cover": _RELAY,
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
    return without_refused(samples, refusals) + radio_of(status.get("wifi"), moment, device)


def radio_of(wifi: object, moment: Moment, device: Device) -> list[Sample]:
    """The strength of the radio, from the status of `wifi`."""
    return radio_samples(wifi.get("rssi"), moment.at, moment.source, device) if isinstance(wifi, dict) else []
