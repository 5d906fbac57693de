"""The quarter-hours of a device from its readings, and their parts where it was moved within one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cercollettiva.domain.curves import NEVER_OFF, NO_RECORDS, Curve, Off, Records, Slices, curve_of, without_overlaps
from cercollettiva.domain.quarters import PARTIAL, UNKNOWN, Channel, Quarters, quarters_of
from cercollettiva.domain.registers import Counted, Event, count, one_clock
from cercollettiva.energy.aggregation.channels import Span, changes_within
from cercollettiva.energy.aggregation.readings import Series
from cercollettiva.energy.models import EnergyKind
from cercollettiva.energy.store.columns import Columns

QUARTER_US: Final = 900_000_000
MINUTE_US: Final = 60_000_000
COMPLETE: Final = 0.999
_ENERGIES: Final = {"energy_in": "drawn", "energy_out": "injected", "produced": "produced", "consumed": "consumed"}

Ints = NDArray[np.int64]
Readings = Mapping[tuple[str, int], Series]


class Found(NamedTuple):
    """What the readings of one device say of a range: columns of quarter-hours, of their parts, and odd registers."""

    quarters: list[Columns]
    parts: list[Columns]
    events: list[tuple[str, str, Event]]  # component, register, event


class _Curves:
    """The curves of a device's registers, each made once."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings
        self._made: dict[tuple[str, str, str, float], Curve] = {}
        self.events: dict[tuple[str, str, int], Event] = {}

    def has(self, component: str, register: str) -> bool:
        """Whether it ever said that register. A record has no total of both directions, but for one of no power."""
        kinds = [EnergyKind.REGISTERS] if register == "total" else list(EnergyKind)
        return any(
            len(series[register]) and bool((series[register] != UNKNOWN).any())
            for series in (self._series(component, kind) for kind in kinds)
            if series is not None
        )

    def of(self, component: str, phases: str, register: str, limit_w: float) -> Curve:
        key = (component, phases, register, limit_w)
        if key not in self._made:
            self._made[key] = self._make(component, phases, register, limit_w)
        return self._made[key]

    def _make(self, component: str, phases: str, register: str, limit_w: float) -> Curve:
        counted = self._counted(component, phases, register, limit_w)
        for event in counted.events:
            self.events[component, register, event.at] = event
        return curve_of(counted, self._records(component, phases, register), self._off(component))

    def _counted(self, component: str, phases: str, register: str, limit_w: float) -> Counted:
        nothing = np.zeros(0, dtype=np.int64)
        series = self._series(component, EnergyKind.REGISTERS)
        if series is None:
            return count(nothing, nothing, limit_w=limit_w)
        values, known = _values(series, phases, register)
        at, is_device = series["at"][known], series["is_device_time"][known].astype(np.bool_)
        used = one_clock(at, is_device)
        return count(at[used], values[known][used], limit_w=limit_w)

    def _records(self, component: str, phases: str, register: str) -> Records:
        """Those with the device's own time: a record without it does not say which minute it is of."""
        series = self._series(component, EnergyKind.RECORD)
        if series is None:
            return NO_RECORDS
        values, known = _values(series, phases, register)
        known &= series["is_device_time"] == 1
        return without_overlaps(Records(series["at"][known], series["seconds"][known] * 1_000_000, values[known]))

    def _off(self, component: str) -> Off:
        """When it had no power, by its own word (`devices.samples.NO_POWER`); told a microsecond late for its key."""
        series = self._series(component, EnergyKind.RECORD)
        if series is None:
            return NEVER_OFF
        off = (series["total"] == 0) & (series["is_device_time"] == 1)
        if not off.any():
            return NEVER_OFF
        return Off(series["at"][off] - 1, series["seconds"][off] * 1_000_000)

    def _series(self, component: str, kind: int) -> Series | None:
        return self._readings.get((component, kind))


def _values(series: Series, phases: str, register: str) -> tuple[Ints, NDArray[np.bool_]]:
    """A register, or the sum of some phases of it, and where it is known. [mWh]"""
    if not phases:
        return series[register], series[register] != UNKNOWN
    each = np.stack([series[f"{phase}_{register}"] for phase in phases])
    return each.sum(axis=0), (each != UNKNOWN).all(axis=0)


def quarters_of_device(spans: Sequence[Span], readings: Readings, start: int, end: int) -> Found:
    """The quarter-hours of a device in [start, end), whole quarters. [us]

    The range is cut where a role begins or ends; what is cut within a quarter comes as parts, by plant, beside it.
    """
    curves = _Curves(readings)
    cuts = [start, *changes_within(spans, start, end), end]
    stretches: list[tuple[int, Quarters]] = []
    for first, last in pairwise(cuts):
        active = [span for span in spans if span.start <= first and span.end >= last]
        for plant in sorted({span.plant for span in active}):
            edges = _grid(first, last)
            channels = [_channel(span, curves, edges) for span in active if span.plant == plant]
            stretches.append((plant, quarters_of(edges, channels)))
    known = [(plant, quarters) for plant, quarters in stretches if quarters.known.any()]
    events = [
        (component, register, event)
        for (component, register, at), event in sorted(curves.events.items())
        if start <= at < end
    ]
    if len(cuts) == 2 and len(known) == 1:  # nothing changed in between: the usual case
        return Found([_columns(known[0][1])], [], events)
    return Found(*_joined(known), events)


