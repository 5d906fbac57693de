"""Quarter-hours, their parts and the totals of longer periods on their way to their tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from django.db import connections, transaction

from cercollettiva.energy import partitions
from cercollettiva.energy.models import EnergyInterval
from cercollettiva.energy.store.columns import UNKNOWN, Columns, Kind, Table, instant, microseconds, upsert

_ENERGIES: Final = dict.fromkeys(("energy_in", "energy_out", "produced", "consumed"), Kind.INT8)
_VALUES: Final = {
    **_ENERGIES,
    "recorded_at": Kind.INSTANT,
    "peak_power": Kind.FLOAT4,
    "mean_power": Kind.FLOAT4,
    "coverage": Kind.FLOAT4,
    "quality": Kind.INT2,
    "source": Kind.INT2,
}
INTERVALS: Final = Table(
    "energy_energyinterval",
    {"device_id": Kind.INT4, "start": Kind.INSTANT, **_VALUES},
    ("device_id", "start"),
    only_over="(stored.source <> 0 OR EXCLUDED.source = 0)",  # what comes from outside stands
)
PARTS: Final = Table(
    "energy_energyintervalpart",
    {
        "device_id": Kind.INT4,
        "start": Kind.INSTANT,
        "plant_id": Kind.INT8,
        **_ENERGIES,
        "known_us": Kind.INT8,
        "length_us": Kind.INT8,
        "quality": Kind.INT2,
        "source": Kind.INT2,
    },
    ("device_id", "start", "plant_id"),
    written=None,
)
AGGREGATES: Final = Table(
    "energy_energyaggregate",
    {
        "subject_kind": Kind.INT2,
        "subject_id": Kind.INT8,
        "period": Kind.INT2,
        "start": Kind.INSTANT,
        **_VALUES,
    },
    ("subject_kind", "subject_id", "period", "start"),
)


class IntervalRow(NamedTuple):
    """A quarter-hour of a device from `start`. [mWh, W]"""

    device_id: int
    start: datetime
    energy_in: int | None
    energy_out: int | None
    produced: int | None
    recorded_at: datetime
    peak_power: float | None
    mean_power: float | None
    coverage: float
    quality: int
    source: int
    consumed: int | None = None


def save_intervals(rows: Sequence[IntervalRow], *, using: str = "default") -> int:
    """Store quarter-hours in one transaction, over what stands there; how many were new or changed.

    A row that says what is stored already is left alone, with its `recorded_at`. A key may come once in a call.
    """
    if not rows:
        return 0
    by_name = dict(zip(IntervalRow._fields, zip(*rows, strict=True), strict=True))
    return save_interval_columns(
        {name: _as_array(by_name[name], kind) for name, kind in INTERVALS.columns.items()}, using=using
    )


def save_interval_columns(columns: Columns, *, using: str = "default") -> int:
    """The same from arrays."""
    with transaction.atomic(using=using):
        starts = np.unique(columns["start"])  # many devices share a quarter
        months = {partitions.month_of(instant(start)) for start in starts}
        partitions.ensure_months(connections[using], EnergyInterval, months)
        return upsert(using, INTERVALS, columns)


def _as_array(values: Sequence[object], kind: Kind) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    if kind is Kind.INSTANT:
        values = [microseconds(value) for value in values]  # type: ignore[arg-type]
    missing = np.nan if kind is Kind.FLOAT4 else UNKNOWN
    return np.array([missing if value is None else value for value in values], dtype=kind.array)
