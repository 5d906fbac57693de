"""Time series as numpy columns: many rows in and out of the database without a Python object for each.

On PostgreSQL both ways are binary COPY: with a stand-in for NULL every row has the same size, so a whole answer is one
numpy array. On SQLite the same functions go through rows. Instants are microseconds from 1970 UTC; NULL is UNKNOWN in a
column of integers and NaN in a column of floats.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final, NamedTuple

import numpy as np
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from numpy.typing import NDArray

UNKNOWN: Final = -1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_POSTGRES_EPOCH_US: Final = 946_684_800_000_000  # 2000-01-01
_COPY_HEADER_BYTES: Final = 19
_COPY_TRAILER: Final = b"\xff\xff"
_COPY_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)

Columns = dict[str, NDArray[Any]]


class Kind(Enum):
    """The type of a column: its name in PostgreSQL, how a binary COPY writes it, what it is in numpy."""

    INT2 = ("int2", ">i2", "i8")
    INT4 = ("int4", ">i4", "i8")
    INT8 = ("int8", ">i8", "i8")
    FLOAT4 = ("float4", ">f4", "f8")
    INSTANT = ("timestamptz", ">i8", "i8")

    def __init__(self, sql: str, wire: str, array: str) -> None:
        self.sql, self.wire, self.array = sql, np.dtype(wire), np.dtype(array)

    @property
    def null(self) -> str:
        return {"FLOAT4": "'NaN'", "INSTANT": "'2000-01-01 UTC'"}.get(self.name, str(UNKNOWN))


class Table(NamedTuple):
    """A table of time series: its columns, its key, and the column that says when a row was written.

    `only_over` is a condition on the `stored` and the `EXCLUDED` row without which what is stored stays.
    """

    name: str
    columns: Mapping[str, Kind]
    key: tuple[str, ...]
    written: str | None = "recorded_at"  # does not make a row another
    only_over: str = "TRUE"


def microseconds(moment: datetime) -> int:
    """Microseconds from 1970 UTC."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def instant(value: int) -> datetime:
    """The aware moment of some microseconds from 1970 UTC."""
    return _EPOCH + timedelta(microseconds=int(value))


def empty(kinds: Mapping[str, Kind]) -> Columns:
    return {name: np.zeros(0, dtype=kind.array) for name, kind in kinds.items()}


def joined(parts: Sequence[Columns], kinds: Mapping[str, Kind]) -> Columns:
    """Columns one after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in kinds} if parts else empty(kinds)


def read(using: str, select: Mapping[str, tuple[Kind, str]], tail: str, params: Sequence[Any]) -> Columns:
    """The rows of `SELECT ... tail`, as columns; `select` gives each column's kind and expression."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        return _read_by_copy(connection, select, tail, params)
    return _read_rows(connection, select, tail, params)


def upsert(using: str, table: Table, columns: Columns) -> int:
    """Write rows over what stands there, and say how many were new or changed; the others keep their `written`.

    To be called in a transaction. A key may come once in a call.
    """
    if not len(columns[table.key[0]]):
        return 0
    connection = connections[using]
    if connection.vendor == "postgresql":
        return _upsert_by_copy(connection, table, columns)
    return _upsert_rows(connection, table, columns)


# PostgreSQL


def _read_by_copy(
    connection: BaseDatabaseWrapper, select: Mapping[str, tuple[Kind, str]], tail: str, params: Sequence[Any]
) -> Columns:
    fields = ", ".join(f"COALESCE({text}, {kind.null})::{kind.sql}" for kind, text in select.values())
    shape = _wire([(name, kind) for name, (kind, _) in select.items()])
    with connection.cursor() as cursor, connection.wrap_database_errors:
        query = cursor.mogrify(f"SELECT {fields} {tail}", params)
        with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)") as copy:
            answer = bytearray()
            for row in copy:  # one by one into one buffer: a list of them fills a heap with small pieces
                answer += row
    rows = np.frombuffer(answer, dtype=shape, offset=_COPY_HEADER_BYTES, count=_rows_in(answer, shape))
    return {name: _from_wire(rows[name], kind) for name, (kind, _) in select.items()}


def _rows_in(answer: bytearray, shape: np.dtype[Any]) -> int:
    return (len(answer) - _COPY_HEADER_BYTES - len(_COPY_TRAILER)) // shape.itemsize


def _wire(columns: Sequence[tuple[str, Kind]]) -> np.dtype[Any]:
    """A row of a binary COPY: the number of fields, then the length and the value of each."""
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in columns:
        fields += [(f"{name} length", ">i4"), (name, kind.wire.str)]
    return np.dtype(fields)


