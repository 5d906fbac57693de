"""Samples as tuples in the order of their tables' columns: what both dialects write."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from cercollettiva.devices.samples import Energies, Power, Record, Sample, TimeSource
from cercollettiva.energy.store.batch import Incoming, energies_of

GOOD: Final = 0
DOUBTFUL: Final = 1
REGISTERS: Final = 0
RECORD: Final = 1
QUARTER: Final = timedelta(minutes=15)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Table(NamedTuple):
    """A time series: its columns with their PostgreSQL types, its key, and how a sample becomes a row of it."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]
    row: Callable[[Incoming], tuple[Any, ...]]


class Inserted(NamedTuple):
    """How many rows were new, and which met another value under their key."""

    new: int
    conflicts: list[Incoming]


def _power_row(row: Incoming) -> tuple[Any, ...]:
    sample = row.sample
    return (
        sample.device_id,
        sample.at,
        row.energy_total,
        row.fingerprint,
        sample.reported_ts,
        *sample.reading,
        DOUBTFUL if sample.anomalies else GOOD,
        sample.time_source.value,
        sample.anomalies.value,
        sample.component,
    )


def _energy_row(row: Incoming) -> tuple[Any, ...]:
    sample = row.sample
    reading = sample.reading
    seconds = reading.seconds if isinstance(reading, Record) else None
    return (
        sample.device_id,
        sample.at,
        *energies_of(sample),
        row.fingerprint,
        sample.reported_ts,
        seconds,
        REGISTERS if seconds is None else RECORD,
        DOUBTFUL if sample.anomalies else GOOD,
        sample.time_source.value,
        sample.anomalies.value,
        sample.component,
    )


POWERS: Final = Table(
    name="energy_devicemeasurement",
    columns={
        "device_id": "int8",
        "timestamp": "timestamptz",
        "energy_total": "int8",
        "fingerprint": "int8",
        "reported_ts": "float8",
        **dict.fromkeys(Power._fields, "float4"),
        "quality": "int2",
        "time_source": "int2",
        "anomalies": "int4",
        "component": "text",
    },
    key=("device_id", "timestamp", "component"),
    row=_power_row,
)
ENERGIES: Final = Table(
    name="energy_energymeasurement",
    columns={
        "device_id": "int8",
        "timestamp": "timestamptz",
        **dict.fromkeys(Energies._fields, "int8"),
        "fingerprint": "int8",
        "reported_ts": "float8",
        "seconds": "int4",
        "kind": "int2",
        "quality": "int2",
        "time_source": "int2",
        "anomalies": "int4",
        "component": "text",
    },
    key=("device_id", "timestamp", "component", "kind"),
    row=_energy_row,
)


def quarter_of(moment: datetime) -> datetime:
    """The start of the quarter-hour an instant falls in. Quarters are the same in UTC and in Europe/Rome."""
    return moment - (moment - _EPOCH) % QUARTER


def dirty_quarters(rows: Iterable[Incoming]) -> list[tuple[int, datetime]]:
    """The (device, quarter) pairs whose energy these readings may change, each once, in order."""
    marks: set[tuple[int, datetime]] = set()
    for row in rows:
        sample = row.sample
        if sample.device_id is None or sample.time_source is TimeSource.UNKNOWN:
            continue
        marks.update((sample.device_id, quarter) for quarter in _quarters_of(sample))
    return sorted(marks)


def _quarters_of(sample: Sample) -> Iterable[datetime]:
    quarter = quarter_of(sample.at)
    yield quarter
    if isinstance(sample.reading, Record):
        end = sample.at + timedelta(seconds=sample.reading.seconds)
        while (quarter := quarter + QUARTER) < end:
            yield quarter
