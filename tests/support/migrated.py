"""Migrated databases without migrating each: made once for a checkout, as a file, and copied, which is a moment's work.

What lies in `var/tests` is named after everything that decides it, so a change of the code makes it anew.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from tests.support import processes
from tests.support.postgres import binary

ROOT: Final = Path(__file__).resolve().parents[2]
KEPT: Final = ROOT / "var" / "tests"
TEMPLATE: Final = "migrated"


def copy_for_this_process() -> None:
    """Make the database that Django's tests expect here; whoever comes first makes the one to copy."""
    name = connection.creation._get_test_db_name()
    if connection.vendor == "sqlite":
        sqlite_at(Path(name))
        return
    quote = connection.ops.quote_name
    with (
        (processes.session_folder() / f"{TEMPLATE}.lock").open("w") as lock,
        connection._nodb_cursor() as cursor,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {quote(TEMPLATE)}")
            postgres_at(urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{TEMPLATE}")))
        cursor.execute(f"CREATE DATABASE {quote(name)} TEMPLATE {quote(TEMPLATE)}")


def sqlite_at(path: Path) -> None:
    """A migrated SQLite file there."""
    shutil.copyfile(_kept("sqlite3", lambda kept: _migrate(f"sqlite:///{kept}")), path)


def postgres_at(url: str) -> None:
    """An empty database of PostgreSQL becomes a migrated one."""

    def make(kept: Path) -> None:
        _migrate(url)
        _run(binary("pg_dump"), "--no-owner", "--file", kept, "--dbname", url)
        made.append(kept)

    made: list[Path] = []
    dump = _kept("sql", make)
    if not made:
        restored = ("--no-psqlrc", "--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1", "--file", dump)
        _run(binary("psql"), *restored, "--output", os.devnull, "--dbname", url)


def _kept(kind: str, make: Callable[[Path], None]) -> Path:
    """The file that is copied; the first to ask makes it, and clears away those of yesterday's code."""
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"{TEMPLATE}-{_decided_by()}.{kind}"
    with (KEPT / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            for old in KEPT.glob(f"{TEMPLATE}-*.{kind}*"):
                old.unlink()
            unfinished = path.with_suffix(f".{kind}.making")
            make(unfinished)
            unfinished.rename(path)
    return path


@functools.cache
def _decided_by() -> str:
    """A digest of our code and of the libraries' versions."""
    digest = hashlib.sha256()
    sources = sorted((ROOT / "cercollettiva").rglob("*.py"))
    for path in (*sources, ROOT / "requirements" / "dev.lock"):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _migrate(url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": url}
    subprocess.run([sys.executable, ROOT / "manage.py", "migrate", "--verbosity=0"], env=environment, check=True)


def _run(*command: str | Path) -> None:
    subprocess.run([str(word) for word in command], check=True)