def _from_wire(values: NDArray[Any], kind: Kind) -> NDArray[Any]:
    column = values.astype(kind.array)
    return column + _POSTGRES_EPOCH_US if kind is Kind.INSTANT else column


def _upsert_by_copy(connection: BaseDatabaseWrapper, table: Table, columns: Columns) -> int:
    stage = f"incoming_{table.name}"
    names = _names(table)
    values = ", ".join(
        f'"{name}"' if kind is Kind.INSTANT or name in table.key else f'NULLIF("{name}", {kind.null})'
        for name, kind in table.columns.items()
    )
    rows = np.zeros(len(columns[table.key[0]]), dtype=_wire(list(table.columns.items())))
    rows["fields"] = len(table.columns)
    for name, kind in table.columns.items():
        rows[f"{name} length"] = kind.wire.itemsize
        rows[name] = columns[name] - _POSTGRES_EPOCH_US if kind is Kind.INSTANT else columns[name]
    definition = ", ".join(f'"{name}" {kind.sql}' for name, kind in table.columns.items())
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {stage} ({definition}) ON COMMIT DELETE ROWS")
        cursor.execute(f"DELETE FROM {stage}")  # noqa: S608  # names of this package, no value of anybody's
        with connection.wrap_database_errors, cursor.copy(f"COPY {stage} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(_COPY_SIGNATURE + rows.tobytes() + _COPY_TRAILER)
        cursor.execute(
            f"INSERT INTO {table.name} AS stored ({names}) SELECT {values} FROM {stage} "  # noqa: S608
            f"{_over(table, 'IS DISTINCT FROM')}"
        )
        return int(cursor.rowcount)


# SQLite


def _read_rows(
    connection: BaseDatabaseWrapper, select: Mapping[str, tuple[Kind, str]], tail: str, params: Sequence[Any]
) -> Columns:
    fields = ", ".join(_microseconds_of(text) if kind is Kind.INSTANT else text for kind, text in select.values())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {fields} {tail}", params)  # expressions of this package
        rows = cursor.fetchall()
    kinds = {name: kind for name, (kind, _) in select.items()}
    if not rows:
        return empty(kinds)
    return {
        name: np.array([_known(value, kind) for value in column], dtype=kind.array)
        for (name, kind), column in zip(kinds.items(), zip(*rows, strict=True), strict=True)
    }


def _microseconds_of(text: str) -> str:
    """Django writes an instant as text in UTC, with six decimals of the second or none."""
    return (
        f"CAST(strftime('%%s', {text}) AS INTEGER) * 1000000"
        f" + CAST(substr(substr({text}, 21) || '000000', 1, 6) AS INTEGER)"
    )


def _known(value: Any, kind: Kind) -> Any:
    if value is not None:
        return value
    return math.nan if kind is Kind.FLOAT4 else UNKNOWN


def _upsert_rows(connection: BaseDatabaseWrapper, table: Table, columns: Columns) -> int:
    values = ", ".join(["%s"] * len(table.columns))
    rows = zip(*(_as_stored(connection, columns[name], kind) for name, kind in table.columns.items()), strict=True)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table.name} AS stored ({_names(table)}) VALUES ({values}) "  # noqa: S608
            f"{_over(table, 'IS NOT')}",
            list(rows),
        )
        return int(cursor.rowcount)


def _as_stored(connection: BaseDatabaseWrapper, column: NDArray[Any], kind: Kind) -> list[Any]:
    if kind is Kind.INSTANT:
        distinct, places = np.unique(column, return_inverse=True)
        texts = [connection.ops.adapt_datetimefield_value(instant(value)) for value in distinct]
        return [texts[place] for place in places]
    if kind is Kind.FLOAT4:
        return [None if math.isnan(value) else value for value in column.tolist()]
    return [None if value == UNKNOWN else value for value in column.tolist()]


# Both


def _names(table: Table) -> str:
    return ", ".join(f'"{column}"' for column in table.columns)


def _over(table: Table, differs: str) -> str:
    """What happens where the key is taken: only a row that says something else is written."""
    said = [column for column in table.columns if column not in table.key]
    compared = [column for column in said if column != table.written]
    changes = ", ".join(f"{column} = EXCLUDED.{column}" for column in said)
    old = ", ".join(f"stored.{column}" for column in compared)
    new = ", ".join(f"EXCLUDED.{column}" for column in compared)
    where = table.only_over
    return f"ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {changes} WHERE ({old}) {differs} ({new}) AND {where}"
