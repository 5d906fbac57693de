"""Half-open periods [from, to), kept apart by the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import F, Q


def covers(moment: datetime, *, prefix: str = "") -> Q:
    """The rows whose [active_from, active_to) holds the moment; `prefix` leads to them from another model."""
    return Q(**{f"{prefix}active_from__lte": moment}) & (
        Q(**{f"{prefix}active_to__isnull": True}) | Q(**{f"{prefix}active_to__gt": moment})
    )


def ends_after_it_starts() -> Q:
    """The condition of a check: a period may be empty, never backwards."""
    return Q(active_to__isnull=True) | Q(active_to__gte=F("active_from"))


class NoOverlap(Operation):
    """A migration operation: no two rows with the same `equal` columns and other `different` columns overlap in time.

    `equal` and `different` name columns, `where` gives the rows that count as column: value. A row without a start,
    and an empty period, overlap with nothing. On PostgreSQL this is an exclusion constraint (with btree_gist), on
    SQLite a pair of triggers; both raise IntegrityError with the name.

    SQLite: Django rebuilds a table to alter it and its triggers go with the old one. A later migration that alters the
    table must stand between two `KeptTriggers` (`test_every_promise_about_periods_is_in_the_database` tells).
    """

    reduces_to_sql = True
    reversible = True

    def __init__(
        self,
        model_name: str,
        name: str,
        *,
        equal: Sequence[str],
        different: Sequence[str] = (),
        where: Mapping[str, str] | None = None,
    ) -> None:
        self.model_name = model_name
        self.name = name
        self.equal = list(equal)
        self.different = list(different)
        self.where = dict(where or {})

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        given = {"equal": self.equal, "different": self.different, "where": self.where}
        named = {key: value for key, value in given.items() if value}
        return type(self).__qualname__, [self.model_name, self.name], named

    def describe(self) -> str:
        return f"Keep the periods of {self.model_name} apart: {self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return self.name

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing: the state of models does not know of it."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        table = model._meta.db_table
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist", params=None)
            schema_editor.execute(self._exclusion(table), params=None)
            return
        for event in ("INSERT", "UPDATE"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {self._trigger(event)}")
            schema_editor.execute(self._trigger_sql(table, event), params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f'ALTER TABLE "{model._meta.db_table}" DROP CONSTRAINT IF EXISTS "{self.name}"')
            return
        for event in ("INSERT", "UPDATE"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {self._trigger(event)}")

    def _exclusion(self, table: str) -> str:
        same = [f'"{column}" WITH =' for column in self.equal]
        other = [f'"{column}" WITH <>' for column in self.different]
        elements = ", ".join([*same, *other, 'tstzrange("active_from", "active_to") WITH &&'])
        return (
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{self.name}" '
            f"EXCLUDE USING gist ({elements}) WHERE ({self._counts('')})"
        )

    def _trigger(self, event: str) -> str:
        return f'"{self.name}_{event.lower()}"'

    def _trigger_sql(self, table: str, event: str) -> str:
        same = [f'other."{column}" = NEW."{column}"' for column in self.equal]
        differs = [f'other."{column}" <> NEW."{column}"' for column in self.different]
        another = ["other.rowid <> OLD.rowid"] if event == "UPDATE" else []
        overlap = [_begins_before_the_end_of("NEW.", "other."), _begins_before_the_end_of("other.", "NEW.")]
        not_empty = [_begins_before_the_end_of("NEW.", "NEW."), _begins_before_the_end_of("other.", "other.")]
        conditions = [*same, *differs, *another, *overlap, *not_empty, self._counts("other.")]
        clash = f'SELECT 1 FROM "{table}" AS other WHERE {" AND ".join(conditions)}'  # noqa: S608  # a migration's names
        return (
            f'CREATE TRIGGER {self._trigger(event)} BEFORE {event} ON "{table}" '
            f"WHEN {self._counts('NEW.')} AND EXISTS ({clash}) "
            f"BEGIN SELECT RAISE(ABORT, 'conflicting period: {self.name}'); END"
        )

    def _counts(self, row: str) -> str:
        wanted = [f"{row}\"{column}\" = '{value}'" for column, value in self.where.items()]
        return " AND ".join([f'{row}"active_from" IS NOT NULL', *wanted])


class KeptTriggers(NoOverlap):
    """The same promise again, on both sides of an operation that rebuilds its table on SQLite: so it goes back too.

    Nothing on PostgreSQL, where an altered table keeps its constraints.
    """

    def describe(self) -> str:
        return f"Put the triggers of {self.name} back on SQLite"

    @property
    def migration_name_fragment(self) -> str:
        return f"kept_{self.name}"

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor == "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self.database_forwards(app_label, schema_editor, from_state, to_state)


def _begins_before_the_end_of(one: str, another: str) -> str:
    return f'({another}"active_to" IS NULL OR {one}"active_from" < {another}"active_to")'
