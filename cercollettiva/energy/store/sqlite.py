"""The SQLite dialect of the store: the same tables unpartitioned, the same ON CONFLICT (key) DO NOTHING.

Never `OR IGNORE`: it would swallow broken constraints too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper

from cercollettiva.energy.store.batch import Incoming, MergedState, StateRow
from cercollettiva.energy.store.rows import Inserted, Table

_INSERT_STATE: Final = """
    INSERT INTO energy_devicestate
        (device_id, last_seen, online, exchange_power, production_power, load_power, power_at,
         "values", registers, src, rssi, rssi_at, seq)
    SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s
    WHERE EXISTS (SELECT 1 FROM energy_deviceconfiguration WHERE id = %s)
    ON CONFLICT (device_id) DO UPDATE SET
        rssi = CASE WHEN EXCLUDED.rssi_at >= COALESCE(energy_devicestate.rssi_at, EXCLUDED.rssi_at)
               THEN EXCLUDED.rssi ELSE energy_devicestate.rssi END,
        rssi_at = MAX(COALESCE(energy_devicestate.rssi_at, EXCLUDED.rssi_at),
                      COALESCE(EXCLUDED.rssi_at, energy_devicestate.rssi_at)),
"""
_NEWEST_TIMES: Final = """
        last_seen = MAX(COALESCE(energy_devicestate.last_seen, EXCLUDED.last_seen),
                        COALESCE(EXCLUDED.last_seen, energy_devicestate.last_seen)),
        power_at = MAX(COALESCE(energy_devicestate.power_at, EXCLUDED.power_at),
                       COALESCE(EXCLUDED.power_at, energy_devicestate.power_at)),
        online = COALESCE(EXCLUDED.online, energy_devicestate.online)
"""
UPSERT_STATE: Final = f"""
    {_INSERT_STATE} {_NEWEST_TIMES},
        seq = EXCLUDED.seq,
        exchange_power = EXCLUDED.exchange_power,
        production_power = EXCLUDED.production_power,
        load_power = EXCLUDED.load_power,
        "values" = EXCLUDED."values",
        registers = EXCLUDED.registers,
        src = EXCLUDED.src
"""
_POWERS: Final = ("exchange_power", "production_power", "load_power")


def _newest_of_both(column: str) -> str:
    """Component by component, what was measured last: of the row's and of ours."""
    return f"""(
        SELECT json_group_object(key, json(value)) FROM (
            SELECT key, value, MAX(COALESCE(json_extract(value, '$.at'), '') || is_ours) FROM (
                SELECT key, value, '0' AS is_ours FROM json_each(energy_devicestate."{column}")
                UNION ALL SELECT key, value, '1' FROM json_each(EXCLUDED."{column}")
            ) GROUP BY key
        )
    )"""  # noqa: S608  # names of this module, no value of anybody's


def _of_the_newest(column: str) -> str:
    return f"""{column} = CASE
        WHEN energy_devicestate.power_at IS NULL OR EXCLUDED.power_at >= energy_devicestate.power_at
        THEN EXCLUDED.{column} ELSE energy_devicestate.{column} END"""


MERGE_STATE: Final = f"""
    {_INSERT_STATE} {_NEWEST_TIMES},
        seq = MAX(EXCLUDED.seq, energy_devicestate.seq + 1),
        {", ".join(_of_the_newest(column) for column in _POWERS)},
        "values" = {_newest_of_both("values")},
        registers = {_newest_of_both("registers")},
        src = COALESCE(NULLIF(EXCLUDED.src, ''), energy_devicestate.src)
    RETURNING device_id, "values", registers
"""


def insert(connection: BaseDatabaseWrapper, table: Table, incoming: Sequence[Incoming]) -> Inserted:
    """Write the rows that are not there yet."""
    columns = ", ".join(f'"{column}"' for column in table.columns)
    values = ", ".join(["%s"] * len(table.columns))
    key = ", ".join(table.key)
    statement = f"INSERT INTO {table.name} ({columns}) VALUES ({values}) ON CONFLICT ({key}) DO NOTHING"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(statement, [_adapted(connection, table.row(row)) for row in incoming])
        count = cursor.rowcount
        if count == len(incoming):
            return Inserted(count, [])
        conflicts = [row for row in incoming if _meets_another_value(connection, cursor, table, row)]
    return Inserted(count, conflicts)


def insert_dirty_quarters(connection: BaseDatabaseWrapper, marks: Sequence[tuple[int, datetime]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO energy_dirtyquarter (device_id, start) VALUES (%s, %s)",
            [_adapted(connection, mark) for mark in marks],
        )


def upsert_states(connection: BaseDatabaseWrapper, states: Sequence[StateRow], *, seq: int) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(UPSERT_STATE, [(*_adapted(connection, state), seq, state.device_id) for state in states])


def merge_states(connection: BaseDatabaseWrapper, states: Sequence[StateRow], *, seq: int) -> list[MergedState]:
    """Write states beside those of other ingestors, and tell what the rows say then."""
    merged: list[MergedState] = []
    with connection.cursor() as cursor:
        for state in states:
            cursor.execute(MERGE_STATE, (*_adapted(connection, state), seq, state.device_id))
            merged += [MergedState(*row) for row in cursor.fetchall()]
    return merged


def _meets_another_value(connection: BaseDatabaseWrapper, cursor: Any, table: Table, row: Incoming) -> bool:
    new = dict(zip(table.columns, _adapted(connection, table.row(row)), strict=True))
    where = " AND ".join(f"{column} = %s" for column in table.key)
    known = [column for column in table.values if new[column] is not None]
    another = " OR ".join(f"{column} IS NOT %s" for column in known) or "0"
    cursor.execute(
        f"SELECT 1 FROM {table.name} WHERE {where} AND fingerprint <> %s AND ({another})",  # noqa: S608
        [new[column] for column in (*table.key, "fingerprint", *known)],
    )
    return cursor.fetchone() is not None


def _adapted(connection: BaseDatabaseWrapper, values: Sequence[Any]) -> tuple[Any, ...]:
    """Instants as Django writes them to SQLite: text, in UTC."""
    return tuple(
        connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value for value in values
    )
