"""The one place that writes time series: a batch of samples and what follows from it, in one transaction.

`postgresql` and `sqlite` are the two dialects, side by side with the same functions; one test suite holds both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from types import ModuleType

from django.db import DataError, IntegrityError, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from cercollettiva.devices.samples import Sample
from cercollettiva.energy.store import heard, journal, months, postgresql, quarantine, sqlite
from cercollettiva.energy.store.batch import Batch, Heard, Incoming, MergedState, Outcome, Refusal, StateRow, Stranger
from cercollettiva.energy.store.rows import ENERGIES, POWERS, Table, dirty_quarters

__all__ = [
    "Batch",
    "Heard",
    "Incoming",
    "MergedState",
    "Outcome",
    "Refusal",
    "StateRow",
    "Stranger",
    "incoming_of",
    "save_batch",
    "save_samples",
]

# What a value raises on its way into a row: the row's fault. Anything else is ours, and stops the ingestor loudly.
BAD_ROW = (DataError, IntegrityError, OverflowError)

Insert = Callable[[BaseDatabaseWrapper, Table, Sequence[Incoming]], tuple[int, list[Refusal]]]


def save_batch(batch: Batch, *, ingestor: str, now: datetime, using: str = "default") -> Outcome:
    """Store a batch: all of it, or nothing when the database is away (its OperationalError travels up).

    A row that is already there with the same payload changes nothing (rule R4). With another payload it becomes a line
    of the quarantine, and so does a row the database refuses, while its neighbours are stored (rule R3).
    """
    connection = connections[using]
    months.ensure(connection, batch)
    try:
        return _save(connection, batch, _insert_together, ingestor=ingestor, now=now)
    except BAD_ROW:
        months.forget()
        months.ensure(connection, batch)
        return _save(connection, batch, _insert_or_split, ingestor=ingestor, now=now)


def save_samples(samples: Iterable[Sample], *, now: datetime, using: str = "default") -> Outcome:
    """Store samples that no broker brought: imports, tests, devices that speak HTTP."""
    return save_batch(Batch(incoming=incoming_of(samples)), ingestor="", now=now, using=using)


def incoming_of(samples: Iterable[Sample]) -> list[Incoming]:
    """Samples without a message, each recognised by what it says."""
    return [Incoming(sample, fingerprint=_fingerprint(sample), topic="", payload=b"") for sample in samples]


def _save(connection: BaseDatabaseWrapper, batch: Batch, insert: Insert, *, ingestor: str, now: datetime) -> Outcome:
    using = connection.alias
    dialect = _dialect(connection)
    energies = batch.energies()
    refused: list[Refusal] = []
    stored = 0
    seq = journal.next_sequence(now, ingestor=ingestor)
    with transaction.atomic(using=using):
        for table, rows in ((POWERS, batch.powers()), (ENERGIES, energies)):
            count, bad = insert(connection, table, rows)
            stored += count
            refused += bad
        dialect.insert_dirty_quarters(connection, dirty_quarters(energies))
        merged = _write_states(connection, batch, seq=seq)
        journal.write(using, batch.received_fingerprints, seq=seq, ingestor=ingestor, now=now)
        quarantine.write_refusals(using, [*batch.refusals, *refused], now=now)
        quarantine.write_strangers(using, batch.strangers, now=now)
        heard.write(using, batch.heard)
    return Outcome(stored, len(batch.incoming) - stored - len(refused), len(refused), merged)


def _write_states(connection: BaseDatabaseWrapper, batch: Batch, *, seq: int) -> Sequence[MergedState]:
    """The last words of the devices. Beside other ingestors the newest word on each component counts."""
    dialect = _dialect(connection)
    if batch.is_shared:
        merged: Sequence[MergedState] = dialect.merge_states(connection, batch.states, seq=seq)
        return merged
    dialect.upsert_states(connection, batch.states, seq=seq)
    return ()


def _insert_together(
    connection: BaseDatabaseWrapper, table: Table, rows: Sequence[Incoming]
) -> tuple[int, list[Refusal]]:
    if not rows:
        return 0, []
    inserted = _dialect(connection).insert(connection, table, rows)
    return inserted.new, [
        _refusal(row, f"Another value is already stored for {row.sample.component} at the same instant.")
        for row in inserted.conflicts
    ]


def _insert_or_split(
    connection: BaseDatabaseWrapper, table: Table, rows: Sequence[Incoming]
) -> tuple[int, list[Refusal]]:
    """Halve the rows until the bad ones stand alone, each half in a savepoint of its own."""
    try:
        with transaction.atomic(using=connection.alias):
            return _insert_together(connection, table, rows)
    except BAD_ROW as error:
        if _is_of_the_table(error):
            raise OperationalError(f"The table is not the one we know: {error}") from error
        if len(rows) == 1:
            return 0, [_refusal(rows[0], f"The database refused the row: {str(error).partition(chr(10))[0]}")]
    middle = len(rows) // 2
    first_count, first_bad = _insert_or_split(connection, table, rows[:middle])
    second_count, second_bad = _insert_or_split(connection, table, rows[middle:])
    return first_count + second_count, first_bad + second_bad


def _is_of_the_table(error: Exception) -> bool:
    """A column that we do not fill, after a migration: every row would be refused, so the messages must wait."""
    return "not-null constraint" in str(error) or "NOT NULL constraint" in str(error)


def _refusal(row: Incoming, reason: str) -> Refusal:
    return Refusal(row.topic, reason, row.payload, row.sample.device_id)


def _dialect(connection: BaseDatabaseWrapper) -> ModuleType:
    return postgresql if connection.vendor == "postgresql" else sqlite


def _fingerprint(sample: Sample) -> int:
    digest = hashlib.blake2b(repr(sample).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
