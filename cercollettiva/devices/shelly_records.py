"""The interval records of a Shelly Gen2+: sent at the end of each interval, or fetched later from its memory."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from cercollettiva.devices.clocks import moment_of
from cercollettiva.devices.payloads import JsonObject, as_object, quoted
from cercollettiva.devices.quantities import energies_of
from cercollettiva.devices.readings import doubled, joined, without_refused
from cercollettiva.devices.samples import Anomaly, Device, Energies, Record, Sample, TimeSource, UnreadableMessage
from cercollettiva.devices.shelly_components import Component, energies_by_phase, oddities

_LONGEST_PERIOD = 3600  # [s]


class Row(NamedTuple):
    """Where the energies stand among the columns of a record: of phases a, b, c, or of the one channel."""

    columns: int
    drawn: tuple[int, ...]
    returned: tuple[int, ...]


# EMData: 16 columns a phase (total_act_energy first, total_act_ret_energy third), then 3 of the neutral.
# EM1Data has no fundamental energies, so that its total_act_ret_energy is the second.
_ROWS = {
    "emdata": Row(columns=51, drawn=(0, 16, 32), returned=(2, 18, 34)),
    "em1data": Row(columns=14, drawn=(0,), returned=(1,)),
}
_PHASES = {"emdata": ("a_", "b_", "c_"), "em1data": ("",)}  # what the names of its columns begin with


def samples_of_events(frame: JsonObject, received_at: datetime, device: Device) -> list[Sample]:
    """The records of every `data` event; a block or a row that cannot be read does not take the others along."""
    params = as_object(frame.get("params"), "params of NotifyEvent")
    events = params.get("events")
    if not isinstance(events, list):
        raise UnreadableMessage(f"events must be a list, not {quoted(events)}")
    samples: list[Sample] = []
    refusals: list[UnreadableMessage] = []
    for event in events:
        component = _recorded_component(event)
        if component is None:
            continue
        odd = joined(doubled(frame, params), oddities(event, component))
        data = event.get("data")
        for block in data if isinstance(data, list) else [data]:
            try:
                samples += _samples_of_block(
                    block, component, _ROWS[component.type], odd, received_at, device, refusals
                )
            except UnreadableMessage as refusal:
                refusals.append(refusal)
    return without_refused(samples, refusals)


def samples_of_history(component: Component, answer: object, received_at: datetime, device: Device) -> list[Sample]:
    """The records in the `result` of `EMData.GetData` or `EM1Data.GetData`, which does not say of which channel it is.

    Its `keys` name the columns where it has them. Records that were kept under a time that cannot be believed belong
    nowhere: they are refused, where those of a live message are known to have just ended.
    """
    fields = as_object(answer, f"history of {component.key}")
    blocks = fields.get("data")
    if not isinstance(blocks, list):
        raise UnreadableMessage(f"data of {component.key} must be a list, not {quoted(blocks)}")
    shape = _row_of_keys(fields.get("keys"), component)
    samples: list[Sample] = []
    refusals: list[UnreadableMessage] = []
    for block in blocks:
        try:
            records = _samples_of_block(block, component, shape, doubled(fields), received_at, device, refusals)
        except UnreadableMessage as refusal:
            refusals.append(refusal)
            continue
        if any(record.time_source is not TimeSource.DEVICE for record in records):
            refusals.append(UnreadableMessage(f"a block of {component.key} has a time that cannot be believed"))
        else:
            samples += records
    return without_refused(samples, refusals)


def _row_of_keys(keys: object, component: Component) -> Row:
    if keys is None:
        return _ROWS[component.type]
    names = keys if isinstance(keys, list) else []
    prefixes = _PHASES[component.type]
    try:
        drawn = tuple(names.index(f"{prefix}total_act_energy") for prefix in prefixes)
        returned = tuple(names.index(f"{prefix}total_act_ret_energy") for prefix in prefixes)
    except ValueError:
        raise UnreadableMessage(f"keys of {component.key} lack the energies: {quoted(keys)}") from None
    return Row(len(names), drawn, returned)


def _recorded_component(event: object) -> Component | None:
    if not isinstance(event, dict) or event.get("event") != "data":
        return None
    component = Component.of(event.get("component"))
    return component if component is not None and component.type in _ROWS else None


def _samples_of_block(
    block: object,
    component: Component,
    shape: Row,
    odd: Anomaly,
    received_at: datetime,
    device: Device,
    refusals: list[UnreadableMessage],  # the rows that cannot be read are added here
) -> list[Sample]:
    """The rows of one block, `period` seconds apart from `ts` on: the meter had power all along."""
    fields = as_object(block, f"data of {component.key}")
    rows, period = fields.get("values"), fields.get("period")
    if type(period) is not int or not 1 <= period <= _LONGEST_PERIOD:
        raise UnreadableMessage(f"period must be 1 to {_LONGEST_PERIOD} whole seconds, not {quoted(period)}")
    if not isinstance(rows, list):
        raise UnreadableMessage(f"values of {component.key} must be a list, not {quoted(rows)}")
    length = len(rows) * period
    first = moment_of(
        fields.get("ts"), received_at=received_at, device=device, length=length, last_start=length - period
    )
    odd = joined(odd, joined(first.anomalies, doubled(fields)))
    samples = []
    for index, row in enumerate(rows):
        after = index * period
        try:
            record, dropped = _record_of(row, component, shape, period)
        except UnreadableMessage as refusal:
            refusals.append(refusal)
            continue
        at = first.at + timedelta(seconds=after)
        reported_ts = None if first.reported_ts is None else first.reported_ts + after
        samples.append(Sample(device.id, component.key, at, first.source, record, joined(odd, dropped), reported_ts))
    return samples


def _record_of(row: object, component: Component, shape: Row, seconds: int) -> tuple[Record, Anomaly]:
    """One interval; the sums of a three-phase meter are of its phases, because a record has none of its own. [mWh]"""
    if not isinstance(row, list) or len(row) != shape.columns:
        raise UnreadableMessage(f"a record of {component.key} must have {shape.columns} values: {quoted(row)}")
    drawn, drawn_odd = _energies_in(row, shape.drawn)
    returned, returned_odd = _energies_in(row, shape.returned)
    dropped = joined(drawn_odd, returned_odd)
    energies = energies_by_phase(drawn, returned) if len(drawn) > 1 else Energies(drawn[0], returned[0])
    if energies == Energies():
        raise UnreadableMessage(f"a record of {component.key} holds no usable energy: {', '.join(dropped.words)}")
    return Record(energies, seconds), dropped


def _energies_in(row: list[object], columns: tuple[int, ...]) -> tuple[list[int | None], Anomaly]:
    values = [_due(row[column]) for column in columns]
    return energies_of(None, values) if len(values) > 1 else energies_of(values[0])


def _due(value: object) -> object:
    """In a record every column is due, so a null is a value that is no number, and not a value left out."""
    return "null" if value is None else value
