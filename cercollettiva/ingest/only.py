"""One ingestor of a name at work, the others standing by (rule R9)."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from django.db import connection

LOCK_SPACE = 0x494E47  # of our advisory locks; the other half is the ingestor's name


class AnotherIngestor(Exception):
    """An ingestor of the same name holds the place."""


class OnlyIngestor:
    """Holds a name for this process.

    On PostgreSQL by a lock of the very session that writes: when that session is lost, the place is too, so it is
    asked for again before anything is written. On SQLite by a locked file beside the database.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._session: object | None = None  # the database session that holds the lock
        self._file: IO[str] | None = None

    def hold(self) -> None:
        """Make sure that the place is ours; AnotherIngestor when it is not."""
        connection.ensure_connection()
        if connection.vendor == "postgresql":
            self._hold_session()
        else:
            self._hold_file()

    def _hold_session(self) -> None:
        if connection.connection is self._session:
            return
        self._session = None
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [LOCK_SPACE, self._name])
            if not cursor.fetchone()[0]:
                raise AnotherIngestor
        self._session = connection.connection

    def _hold_file(self) -> None:
        if self._file is not None:
            return
        database = Path(str(connection.settings_dict["NAME"]))
        file = database.with_name(f"{database.name}.{self._name}.lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise AnotherIngestor from None
        self._file = file
