"""Tables to which rows are added and from which none is changed or taken away, whoever asks: the database refuses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

Unique = str | tuple[str, ...]


class AppendOnly(Operation):
    """A migration operation: the table of a model refuses UPDATE, DELETE and TRUNCATE with IntegrityError.

    `unique` names the columns whose conflict SQLite would settle by `INSERT OR REPLACE`, which asks no DELETE trigger;
    columns that are unique together stand in a tuple. `encrypted` names the columns that may be written again, because
    keys are rotated: who has no key cannot write there what opens.
    On SQLite a later migration that alters the table must end with the same operation again: triggers go with the table
    that Django rebuilds.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, model_name: str, *, unique: Sequence[Unique], encrypted: Sequence[str] = ()) -> None:
        self.model_name = model_name
        self.unique = list(unique)
        self.encrypted = list(encrypted)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        named: dict[str, Any] = {"unique": self.unique}
        if self.encrypted:
            named["encrypted"] = self.encrypted
        return type(self).__qualname__, [self.model_name], named

    def describe(self) -> str:
        return f"Let nobody change or delete rows of {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"{self.model_name.lower()}_append_only"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing: the state of models does not know of it."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            for statement in _protection(schema_editor.connection.vendor, model, self.unique, self.encrypted):
                schema_editor.execute(statement, params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            for statement in _end_of_protection(schema_editor.connection.vendor, model._meta.db_table):
                schema_editor.execute(statement, params=None)


@contextmanager
def unprotected(
    connection: BaseDatabaseWrapper,
    model: type[models.Model],
    *,
    unique: Sequence[Unique],
    encrypted: Sequence[str] = (),
) -> Iterator[None]:
    """For the owner of the table alone, who can lift the protection anyway: tests that empty their database."""
    _execute(connection, _end_of_protection(connection.vendor, model._meta.db_table))
    try:
        yield
    finally:
        _execute(connection, _protection(connection.vendor, model, unique, encrypted))


def _execute(connection: BaseDatabaseWrapper, statements: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _protection(
    vendor: str, model: type[models.Model], unique: Sequence[Unique], encrypted: Sequence[str]
) -> list[str]:
    table = model._meta.db_table
    kept = [str(field.column) for field in model._meta.local_concrete_fields if field.column not in encrypted]
    update = "UPDATE OF " + ", ".join(f'"{column}"' for column in kept) if encrypted else "UPDATE"
    if vendor == "postgresql":
        return [
            f'CREATE OR REPLACE FUNCTION "{table}_refuse"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN '
            f"RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'restrict_violation'; END $$",
            f'CREATE TRIGGER "{table}_no_change" BEFORE {update} OR DELETE ON "{table}" '
            f'FOR EACH ROW EXECUTE FUNCTION "{table}_refuse"()',
            f'CREATE TRIGGER "{table}_no_truncate" BEFORE TRUNCATE ON "{table}" '
            f'FOR EACH STATEMENT EXECUTE FUNCTION "{table}_refuse"()',
        ]
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    same = " OR ".join(_same(each) for each in unique)
    taken = f'SELECT 1 FROM "{table}" WHERE {same}'  # noqa: S608  # a migration's names
    return [
        f'CREATE TRIGGER "{table}_no_update" BEFORE {update} ON "{table}" {refuse}',
        f'CREATE TRIGGER "{table}_no_delete" BEFORE DELETE ON "{table}" {refuse}',
        f'CREATE TRIGGER "{table}_no_replace" BEFORE INSERT ON "{table}" WHEN EXISTS ({taken}) {refuse}',
    ]


def _same(unique: Unique) -> str:
    columns = [unique] if isinstance(unique, str) else list(unique)
    return "(" + " AND ".join(f'"{column}" = NEW."{column}"' for column in columns) + ")"


def _end_of_protection(vendor: str, table: str) -> list[str]:
    if vendor == "postgresql":
        return [
            *(f'DROP TRIGGER IF EXISTS "{table}_no_{what}" ON "{table}"' for what in ("change", "truncate")),
            f'DROP FUNCTION IF EXISTS "{table}_refuse"()',
        ]
    return [f'DROP TRIGGER IF EXISTS "{table}_no_{what}"' for what in ("update", "delete", "replace")]
