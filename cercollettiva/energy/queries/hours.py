"""Hour totals of plants and communities as arrays on one grid: what pages of a month or a year are made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from cercollettiva.domain.calendar import Range
from cercollettiva.energy.models.intervals import IntervalQuality, Period, SubjectKind
from cercollettiva.energy.store.columns import Kind, microseconds, read

HOUR_US: Final = 3_600_000_000
UNKNOWN: Final = -1
COMPLETE: Final = 0.999
_MISSING: Final = int(IntervalQuality.MISSING)
_SELECT: Final = {
    "subject": (Kind.INT8, "subject_id"),
    "start": (Kind.INSTANT, "start"),
    "drawn": (Kind.INT8, "energy_in"),
    "injected": (Kind.INT8, "energy_out"),
    "produced": (Kind.INT8, "produced"),
    "coverage": (Kind.FLOAT4, "coverage"),
    "quality": (Kind.INT2, "quality"),
}

Ints = NDArray[np.int64]


class Hours(NamedTuple):
    """What some subjects drew, injected and produced. (subjects, hours) from `start` [mWh]

    UNKNOWN where nothing is known; `quality` is MISSING there and `coverage` 0.
    """

    start: datetime
    drawn: Ints
    injected: Ints
    produced: Ints
    coverage: NDArray[np.float64]
    quality: Ints


def hours_of(kind: SubjectKind, subjects: Sequence[int], period: Range) -> Hours:
    """The hours of a period for each subject in the order given. One query, whatever the length."""
    shape = (len(subjects), period.hours)
    grids = {name: np.full(shape, UNKNOWN, dtype=np.int64) for name in ("drawn", "injected", "produced")}
    coverage = np.zeros(shape)
    quality = np.full(shape, _MISSING, dtype=np.int64)
    if shape[0] and shape[1]:
        rows = _rows(kind, subjects, period)
        order = np.argsort(np.array(subjects, dtype=np.int64))
        ranked = np.array(subjects, dtype=np.int64)[order]
        row = order[np.searchsorted(ranked, rows["subject"])]
        column = (rows["start"] - microseconds(period.start)) // HOUR_US
        for name, grid in grids.items():
            grid[row, column] = rows[name]
        coverage[row, column] = rows["coverage"]
        quality[row, column] = rows["quality"]
    return Hours(period.start, grids["drawn"], grids["injected"], grids["produced"], coverage, quality)


def _rows(kind: SubjectKind, subjects: Sequence[int], period: Range) -> dict[str, NDArray[np.int64]]:
    places = ", ".join(["%s"] * len(subjects))
    tail = (
        f"FROM energy_energyaggregate WHERE subject_kind = %s AND subject_id IN ({places})"
        " AND period = %s AND start >= %s AND start < %s"
    )
    adapt = connection.ops.adapt_datetimefield_value
    bounds = [adapt(moment) for moment in period]
    return read("default", _SELECT, tail, [kind.value, *subjects, Period.HOUR.value, *bounds])
