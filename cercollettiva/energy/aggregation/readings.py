"""What the meters said around the quarters to compute: the readings inside, and enough of those before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from cercollettiva.devices.samples import Energies, TimeSource
from cercollettiva.energy.aggregation.channels import Span
from cercollettiva.energy.models import EnergyKind
from cercollettiva.energy.store.columns import Columns, Kind, empty, instant, joined, read
from cercollettiva.energy.store.ranges import Ranges, read_ranges

TABLE: Final = "energy_energymeasurement"
AROUND: Final = 6  # readings on each side of a new one whose steps it may change (`domain.registers`)
LONGEST_RECORD_US: Final = 3_600_000_000
_TIMED: Final = f"time_source <> {TimeSource.UNKNOWN.value}"
_QUARTER_US: Final = 900_000_000

Series = Mapping[str, NDArray[Any]]  # columns of one component of one device, in the order of time


class Reach(NamedTuple):
    """For each run of dirty quarters, what it changes and what must be read to compute that. (n,) [us]"""

    changed: Ranges
    read: Ranges


def reach_of(using: str, runs: Ranges, spans: Mapping[int, Sequence[Span]]) -> Reach:
    """Widen each run to the quarters between the readings around it, and look as far again beyond those."""
    first, last = _widened(using, runs, spans)
    changed = Ranges(runs.subject, first // _QUARTER_US * _QUARTER_US, -(-last // _QUARTER_US) * _QUARTER_US)
    first, last = _widened(using, changed, spans)
    records_too = Ranges(
        runs.subject,
        np.minimum(first, changed.start - LONGEST_RECORD_US),
        np.maximum(last, changed.end + LONGEST_RECORD_US),
    )
    return Reach(changed, records_too)


def _widened(
    using: str, ranges: Ranges, spans: Mapping[int, Sequence[Span]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The instants from and up to which ranges go with the next few readings on each side. [us]"""
    before = _neighbours(using, ranges, spans, ranges.start, "timestamp < {edge}", "DESC")
    after = _neighbours(using, ranges, spans, ranges.end, "timestamp >= {edge}", "ASC")
    first, last = ranges.start.copy(), ranges.end.copy()
    for number in range(len(ranges.subject)):
        first[number] = min([first[number], *(readings[-1] for readings in before[number])])
        last[number] = max([last[number], *(readings[-1] + 1 for readings in after[number])])
    return first, last


def _neighbours(
    using: str,
    runs: Ranges,
    spans: Mapping[int, Sequence[Span]],
    edges: NDArray[np.int64],
    side: str,
    direction: str,
) -> list[list[list[int]]]:
    """For each run the registers beyond its edge, nearest first, of each component that has a role. [us]"""
    wanted = [
        (number, device, component, instant(edge))
        for number, (device, edge) in enumerate(zip(runs.subject.tolist(), edges, strict=True))
        for component in sorted({span.component for span in spans.get(device, ())})
    ]
    found: list[list[list[int]]] = [[] for _ in runs.subject]
    rows = _beyond(using, wanted, side, direction)
    for place in np.split(np.arange(len(rows["place"])), np.flatnonzero(np.diff(rows["place"])) + 1):
        if len(place):
            found[wanted[rows["place"][place[0]]][0]].append(rows["at"][place].tolist())
    return found


def _beyond(using: str, wanted: Sequence[tuple[int, int, str, Any]], side: str, direction: str) -> Columns:
    kinds = {"place": Kind.INT4, "at": Kind.INSTANT}
    if not wanted:
        return empty(kinds)
    registers = f"kind = {EnergyKind.REGISTERS.value} AND {_TIMED} AND component = {{component}} AND {side}"
    order = f"ORDER BY timestamp {direction} LIMIT {AROUND}"
    if connections[using].vendor == "postgresql":
        here = registers.format(component="wanted.component", edge="wanted.edge")
        tail = (
            "FROM unnest(%s::int[], %s::text[], %s::timestamptz[]) WITH ORDINALITY"  # noqa: S608  # words of this module
            " AS wanted(device_id, component, edge, place) CROSS JOIN LATERAL"
            f" (SELECT timestamp FROM {TABLE} WHERE device_id = wanted.device_id AND {here} {order}) AS near"
            f" ORDER BY wanted.place, near.timestamp {direction}"
        )
        columns = [list(column) for column in zip(*(row[1:] for row in wanted), strict=True)]
        select = {"place": (Kind.INT4, "wanted.place - 1"), "at": (Kind.INSTANT, "near.timestamp")}
        return read(using, select, tail, columns)
    as_text = connections[using].ops.adapt_datetimefield_value
    here = registers.format(component="%s", edge="%s")
    parts = []
    for place, (_, device, component, edge) in enumerate(wanted):
        tail = f"FROM (SELECT timestamp FROM {TABLE} WHERE device_id = %s AND {here} {order}) AS near"  # noqa: S608
        select = {"place": (Kind.INT4, str(place)), "at": (Kind.INSTANT, "near.timestamp")}
        parts.append(read(using, select, tail, [device, component, as_text(edge)]))
    return joined(parts, kinds)


def readings_of(
    using: str, ranges: Ranges, spans: Mapping[int, Sequence[Span]]
) -> dict[int, dict[tuple[str, int], Series]]:
    """The registers and records of each device in its range, by component and `EnergyKind`, in the order of time."""
    several = [span for each in spans.values() for span in each]
    components = sorted({span.component for span in several})
    if not components:
        return {}
    phases = sorted({phase for span in several for phase in span.phases})
    named = [name for name in Energies._fields if name[1] != "_" or name[0] in phases]
    place_of = " ".join(f"WHEN %s THEN {place}" for place in range(len(components)))
    select = {
        "device": (Kind.INT4, "device_id"),
        "at": (Kind.INSTANT, "timestamp"),
        "component": (Kind.INT4, f"CASE component {place_of} END"),
        "kind": (Kind.INT2, "kind"),
        "is_device_time": (Kind.INT2, f"CASE time_source WHEN {TimeSource.DEVICE.value} THEN 1 ELSE 0 END"),
        "seconds": (Kind.INT4, "seconds"),
        **{name: (Kind.INT8, name) for name in named},
    }
    places = ", ".join(["%s"] * len(components))
    rows = read_ranges(
        using,
        select,
        TABLE,
        ranges,
        subject="device_id",
        time="timestamp",
        where=f"{_TIMED} AND component IN ({places})",
        params=components,
        select_params=components,
    )
    order = np.lexsort((rows["at"], rows["kind"], rows["component"], rows["device"]))
    rows = {name: column[order] for name, column in rows.items()}
    keys = np.stack((rows["device"], rows["component"], rows["kind"]))
    readings: dict[int, dict[tuple[str, int], Series]] = {}
    if not len(order):
        return readings
    edges = np.flatnonzero((np.diff(keys, axis=1) != 0).any(axis=0)) + 1
    for first, last in zip([0, *edges.tolist()], [*edges.tolist(), len(order)], strict=True):
        device, component, kind = keys[:, first].tolist()
        series = {name: column[first:last] for name, column in rows.items()}
        readings.setdefault(device, {})[(components[component], kind)] = series
    return readings
