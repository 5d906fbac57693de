"""The interval records of a Shelly Gen2+, as it sends them at the end of each interval with `NotifyEvent`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from cercollettiva.devices.clocks import moment_of
from cercollettiva.devices.payloads import JsonObject, as_object, quoted
from cercollettiva.devices.quantities import energies_of
from cercollettiva.devices.samples import Anomaly, Device, Energies, Record, Sample, UnreadableMessage
from cercollettiva.devices.shelly_components import (
    Component,
    doubled,
    energies_by_phase,
    oddities,
    without_refused,
)

_LONGEST_PERIOD = 3600  # [s]


class Row(NamedTuple):
    """Where the energies of phases a, b, c stand among the columns of a record."""

    columns: int
    drawn: tuple[int, ...]
    returned: tuple[int, ...]


# 16 columns a phase (total_act_energy first, total_act_ret_energy third), then 3 of the neutral.
_ROWS = {"emdata": Row(columns=51, drawn=(0, 16, 32), returned=(2, 18, 34))}


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
        odd = doubled(frame, params) | oddities(event, component)
        data = event.get("data")
        for block in data if isinstance(data, list) else [data]:
            try:
                samples += _samples_of_block(block, component, odd, received_at, device, refusals)
            except UnreadableMessage as refusal:
                refusals.append(refusal)
    return without_refused(samples, refusals)


def _recorded_component(event: object) -> Component | None:
    if not isinstance(event, dict) or event.get("event") != "data":
        return None
    component = Component.of(event.get("component"))
    return component if component is not None and component.type in _ROWS else None


def _samples_of_block(
    block: object,
    component: Component,
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
    odd |= first.anomalies | doubled(fields)
    samples = []
    for index, row in enumerate(rows):
        after = index * period
        try:
            record, dropped = _record_of(row, component, period)
        except UnreadableMessage as refusal:
            refusals.append(refusal)
            continue
        at = first.at + timedelta(seconds=after)
        reported_ts = None if first.reported_ts is None else first.reported_ts + after
        samples.append(Sample(device.id, component.key, at, first.source, record, odd | dropped, reported_ts))
    return samples


def _record_of(row: object, component: Component, seconds: int) -> tuple[Record, Anomaly]:
    """One interval; the sums are of the phases, because a record has none of its own. [mWh]"""
    shape = _ROWS[component.type]
    if not isinstance(row, list) or len(row) != shape.columns:
        raise UnreadableMessage(f"a record of {component.key} must have {shape.columns} values: {quoted(row)}")
    drawn, drawn_odd = energies_of(None, [_due(row[column]) for column in shape.drawn])
    returned, returned_odd = energies_of(None, [_due(row[column]) for column in shape.returned])
    dropped = drawn_odd | returned_odd
    energies = energies_by_phase(drawn, returned)
    if energies == Energies():
        raise UnreadableMessage(f"a record of {component.key} holds no usable energy: {', '.join(dropped.words)}")
    return Record(energies, seconds), dropped


def _due(value: object) -> object:
    """In a record every column is due, so a null is a value that is no number, and not a value left out."""
    return "null" if value is None else value
