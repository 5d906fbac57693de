"""Hours, days, weeks, months and years, each summed from the ones below.

A total with something missing is the sum of what is known, a lower bound: its coverage and its quality say so.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from cercollettiva.domain.calendar import Span, range_of
from cercollettiva.domain.quarters import PARTIAL, UNKNOWN
from cercollettiva.energy.aggregation.stays import HOUR_US, Keys, distinct
from cercollettiva.energy.models import Period, SubjectKind
from cercollettiva.energy.store.columns import Columns, Kind, instant, microseconds, upsert
from cercollettiva.energy.store.intervals import AGGREGATES
from cercollettiva.energy.store.ranges import Ranges, covering, read_ranges

COMPLETE: Final = 0.999
ENERGIES: Final = ("energy_in", "energy_out", "produced", "consumed")
BELOW: Final = {Period.DAY: Period.HOUR, Period.WEEK: Period.DAY, Period.MONTH: Period.DAY, Period.YEAR: Period.MONTH}
VALUES: Final = {
    **{name: (Kind.INT8, name) for name in ENERGIES},
    "peak_power": (Kind.FLOAT4, "peak_power"),
    "mean_power": (Kind.FLOAT4, "mean_power"),
    "coverage": (Kind.FLOAT4, "coverage"),
    "quality": (Kind.INT2, "quality"),
    "source": (Kind.INT2, "source"),
}

Ints = NDArray[np.int64]


class Grouped(NamedTuple):
    """Rows brought together by subject and start: the rows in that order, where each group begins, its key."""

    rows: Columns
    first: NDArray[np.int64]
    keys: Keys

    def sum(self, values: NDArray[Any]) -> NDArray[Any]:
        return np.add.reduceat(values, self.first) if len(self.first) else values

    def greatest(self, values: NDArray[Any]) -> NDArray[Any]:
        return np.maximum.reduceat(values, self.first) if len(self.first) else values


def grouped(rows: Columns, subject: Ints, start: Ints) -> Grouped:
    """Group rows by the subject and start given for each."""
    order = np.lexsort((start, subject))
    subject, start = subject[order], start[order]
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = (subject[1:] != subject[:-1]) | (start[1:] != start[:-1])
    first = np.flatnonzero(begins)
    return Grouped({name: column[order] for name, column in rows.items()}, first, Keys(subject[first], start[first]))


def add_up(rows: Columns, one: Grouped, weight: NDArray[Any], whole: NDArray[Any], *, alike: bool = True) -> Columns:
    """The sums of groups of rows. (m,), (m,), (n,) to (n,)

    `weight` is how long each row is, `whole` how long each group would be if nothing were missing. Rows that are
    `alike` know the same energies, so that one that lacks an energy leaves a hole in the sum.
    """
    sums: Columns = {}
    has_holes = np.zeros(len(one.first), dtype=np.bool_)
    count = np.diff(np.append(one.first, len(weight)))
    for name in ENERGIES:
        known = rows[name] != UNKNOWN
        there = one.sum(known.astype(np.int64))
        sums[name] = np.where(there > 0, one.sum(np.where(known, rows[name], 0)), UNKNOWN)
        has_holes |= (there > 0) & (there < count)
    covered = rows["coverage"] * weight
    time = one.sum(covered)
    sums["mean_power"] = one.sum(np.nan_to_num(rows["mean_power"]) * covered) / np.maximum(time, 1e-12)
    sums["peak_power"] = farthest_from_zero(rows["peak_power"], one)
    sums["coverage"] = np.minimum(time / whole, 1.0)
    is_partial = (has_holes & alike) | (sums["coverage"] < COMPLETE)
    worst = one.greatest(rows["quality"])
    sums["quality"] = np.where(is_partial, np.maximum(worst, PARTIAL), worst)
    sums["source"] = one.greatest(rows["source"])
    return sums


def farthest_from_zero(values: NDArray[np.float64], one: Grouped) -> NDArray[np.float64]:
    """Of each group the value farthest from zero, with its sign; NaN where none is known."""
    if not len(one.first):
        return values
    highest, lowest = np.fmax.reduceat(values, one.first), np.fmin.reduceat(values, one.first)
    return np.where(highest >= -lowest, highest, lowest)


def write_totals(
    using: str, kind: SubjectKind, period: Period, touched: Keys, found: Keys, sums: Columns, *, now_us: int
) -> int:
    """Write totals over those that stand there, and take away those touched of which nothing is left."""
    size = len(found.subject)
    there = set(zip(found.subject.tolist(), found.start.tolist(), strict=True))
    gone = [key for key in zip(touched.subject.tolist(), touched.start.tolist(), strict=True) if key not in there]
    if gone:
        _delete(using, kind, period, gone)
    columns = {
        "subject_kind": np.full(size, kind.value),
        "subject_id": found.subject,
        "period": np.full(size, period.value),
        "start": found.start,
        "recorded_at": np.full(size, now_us),
        **{name: sums[name] for name in VALUES},
    }
    return upsert(using, AGGREGATES, columns)


def _delete(using: str, kind: SubjectKind, period: Period, gone: list[tuple[int, int]]) -> None:
    connection = connections[using]
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM energy_energyaggregate"
            " WHERE subject_kind = %s AND subject_id = %s AND period = %s AND start = %s",
            [(kind.value, subject, period.value, adapt(instant(start))) for subject, start in gone],
        )


def device_hours(using: str, hours: Keys, *, now_us: int) -> int:
    """The touched hours of devices, from their quarter-hours; how many changed."""
    rows = read_quarters(using, covering(*hours, HOUR_US))
    one = grouped(rows, rows["device"], rows["start"] // HOUR_US * HOUR_US)
    sums = add_up(one.rows, one, np.ones(len(rows["start"])), np.full(len(one.first), 4.0))
    return write_totals(using, SubjectKind.DEVICE, Period.HOUR, hours, one.keys, sums, now_us=now_us)


def longer_period(using: str, kind: SubjectKind, period: Period, hours: Keys, *, now_us: int) -> int:
    """The totals of a longer period that the touched hours fall in, from the periods below; how many changed."""
    if not len(hours.subject):
        return 0
    starts, ends = _bounds(period, hours.start)
    touched = distinct(hours.subject, starts)
    end_of = dict(zip(starts.tolist(), ends.tolist(), strict=True))
    until = np.array([end_of[start] for start in touched.start.tolist()], dtype=np.int64)
    rows = read_totals(using, kind, BELOW[period], Ranges(*touched, until))
    begins, lasts = _bounds(period, rows["start"])
    own_begins, own_lasts = _bounds(BELOW[period], rows["start"])
    rows |= {"own": own_lasts - own_begins, "whole": lasts - begins}
    one = grouped(rows, rows["subject"], begins)
    sums = add_up(one.rows, one, one.rows["own"], one.rows["whole"][one.first])
    return write_totals(using, kind, period, touched, one.keys, sums, now_us=now_us)


def _bounds(period: Period, starts: Ints) -> tuple[Ints, Ints]:
    """Start and end of the local period that each instant falls in. [us]"""
    if period == Period.HOUR:
        begins = starts // HOUR_US * HOUR_US
        return begins, begins + HOUR_US
    distinct_starts, places = np.unique(starts, return_inverse=True)
    ranges = [range_of(Span(period.value), instant(start)) for start in distinct_starts]
    bounds = np.array([[microseconds(side) for side in bound] for bound in ranges], dtype=np.int64).reshape(-1, 2)
    return bounds[places, 0], bounds[places, 1]


def read_quarters(using: str, ranges: Ranges) -> Columns:
    """The quarter-hours of devices in ranges of each, in no order."""
    select = {"device": (Kind.INT4, "device_id"), "start": (Kind.INSTANT, "start"), **VALUES}
    return read_ranges(using, select, "energy_energyinterval", ranges, subject="device_id", time="start")


def read_totals(using: str, kind: SubjectKind, period: Period, ranges: Ranges) -> Columns:
    """The totals of one kind and period in ranges of each subject, in no order."""
    select = {"subject": (Kind.INT8, "subject_id"), "start": (Kind.INSTANT, "start"), **VALUES}
    return read_ranges(
        using,
        select,
        AGGREGATES.name,
        ranges,
        subject="subject_id",
        time="start",
        where="subject_kind = %s AND period = %s",
        params=[kind.value, period.value],
    )
