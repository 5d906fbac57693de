"""The big tables in monthly parts: on PostgreSQL each is partitioned by UTC month, on SQLite it is one table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, Final

from django.db import migrations, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

LOCK_SPACE: Final = 0x43455243  # the first half of our advisory locks; the second is the table's


def month_of(moment: datetime) -> date:
    """The first day of the UTC month an aware moment falls in."""
    if moment.tzinfo is None:
        raise ValueError("A moment without a time zone has no month.")
    return moment.astimezone(UTC).date().replace(day=1)


def partition_name(table: str, month: date) -> str:
    return f"{table}_y{month:%Y}m{month:%m}"


def ensure_months(connection: BaseDatabaseWrapper, model: type[models.Model], months: Iterable[date]) -> list[str]:
    """Make the monthly partitions that are missing, and say which; call it before rows of a new month are written.

    Processes may meet here: one makes the month, the others wait for its commit and find it. A partition is made
    beside the table and then attached, which blocks neither readers nor writers of the table. Nothing on SQLite.
    """
    if connection.vendor != "postgresql":
        return []
    table = model._meta.db_table
    wanted = sorted({month.replace(day=1) for month in months})
    present = partitions_of(connection, table)
    missing = [month for month in wanted if partition_name(table, month) not in present]
    if not missing:
        return []
    made = []
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, table])
        existing = partitions_of(connection, table)  # another process may have been faster
        for month in missing:
            name = partition_name(table, month)
            if name not in existing and not _is_retired(cursor, name):
                cursor.execute(f'CREATE TABLE "{name}" (LIKE "{table}" INCLUDING ALL)')
                cursor.execute(f'ALTER TABLE "{table}" ATTACH PARTITION "{name}" FOR VALUES {_bounds(month)}')
                made.append(name)
    return made


def _is_retired(cursor: Any, name: str) -> bool:
    """Whether retention has detached this month: what comes for it now has no place, and is refused."""
    cursor.execute("SELECT to_regclass(%s)", [f'"{name}"'])
    return cursor.fetchone()[0] is not None


def partitions_of(connection: BaseDatabaseWrapper, table: str) -> set[str]:
    """The names of the partitions attached to a table; empty on SQLite."""
    if connection.vendor != "postgresql":
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
            "WHERE inhparent = to_regclass(%s)",
            [f'"{table}"'],
        )
        return {name for (name,) in cursor.fetchall()}


def months_before(connection: BaseDatabaseWrapper, model: type[models.Model], moment: datetime) -> list[str]:
    """The attached partitions whose whole month lies before a moment, oldest first; none on SQLite."""
    table = model._meta.db_table
    last = partition_name(table, month_of(moment))
    return sorted(name for name in partitions_of(connection, table) if name < last)


def retire_months(
    connection: BaseDatabaseWrapper, model: type[models.Model], names: Iterable[str], *, detach: bool
) -> None:
    """Detach partitions, and drop them unless they are wanted as tables of their own.

    Each in a transaction of its own that waits two seconds at most for its lock, so that nobody queues up behind it.
    """
    table = model._meta.db_table
    for name in names:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            cursor.execute(f'ALTER TABLE "{table}" DETACH PARTITION "{name}"')
            if not detach:
                cursor.execute(f'DROP TABLE "{name}"')


class CreateTimeSeries(migrations.CreateModel):
    """Creates a model's table; on PostgreSQL partitioned by ranges of `partition_by`, without partitions yet."""

    def __init__(self, *args: Any, partition_by: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.partition_by = partition_by

    def deconstruct(self) -> Any:
        name, args, kwargs = super().deconstruct()
        return name, args, {**kwargs, "partition_by": self.partition_by}

    def reduce(self, operation: Operation, app_label: str) -> Any:
        """Never merged with later operations: the result would be a plain CreateModel."""
        return False

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        plain = schema_editor.sql_create_table
        schema_editor.sql_create_table = f'{plain} PARTITION BY RANGE ("{self.partition_by}")'
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            schema_editor.sql_create_table = plain


class SetFillfactor(Operation):
    """Leaves part of each page of a table free for updates in place, on PostgreSQL; nothing on SQLite."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, model_name: str, percent: int) -> None:
        self.model_name = model_name
        self.percent = percent

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__qualname__, [self.model_name, self.percent], {}

    def describe(self) -> str:
        return f"Fill pages of {self.model_name} to {self.percent} %"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing: the state of models does not know of it."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self._set(
            schema_editor, to_state.apps.get_model(app_label, self.model_name), f"SET (fillfactor={self.percent})"
        )

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self._set(schema_editor, from_state.apps.get_model(app_label, self.model_name), "RESET (fillfactor)")

    def _set(self, schema_editor: BaseDatabaseSchemaEditor, model: type[models.Model], clause: str) -> None:
        allowed = self.allow_migrate_model(schema_editor.connection.alias, model)
        if allowed and schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f'ALTER TABLE "{model._meta.db_table}" {clause}')


def _bounds(month: date) -> str:
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return f"FROM ('{month} 00:00:00+00') TO ('{after} 00:00:00+00')"
