"""Quarter-hours in bulk on their way to `energy.EnergyInterval`: the two dialects side by side, one upsert."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from cercollettiva.energy import partitions
from cercollettiva.energy.models import EnergyInterval

TABLE: Final = "energy_energyinterval"
STAGE: Final = "incoming_intervals"
COLUMNS: Final = {
    "device_id": "int4",
    "start": "timestamptz",
    "energy_in": "int8",
    "energy_out": "int8",
    "produced": "int8",
    "recorded_at": "timestamptz",
    "peak_power": "float4",
    "mean_power": "float4",
    "coverage": "float4",
    "quality": "int2",
    "source": "int2",
}
KEY: Final = ("device_id", "start")


class IntervalRow(NamedTuple):
    """A quarter-hour of a device from `start`, in the order of the table's columns. [mWh, W]"""

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


def save_intervals(rows: Sequence[IntervalRow], *, using: str = "default") -> int:
    """Store quarter-hours in one transaction, over what stands there; how many were new or changed.

    A row that says what is stored already is left alone, with its `recorded_at`. A key may come once in a call.
    """
    if not rows:
        return 0
    connection = connections[using]
    starts = {row.start for row in rows}  # many devices share a quarter
    partitions.ensure_months(connection, EnergyInterval, {partitions.month_of(start) for start in starts})
    upsert = _upsert_by_copy if connection.vendor == "postgresql" else _upsert_one_by_one
    with transaction.atomic(using=using), connection.cursor() as cursor:
        return upsert(connection, cursor, rows)


def _upsert_by_copy(connection: BaseDatabaseWrapper, cursor: Any, rows: Sequence[IntervalRow]) -> int:
    """PostgreSQL: binary COPY into a temporary table, then one INSERT."""
    names = _names()
    cursor.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {STAGE} (LIKE {TABLE}) ON COMMIT DELETE ROWS")
    cursor.execute(f"DELETE FROM {STAGE}")  # noqa: S608  # names of this module, no value of anybody's
    with connection.wrap_database_errors, cursor.copy(f"COPY {STAGE} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(list(COLUMNS.values()))
        for row in rows:
            copy.write_row(row)
    cursor.execute(
        f"INSERT INTO {TABLE} AS stored ({names}) SELECT {names} FROM {STAGE} {_over('IS DISTINCT FROM')}"  # noqa: S608
    )
    return int(cursor.rowcount)


def _upsert_one_by_one(connection: BaseDatabaseWrapper, cursor: Any, rows: Sequence[IntervalRow]) -> int:
    """SQLite: the same statement for each row; instants as Django writes them, text in UTC."""
    text = lru_cache(maxsize=100_000)(connection.ops.adapt_datetimefield_value)
    values = ", ".join(["%s"] * len(COLUMNS))
    cursor.executemany(
        f"INSERT INTO {TABLE} AS stored ({_names()}) VALUES ({values}) {_over('IS NOT')}",  # noqa: S608
        [(row[0], text(row[1]), *row[2:5], text(row[5]), *row[6:]) for row in rows],
    )
    return int(cursor.rowcount)


def _names() -> str:
    return ", ".join(f'"{column}"' for column in COLUMNS)


def _over(differs: str) -> str:
    """What happens where the key is taken: only a row that says something else is written."""
    said = [column for column in COLUMNS if column not in KEY]
    compared = [column for column in said if column != "recorded_at"]
    changes = ", ".join(f"{column} = EXCLUDED.{column}" for column in said)
    old = ", ".join(f"stored.{column}" for column in compared)
    new = ", ".join(f"EXCLUDED.{column}" for column in compared)
    return f"ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET {changes} WHERE ({old}) {differs} ({new})"
