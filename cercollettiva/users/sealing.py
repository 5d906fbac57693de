"""Data migrations for columns that become encrypted, and back: a plain column is altered first, then its rows sealed.

Rows are read and written past the models, because between the two migrations a column holds both kinds of value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython

from cercollettiva.users.encryption import UnreadableValue, ring
from cercollettiva.users.fields import blind_indexes_of


def seal_columns(model: str, *names: str) -> RunPython:
    """Encrypt what these columns of `app.Model` hold in plain, and fill the blind indexes that look at them."""
    return RunPython(_each(model, names, _sealed, with_indexes=True), _each(model, names, _opened, with_indexes=False))


def fill_indexes(model: str, *names: str) -> RunPython:
    """Fill new blind indexes of columns that are encrypted already."""
    return RunPython(_each(model, names, lambda value, _: value, with_indexes=True), RunPython.noop)


def _each(
    label: str, names: Sequence[str], change: Callable[[str, str], str], *, with_indexes: bool
) -> Callable[[Apps, BaseDatabaseSchemaEditor], None]:
    def run(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        model = apps.get_model(label)
        fields = [model._meta.get_field(name) for name in names]
        indexes = [index for index in blind_indexes_of(model) if index.source in names] if with_indexes else []
        for key, *values in _rows(schema_editor, model, [field.column for field in fields]):
            changed: dict[str, Any] = {}
            for field, value in zip(fields, values, strict=True):
                if not value:
                    continue
                changed[field.column] = change(value, field.context)
                for index in indexes:
                    if index.source == field.name:
                        changed[str(index.column)] = index.index_of(_opened(changed[field.column], field.context))
            _write(schema_editor, model, key, changed)

    return run


def _rows(schema_editor: BaseDatabaseSchemaEditor, model: Any, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """All of them: registers of people are thousands of rows, not millions."""
    quoted = ", ".join(_name(schema_editor, column) for column in (model._meta.pk.column, *columns))
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"SELECT {quoted} FROM {_name(schema_editor, model._meta.db_table)}")  # noqa: S608  # own names
        return list(cursor.fetchall())


def _write(schema_editor: BaseDatabaseSchemaEditor, model: Any, key: Any, changed: dict[str, Any]) -> None:
    if not changed:
        return
    columns = ", ".join(f"{_name(schema_editor, column)} = %s" for column in changed)
    table, primary = (_name(schema_editor, name) for name in (model._meta.db_table, model._meta.pk.column))
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {columns} WHERE {primary} = %s", [*changed.values(), key])  # noqa: S608


def _name(schema_editor: BaseDatabaseSchemaEditor, name: str) -> str:
    return schema_editor.connection.ops.quote_name(name)


def _sealed(value: str, context: str) -> str:
    """The encrypted value; one that is encrypted already stays, so that a migration may run twice."""
    try:
        ring().decrypt(value, context=context)
    except UnreadableValue:
        return ring().encrypt(value, context=context)
    return value


def _opened(value: str, context: str) -> str:
    return ring().decrypt(value, context=context)
