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
    values: tuple[str, ...]  # what was measured: where two messages under one key differ in it, one is wrong
    row: Callable[[Incoming], tuple[Any, ...]]


class Inserted(NamedTuple):
    """How many rows were new, and which met another message with another value under their key."""

    new: int
    conflicts: list[Incoming]


def _power_row(row: Incoming) -> tuple[Any, ...]:
    sample = row.sample
    return (
        sample.at,
        row.energy_total,
        sample.reported_ts,
        sample.device_id,
        short(row.fingerprint),
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
        sample.at,
        *energies_of(sample),
        sample.reported_ts,
        sample.device_id,
        short(row.fingerprint),
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
        "timestamp": "timestamptz",
        "energy_total": "int8",
        "reported_ts": "float8",
        "device_id": "int4",
        "fingerprint": "int4",
        **dict.fromkeys(Power._fields, "float4"),
        "quality": "int2",
        "time_source": "int2",
        "anomalies": "int4",
        "component": "text",
    },
    key=("device_id", "timestamp", "component"),
    values=Power._fields,
    row=_power_row,
)
ENERGIES: Final = Table(
    name="energy_energymeasurement",
    columns={
        "timestamp": "timestamptz",
        **dict.fromkeys(Energies._fields, "int8"),
        "reported_ts": "float8",
        "device_id": "int4",
        "fingerprint": "int4",
        "seconds": "int4",
        "kind": "int2",
        "quality": "int2",
        "time_source": "int2",
        "anomalies": "int4",
        "component": "text",
    },
    key=("device_id", "timestamp", "component", "kind"),
    values=Energies._fields,
    row=_energy_row,
)


def short(fingerprint: int) -> int:
    """The last 32 bits, signed: what a row keeps to tell its own message from another under the same key."""
    return (fingerprint & 0xFFFFFFFF) - ((fingerprint & 0x80000000) << 1)


def quarter_of(moment: datetime) -> datetime:
    """The start of the quarter-hour an instant falls in. Quarters are the same in UTC and in Europe/Rome."""
    return moment - (moment - _EPOCH) % QUARTER


def dirty_quarters(rows: Iterable[Incoming]) -> list[tuple[int, datetime]]:
    """The (device, quarter) pairs these readings fall in, each once, in order.

    A register also changes the quarters back to the reading before it: whoever claims the marks widens them.
    """
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