@lru_cache(maxsize=64)
def _grid(first: int, last: int) -> Ints:
    """The edges of the minutes in [first, last], which need not be on a minute. [us]"""
    minutes = np.arange(-(-first // MINUTE_US) * MINUTE_US, last, MINUTE_US, dtype=np.int64)
    edges = np.unique(np.concatenate(([first], minutes, [last])))
    edges.setflags(write=False)
    return edges


def _channel(span: Span, curves: _Curves, edges: Ints) -> Channel:
    """A channel in its role. Its sign says which of its registers counts forward."""
    forward_limit = span.makes_at_most_w if span.role == "PRODUCTION" else span.draws_at_most_w
    backward_limit = span.draws_at_most_w if span.role == "PRODUCTION" else span.makes_at_most_w
    forward_name, backward_name = ("drawn", "returned") if span.sign > 0 else ("returned", "drawn")

    def cut(register: str, limit_w: float) -> Slices:
        return curves.of(span.component, span.phases, register, limit_w).cut(edges)

    has_forward, has_backward = (curves.has(span.component, name) for name in (forward_name, backward_name))
    both = Channel(span.role, span.phase_count, span.net_per_minute, None, None)
    if has_forward or has_backward:
        return both._replace(
            forward=cut(forward_name, forward_limit) if has_forward else None,
            backward=cut(backward_name, backward_limit) if has_backward else None,
        )
    if span.total_is_forward is None or not curves.has(span.component, "total"):
        silent = cut("drawn", forward_limit)  # a channel without a word is unknown, and so is its part of the device
        return both._replace(forward=silent, backward=silent)
    if span.total_is_forward:
        return both._replace(forward=curves.of(span.component, "", "total", forward_limit).cut(edges))
    return both._replace(backward=curves.of(span.component, "", "total", backward_limit).cut(edges))


def _columns(quarters: Quarters) -> Columns:
    """Columns as the tables name them; quarters of which nothing is known are left out."""
    some = quarters.known > 0
    columns: Columns = {"start": quarters.start[some]}
    columns |= {name: getattr(quarters, source)[some] for name, source in _ENERGIES.items()}
    columns |= {
        "peak_power": quarters.peak_w[some],
        "mean_power": quarters.mean_w[some],
        "coverage": quarters.known[some] / QUARTER_US,
        "quality": quarters.quality[some].astype(np.int64),
        "source": quarters.source[some].astype(np.int64),
        "known_us": quarters.known[some],
        "length_us": quarters.length[some],
    }
    return columns


def _joined(stretches: Iterable[tuple[int, Quarters]]) -> tuple[list[Columns], list[Columns]]:
    """Quarters that several stretches share, added up, and their parts."""
    whole: list[Columns] = []
    cut: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    for plant, quarters in stretches:
        columns = _columns(quarters)
        is_whole = columns["length_us"] == QUARTER_US
        whole.append({name: column[is_whole] for name, column in columns.items()})
        for number in np.flatnonzero(~is_whole):
            row = {name: column[number].item() for name, column in columns.items()}
            cut.setdefault(row["start"], []).append((plant, row))
    sums = [_sum([row for _, row in rows], length_us=QUARTER_US) for rows in cut.values()]
    parts = []
    for rows in cut.values():
        for plant in sorted({plant for plant, _ in rows}):
            here = [row for at, row in rows if at == plant]
            part = _sum(here, length_us=sum(row["length_us"] for row in here))
            parts.append({**part, "plant_id": plant})
    return [*whole, *_as_columns(sums)], _as_columns(parts)


def _sum(rows: Sequence[dict[str, Any]], *, length_us: int) -> dict[str, Any]:
    """Pieces of one quarter-hour as one that is so long."""
    known = sum(row["known_us"] for row in rows)
    peaks = [row["peak_power"] for row in rows if row["peak_power"] == row["peak_power"]]
    quality = max(row["quality"] for row in rows)
    return {
        "start": rows[0]["start"],
        **{name: _known_sum([row[name] for row in rows]) for name in _ENERGIES},
        "peak_power": max(peaks, key=abs, default=float("nan")),
        "mean_power": sum(row["mean_power"] * row["known_us"] for row in rows) / known,
        "coverage": known / QUARTER_US,
        "quality": max(quality, PARTIAL) if known < length_us * COMPLETE else quality,
        "source": max(row["source"] for row in rows),
        "known_us": known,
        "length_us": length_us,
    }


def _known_sum(values: Sequence[int]) -> int:
    known = [value for value in values if value != UNKNOWN]
    return sum(known) if known else UNKNOWN


def _as_columns(rows: Sequence[dict[str, Any]]) -> list[Columns]:
    if not rows:
        return []
    return [{name: np.array([row[name] for row in rows]) for name in rows[0]}]
