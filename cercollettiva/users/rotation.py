"""Puts every encrypted value under the first key of the ring, so that the keys after it can be taken away.

What is left to do is in the rows themselves, which name the key they are under: a rotation that is killed goes on where
it stopped when it is started again. Blind indexes come from the same keys and change in the same UPDATE as the value
they index. A row is written only if it still holds what was read: whoever saved it in between used the new key
already, or is met in the next pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from cercollettiva.users.encryption import KeyRing, UnreadableValue, ring
from cercollettiva.users.fields import BlindIndexField, EncryptedTextField, blind_indexes_of, encrypted_fields_of
from cercollettiva.users.rotation_json import Refused, SealedJson, sealed_json

BATCH = 500
PASSES = 5  # each meets what was written under an old key during the one before


@dataclass
class Outcome:
    """What was done, what could not be, and what is still under another key."""

    rotated: dict[str, int] = field(default_factory=dict)  # app.Model: values
    refused: list[Refused] = field(default_factory=list)
    left: int = 0


class Column(NamedTuple):
    field: EncryptedTextField
    indexes: list[BlindIndexField]


class Table:
    """The encrypted columns of a model, read and written as the database holds them."""

    def __init__(self, model: type[models.Model], connection: BaseDatabaseWrapper, keys: KeyRing) -> None:
        self.label = model._meta.label
        self.columns = [
            Column(each, [index for index in blind_indexes_of(model) if index.source == each.name])
            for each in encrypted_fields_of(model)
        ]
        self._connection = connection
        self._keys = keys
        quote = connection.ops.quote_name
        self._table, self._key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
        self._names = [quote(str(each.field.column)) for each in self.columns]
        current = f"{keys.first}:"
        # Not LIKE, which on SQLite takes K1 for k1.
        self._old = " OR ".join(f"({name} <> '' AND substr({name}, 1, {len(current)}) <> %s)" for name in self._names)
        self._current = [current] * len(self._names)

    def count(self) -> int:
        """The values that are under another key."""
        length = len(self._current[0])
        one = "count(CASE WHEN {0} <> '' AND substr({0}, 1, {1}) <> %s THEN 1 END)"
        counts = " + ".join(one.format(name, length) for name in self._names)
        with self._connection.cursor() as cursor:
            cursor.execute(f"SELECT {counts} FROM {self._table}", self._current)  # noqa: S608  # names of our own
            return int(cursor.fetchone()[0])

    def old_rows(self, *, batch: int) -> Iterator[list[tuple[Any, ...]]]:
        """Rows with a value under another key, a batch at a time, each row once."""
        after: Any = None
        while True:
            beyond = f"AND {self._key} > %s " if after is not None else ""
            sql = (
                f"SELECT {self._key}, {', '.join(self._names)} FROM {self._table} WHERE ({self._old}) {beyond}"  # noqa: S608
                f"ORDER BY {self._key} LIMIT {batch}"
            )
            with self._connection.cursor() as cursor:
                cursor.execute(sql, [*self._current, *([after] if after is not None else [])])
                rows = cursor.fetchall()
            if not rows:
                return
            after = rows[-1][0]
            yield rows

    def rotated(self, *, batch: int) -> Iterator[tuple[int, list[Refused]]]:
        """How many values were put under the first key, and those that cannot be, batch by batch."""
        for rows in self.old_rows(batch=batch):
            yield self.rotate(rows)

    def rotate(self, rows: list[tuple[Any, ...]]) -> tuple[int, list[Refused]]:
        """How many values of these rows are under the first key now that were not, and those that cannot be."""
        try:
            return self._rotated_together(rows)
        except IntegrityError:  # one of them stops the others: by itself each
            alone = [self._rotated_alone(row) for row in rows]
            return sum(done for done, _ in alone), [each for _, refused in alone for each in refused]

    def _rotated_together(self, rows: list[tuple[Any, ...]]) -> tuple[int, list[Refused]]:
        done, refused = 0, []
        with transaction.atomic(using=self._connection.alias):
            for key, *values in rows:
                new, unreadable = self._under_the_first_key(key, values)
                refused += unreadable
                done += self._write(key, values, new)
        return done, refused

    def _rotated_alone(self, row: tuple[Any, ...]) -> tuple[int, list[Refused]]:
        try:
            return self._rotated_together([row])
        except IntegrityError as error:
            # An index that must be unique: the same code stands in two rows that had different keys.
            return 0, [Refused(self.label, row[0], "", type(error).__name__)]

    def _under_the_first_key(self, key: object, values: list[Any]) -> tuple[dict[int, tuple[str, str]], list[Refused]]:
        """The new value and the text of each column that needs one."""
        new, refused = {}, []
        for place, (column, value) in enumerate(zip(self.columns, values, strict=True)):
            if not value or self._keys.is_current(value):
                continue
            context = column.field.context
            try:
                text = self._keys.decrypt(value, context=context)
            except UnreadableValue as error:
                refused.append(Refused(self.label, key, column.field.name, type(error).__name__))
                continue
            new[place] = self._keys.encrypt(text, context=context), text
        return new, refused

    def _write(self, key: Any, read: list[Any], new: dict[int, tuple[str, str]]) -> int:
        """Write the row if it still holds what was read."""
        if not new:
            return 0
        given: dict[str, str] = {}
        for place, (value, text) in new.items():
            given[self._names[place]] = value
            for index in self.columns[place].indexes:
                given[self._connection.ops.quote_name(str(index.column))] = index.index_of(text)
        assignments = ", ".join(f"{name} = %s" for name in given)
        unchanged = " AND ".join(f"{self._names[place]} = %s" for place in new)
        sql = f"UPDATE {self._table} SET {assignments} WHERE {self._key} = %s AND {unchanged}"  # noqa: S608
        with self._connection.cursor() as cursor:
            cursor.execute(sql, [*given.values(), key, *(read[place] for place in new)])
            return len(new) if cursor.rowcount else 0


def places(using: str = DEFAULT_DB_ALIAS) -> list[Table | SealedJson]:
    """Wherever something is encrypted."""
    return [*tables(using), *sealed_json(ring(), using)]


def tables(using: str = DEFAULT_DB_ALIAS) -> list[Table]:
    """Every model with encrypted columns, of whatever room."""
    keys, connection = ring(), connections[using]
    found = [model for model in apps.get_models(include_auto_created=True) if encrypted_fields_of(model)]
    return [Table(model, connection, keys) for model in found if model._meta.managed and not model._meta.proxy]


def left(using: str = DEFAULT_DB_ALIAS) -> dict[str, int]:
    """How many values of each model are not under the first key."""
    return {place.label: place.count() for place in places(using)}


def rotate(
    *, batch: int = BATCH, tell: Callable[[str, int], None] = lambda *_: None, using: str = DEFAULT_DB_ALIAS
) -> Outcome:
    """Rotate all there is; `tell` hears the model and how many of its values were rotated so far, batch by batch."""
    outcome = Outcome()
    for _ in range(PASSES):
        outcome.refused = []
        for place in places(using):
            for done, refused in place.rotated(batch=batch):
                outcome.refused += refused
                outcome.rotated[place.label] = outcome.rotated.get(place.label, 0) + done
                tell(place.label, outcome.rotated[place.label])
        outcome.left = sum(left(using).values())
        if outcome.left <= len(outcome.refused):
            break
    return outcome
