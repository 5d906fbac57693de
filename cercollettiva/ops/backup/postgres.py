"""The whole database through pg_dump and back, as one moment saw it and in one transaction.

The dump is read from the snapshot of a transaction that also counts the rows, so counts and rows are of one instant
while meters go on writing. The way back is one transaction too: it commits only after the archive was read to its end
and every table has as many rows as it should; whatever goes wrong before leaves the database as it was.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any, Final, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.utils.translation import gettext as _

from cercollettiva.ops.backup.archive import BLOCK_BYTES
from cercollettiva.ops.backup.errors import BackupFailed

QUEUE_TABLES: Final = "huey_"  # jobs are found again from the rows; those of the past are not done twice
LOCK_WAIT: Final = "60s"


class Snapshot(NamedTuple):
    """One instant of the database, for as long as the transaction behind it is open."""

    name: str
    schema: str
    tables: dict[str, int]
    migrations: list[list[str]]


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        with own.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT pg_export_snapshot(), current_schema()")
            name, schema = cursor.fetchone()
            tables = {table: _count(cursor, table) for table in _tables(cursor)}
            cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
            yield Snapshot(name, schema, tables, [list(row) for row in cursor.fetchall()])
    finally:
        own.close()


def dump(of: Snapshot) -> Iterator[bytes]:
    """pg_dump's own format, block by block. Raises BackupFailed where it does not end well."""
    command = [
        *(_program("pg_dump"), "--format=custom", "--compress=1", "--no-owner", "--no-privileges"),
        *(f"--snapshot={of.name}", f"--lock-wait-timeout={LOCK_WAIT}", f"--exclude-table-data={QUEUE_TABLES}*"),
        *_address(),
    ]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=_environment(), stdout=subprocess.PIPE, stderr=said)
        try:
            assert process.stdout is not None  # noqa: S101  # asked for above
            while block := process.stdout.read(BLOCK_BYTES):
                yield block
            if process.wait() != 0:
                raise BackupFailed(_("pg_dump non è riuscito: %(reason)s") % {"reason": _last_words(said)})
        finally:
            _end(process)


def table_names() -> list[str]:
    with connection.cursor() as cursor:
        return _tables(cursor)


def other_sessions() -> int:
    """Of other programs on this database, which would see it change under them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


def restore(blocks: Iterable[bytes], *, schema: str, tables: Mapping[str, int], replace: bool) -> None:
    """Fill the database in one transaction from what `dump` gave."""
    connection.close()
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as read_by:
        reader = subprocess.Popen(
            [_program("pg_restore"), "--no-owner", "--no-privileges", "--file=-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=read_by,
        )
        writer = subprocess.Popen(
            [_program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *_address()],
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            _run(reader, writer, blocks, _before(schema, replace=replace), _after(schema, tables), (read_by, said))
        finally:
            _end(writer)  # killed before its COMMIT, it leaves nothing
            _end(reader)


def _run(
    reader: subprocess.Popen[bytes],
    writer: subprocess.Popen[bytes],
    blocks: Iterable[bytes],
    before: str,
    after: str,
    words: tuple[IO[bytes], IO[bytes]],
) -> None:
    assert reader.stdin and reader.stdout and writer.stdin  # noqa: S101, PT018  # asked for above
    feeder = _Feeder(blocks, reader.stdin)
    feeder.start()
    try:
        writer.stdin.write(before.encode())
        shutil.copyfileobj(reader.stdout, writer.stdin, BLOCK_BYTES)
        feeder.join()
        if feeder.error is not None:
            raise feeder.error
        if reader.wait() != 0:
            raise BackupFailed(_("pg_restore non è riuscito: %(reason)s") % {"reason": _last_words(words[0])})
        writer.stdin.write(after.encode())
        writer.stdin.close()
    except BrokenPipeError:  # psql has stopped at an error: it says which
        writer.wait()
    if writer.wait() != 0:
        raise BackupFailed(
            _("Il database ha rifiutato la copia, ed è rimasto com’era: %(reason)s") % {"reason": _last_words(words[1])}
        )


class _Feeder(threading.Thread):
    """Gives the dump to pg_restore, while its output is read elsewhere."""

    def __init__(self, blocks: Iterable[bytes], pipe: IO[bytes]) -> None:
        super().__init__(name="dump", daemon=True)
        self._blocks = blocks
        self._pipe = pipe
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            for block in self._blocks:
                self._pipe.write(block)
        except BrokenPipeError:  # pg_restore has ended: its exit code tells
            pass
        except BaseException as error:  # handed to whoever waits for this thread
            self.error = error
        finally:
            with suppress(BrokenPipeError):
                self._pipe.close()


def _before(schema: str, *, replace: bool) -> str:
    name = connection.ops.quote_name(schema)
    emptied = f"DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name};\n" if replace else ""
    return f"BEGIN;\nSET LOCAL lock_timeout = '10s';\nSET LOCAL client_min_messages = warning;\n{emptied}"


def _after(schema: str, tables: Mapping[str, int]) -> str:
    """Count once more, inside the transaction: it commits what is right, or nothing."""
    checks = []
    for table, rows in tables.items():
        name = f"{connection.ops.quote_name(schema)}.{connection.ops.quote_name(table)}"
        checks.append(
            f"SELECT count(*) INTO n FROM {name}; IF n <> {int(rows)} THEN "  # noqa: S608  # names of the manifest, quoted
            f"RAISE EXCEPTION 'table % has % rows, not {int(rows)}', {_literal(table)}, n; END IF;"
        )
    block = "DO $verify$ DECLARE n bigint; BEGIN\n" + "\n".join(checks) + "\nEND $verify$;\n"
    return f"RESET client_min_messages;\n{block}COMMIT;\nANALYZE;\n"


def _tables(cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT relname FROM pg_class JOIN pg_namespace space ON space.oid = relnamespace "
        "WHERE nspname = current_schema() AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname"
    )
    return [name for (name,) in cursor.fetchall() if not name.startswith(QUEUE_TABLES)]


def _count(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608  # of the catalogue
    return int(cursor.fetchone()[0])


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _address() -> list[str]:
    """Where the database is, without its password, which the list of processes would show."""
    chosen = connection.settings_dict
    names = {"HOST": "host", "PORT": "port", "USER": "username"}
    told = [f"--{name}={chosen[key]}" for key, name in names.items() if chosen.get(key)]
    return [*told, "--no-password", f"--dbname={chosen['NAME']}"]


def _environment() -> dict[str, str]:
    """Libpq's own variables, and the password."""
    from cercollettiva.settings import env

    password = connection.settings_dict.get("PASSWORD")
    secret = {"PGPASSWORD": str(password)} if password else {}
    return {**env.of_this_process(), **secret, "PGTZ": "UTC"}


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BackupFailed(
            _("Manca il programma %(name)s: installa il client di PostgreSQL (apt install postgresql-client).")
            % {"name": name}
        )
    return found


def _last_words(said: IO[bytes]) -> str:
    said.seek(0, os.SEEK_END)
    said.seek(max(0, said.tell() - 2000))
    lines = said.read().decode(errors="replace").strip().splitlines()
    return " ".join(line for line in lines if "DETAIL" not in line and "CONTEXT" not in line)[-600:]


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    process.wait()
