"""SQLite's file copied while others write to it, and put back in one move."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from django.db import connection
from django.db.backends.sqlite3._functions import register
from django.utils.translation import gettext as _

from cercollettiva.ops.backup.archive import BLOCK_BYTES
from cercollettiva.ops.backup.errors import BackupFailed


class Snapshot(NamedTuple):
    """A copy of one instant; gone with the folder it is in."""

    path: Path
    tables: dict[str, int]
    migrations: list[list[str]]


def database_file() -> Path:
    return Path(connection.settings_dict["NAME"])


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    """Beside the database, where there is room for it and nobody else reads."""
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=database_file().parent) as folder:
        path = Path(folder) / "copy.sqlite3"
        with closing(sqlite3.connect(database_file(), timeout=20)) as source, closing(sqlite3.connect(path)) as copy:
            source.backup(copy)
            migrations = [list(row) for row in copy.execute("SELECT app, name FROM django_migrations ORDER BY id")]
            yield Snapshot(path, counts(copy), migrations)


def dump(of: Snapshot) -> Iterator[bytes]:
    with of.path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def table_names() -> list[str]:
    if not database_file().exists():
        return []
    with closing(sqlite3.connect(database_file())) as opened:
        return _tables(opened)


def restore(blocks: Iterable[bytes], *, tables: Mapping[str, int]) -> None:
    """Write beside, check, and only then take the place of the database."""
    connection.close()
    target = database_file()
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.restoring")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for block in blocks:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        _check(beside, tables)
        for suffix in ("-wal", "-shm"):  # of the database that goes
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        beside.replace(target)
    finally:
        for path in target.parent.glob(f"{beside.name}*"):
            path.unlink()


def counts(opened: sqlite3.Connection) -> dict[str, int]:
    return {
        table: opened.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608  # of the catalogue
        for table in _tables(opened)
    }


def _check(path: Path, tables: Mapping[str, int]) -> None:
    with closing(sqlite3.connect(path)) as opened:
        register(opened)  # functions of Django's, which constraints call
        state = opened.execute("PRAGMA integrity_check").fetchone()[0]
        found = counts(opened) if state == "ok" else {}
    if state != "ok" or found != dict(tables):
        raise BackupFailed(_("La copia del database non è intera: il database è rimasto com’era."))


def _tables(opened: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite|_%' ESCAPE '|' ORDER BY name"
    return [name for (name,) in opened.execute(query)]
