"""The interval records of a Shelly Gen2+: sent at the end of each interval, or fetched later from its memory.

Where one message carries several blocks, the meter had no power between them (reliability, fault 29). That is told by
records of their own, marked DEVICE_OFF: it is the meter's word, and not the same as a message that is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain, pairwise
from typing import NamedTuple

from cercollettiva.devices.clocks import moment_of
from cercollettiva.devices.payloads import JsonObject, as_object, quoted
from cercollettiva.devices.quantities import energies_of
from cercollettiva.devices.readings import doubled, joined, without_refused
from cercollettiva.devices.samples import (
    NO_POWER,
    Anomaly,
    Device,
    Energies,
    Record,
    Sample,
    TimeSource,
    UnreadableMessage,
)
from cercollettiva.devices.shelly_components import Component, energies_by_phase, oddities

_LONGEST_PERIOD = 3600  # [s]
_LONGEST_OFF = 60 * 86_400  # [s] more than a meter's memory holds: whoever says more is not believed
_MOMENT = timedelta(microseconds=1)


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
        blocks, refused_before = [], len(refusals)
        for block in data if isinstance(data, list) else [data]:
            try:
                blocks.append(
                    _samples_of_block(block, component, _ROWS[component.type], odd, received_at, device, refusals)
                )
            except UnreadableMessage as refusal:
                refusals.append(refusal)
        samples += chain.from_iterable(blocks)
        if len(refusals) == refused_before:
            samples += _without_power(blocks)
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
    told: list[list[Sample]] = []
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
            told.append(records)
    off = [] if refusals else _without_power(told)
    return without_refused([*chain.from_iterable(told), *off], refusals)


def _without_power(blocks: Sequence[Sequence[Sample]]) -> list[Sample]:
    """The time between the blocks of one message, in pieces of an hour at most. [s]

    To be asked only where every part of the message could be read: the meter may have measured in one that could not.
    They stand a microsecond after the end of the block before: records that come for that time all the same have the
    key to themselves.
    """
    gaps = [(before[-1], after[0]) for before, after in pairwise(blocks) if before and after]
    lasting = [
        (before, _end_of(before), (after.at - _end_of(before)) // timedelta(seconds=1))
        for before, after in gaps
        if before.time_source is after.time_source is TimeSource.DEVICE
    ]
    if sum(max(seconds, 0) for _, _, seconds in lasting) > _LONGEST_OFF:
        return []
    return [
        before._replace(
            at=start + timedelta(seconds=passed) + _MOMENT,
            reading=Record(NO_POWER, min(seconds - passed, _LONGEST_PERIOD)),
            anomalies=Anomaly.DEVICE_OFF,
        )
        for before, start, seconds in lasting
        for passed in range(0, seconds, _LONGEST_PERIOD)
    ]


def _end_of(sample: Sample) -> datetime:
    seconds = sample.reading.seconds if isinstance(sample.reading, Record) else 0
    return sample.at + timedelta(seconds=seconds)


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
