"""The whole way from marks to totals, some devices at a time, each time in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from cercollettiva.domain.registers import Event
from cercollettiva.energy.aggregation import dirty
from cercollettiva.energy.aggregation.channels import spans_of
from cercollettiva.energy.aggregation.devices import Found, quarters_of_device
from cercollettiva.energy.aggregation.plants import community_hours, plant_hours
from cercollettiva.energy.aggregation.readings import reach_of, readings_of
from cercollettiva.energy.aggregation.stays import HOUR_US, Keys, distinct, places_touched, plants_ever
from cercollettiva.energy.aggregation.totals import device_hours, longer_period
from cercollettiva.energy.models import EnergyInterval, EnergyIntervalPart, Period, RegisterEvent, SubjectKind
from cercollettiva.energy.retention import registers_reach_back_to
from cercollettiva.energy.store.columns import Columns, Kind, instant, microseconds, upsert
from cercollettiva.energy.store.intervals import INTERVALS, PARTS, save_interval_columns
from cercollettiva.energy.store.ranges import Ranges, read_ranges

DEVICES_AT_A_TIME: Final = 100
LONGER: Final = (Period.DAY, Period.WEEK, Period.MONTH, Period.YEAR)


class Aggregated(NamedTuple):
    """What a run did: quarters computed, rows that were new or changed, odd registers found for the first time."""

    devices: int
    quarters: int
    changed: int
    totals_changed: int
    events: int


def aggregate(now: datetime, *, using: str = "default", wait: bool = True) -> Aggregated:
    """Compute again what is marked, and nothing else. Running it twice, or at the same time, or killing it is safe.

    Devices are taken in the order of their keys, some at a time, each time in one transaction with their totals.
    Where another process computes, this one waits for its turn, or leaves it at that unless it is to `wait`.
    """
    sums: Counter[str] = Counter()
    after = 0
    while True:
        with transaction.atomic(using=using):
            is_ours = dirty.lock(using, wait=wait)
            claimed = dirty.claim(using, after=after, devices=DEVICES_AT_A_TIME) if is_ours else None
            if not claimed:
                return Aggregated(*(sums[name] for name in Aggregated._fields))
            sums.update(_compute(using, claimed, now)._asdict())
        after = max(claimed)


def _compute(using: str, claimed: Mapping[int, NDArray[np.int64]], now: datetime) -> Aggregated:
    not_before = _final_before(using, claimed, now)
    runs = dirty.runs_of(claimed, not_before=not_before)
    changed = computed = events = totals = 0
    spans = spans_of(using, claimed)
    for turn in _one_run_a_device(runs):
        reach = reach_of(using, turn, spans)
        bounds = np.array([not_before.get(device, 0) for device in turn.subject.tolist()], dtype=np.int64)
        ranges = reach.changed._replace(start=np.maximum(reach.changed.start, bounds))
        readings = readings_of(using, reach.read, spans)
        found = {
            device: quarters_of_device(spans.get(device, ()), readings.get(device, {}), start, end)
            for device, start, end in zip(*(column.tolist() for column in ranges), strict=True)
        }
        computed += int(((ranges.end - ranges.start) // dirty.QUARTER_US).sum())
        changed += _write(using, found, ranges, now)
        events += _write_events(using, found, ranges, now)
        totals += total_up(ranges, now, using=using)
    return Aggregated(len(claimed), computed, changed, totals, events)


def _final_before(using: str, devices: Iterable[int], now: datetime) -> dict[int, int]:
    """For each device with quarters older than its registers are kept: from when on they may be computed again. [us]

    The registers behind those may be gone. Old registers that come to a device without any, an import, are computed.
    """
    kept = registers_reach_back_to(now)
    old = EnergyInterval.objects.using(using).filter(device_id__in=list(devices), start__lt=kept)
    return dict.fromkeys(old.values_list("device_id", flat=True).distinct(), microseconds(kept))


def _one_run_a_device(runs: Ranges) -> Sequence[Ranges]:
    """The first run of every device, then the second ones: readings are then told apart by their device."""
    turn = np.zeros(len(runs.subject), dtype=np.int64)
    for number in range(1, len(turn)):
        if runs.subject[number] == runs.subject[number - 1]:
            turn[number] = turn[number - 1] + 1
    return [Ranges(*(column[turn == number] for column in runs)) for number in range(turn.max(initial=-1) + 1)]


def _write(using: str, found: Mapping[int, Found], ranges: Ranges, now: datetime) -> int:
    """Write what was found over what stands in the ranges, and take away what is no longer there."""
    quarters = _together(found, "quarters")
    parts = _together(found, "parts")
    changed = 0
    if quarters:
        quarters["recorded_at"] = np.full(len(quarters["start"]), microseconds(now))
        changed += save_interval_columns({name: quarters[name] for name in INTERVALS.columns}, using=using)
    if parts:
        changed += upsert(using, PARTS, {name: parts[name] for name in PARTS.columns})
    changed += _remove_others(using, "energy_energyinterval", EnergyInterval, quarters, ranges)
    return changed + _remove_others(using, PARTS.name, EnergyIntervalPart, parts, ranges)


def _together(found: Mapping[int, Found], what: str) -> Columns:
    pieces = [
        {**columns, "device_id": np.full(len(columns["start"]), device)}
        for device, one in found.items()
        for columns in getattr(one, what)
    ]
    if not pieces:
        return {}
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def _remove_others(using: str, table: str, model: Any, kept: Columns, ranges: Ranges) -> int:
    """Take away the rows in the ranges that were not computed again; those from outside stay."""
    select = {"device": (Kind.INT4, "device_id"), "start": (Kind.INSTANT, "start")}
    there = read_ranges(using, select, table, ranges, subject="device_id", time="start", where="source <> 0")
    keys = {*zip(there["device"].tolist(), there["start"].tolist(), strict=True)}
    if kept:
        keys -= {*zip(kept["device_id"].tolist(), kept["start"].tolist(), strict=True)}
    for device, start in keys:
        model.objects.using(using).filter(device_id=device, start=instant(start)).delete()
    return len(keys)


def _write_events(using: str, found: Mapping[int, Found], ranges: Ranges, now: datetime) -> int:
    """The odd registers of the ranges, found again with their quarters: new ones in, those explained since out."""
    wanted = {
        (device, component, register, event.at): event
        for device, one in found.items()
        for component, register, event in one.events
    }
    stored = RegisterEvent.objects.using(using).filter(
        device_id__in=ranges.subject.tolist(),
        at__gte=instant(ranges.start.min()),
        at__lt=instant(ranges.end.max()),
    )
    bounds = dict(zip(ranges.subject.tolist(), zip(ranges.start, ranges.end, strict=True), strict=True))
    for row in stored:
        key = (row.device_id, row.component, row.register, microseconds(row.at))
        start, end = bounds[row.device_id]
        event = wanted.get(key)
        if event is not None and (event.kind, event.before, event.after) == (row.kind, row.before, row.after):
            del wanted[key]
        elif start <= key[-1] < end:
            row.delete()
    RegisterEvent.objects.using(using).bulk_create(_event_row(key, event, now) for key, event in wanted.items())
    return len(wanted)


def _event_row(key: tuple[int, str, str, int], event: Event, now: datetime) -> RegisterEvent:
    device, component, register, at = key
    return RegisterEvent(
        device_id=device,
        component=component,
        register=register,
        at=instant(at),
        kind=int(event.kind),
        before=event.before,
        after=event.after,
        found_at=now,
    )


def total_up(ranges: Ranges, now: datetime, *, using: str = "default") -> int:
    """The totals that the quarter-hours of devices in these ranges are part of; how many changed."""
    now_us = microseconds(now)
    devices = _hours_of(ranges)
    changed = device_hours(using, devices, now_us=now_us)
    plants = places_touched(devices, plants_ever(using, devices=np.unique(ranges.subject).tolist()))
    changed += plant_hours(using, plants, now_us=now_us)
    communities = community_hours(using, plants, now_us=now_us)
    for kind, hours in (
        (SubjectKind.DEVICE, devices),
        (SubjectKind.PLANT, plants),
        (SubjectKind.COMMUNITY, communities),
    ):
        for period in LONGER:
            changed += longer_period(using, kind, period, hours, now_us=now_us)
    return changed


def _hours_of(ranges: Ranges) -> Keys:
    pieces = [
        (np.full(len(hours), device), hours)
        for device, start, end in zip(*(column.tolist() for column in ranges), strict=True)
        if len(hours := np.arange(start // HOUR_US * HOUR_US, end, HOUR_US, dtype=np.int64))
    ]
    return distinct(*(np.concatenate(side) for side in zip(*pieces, strict=True))) if pieces else Keys.none()
