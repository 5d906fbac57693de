"""The migrated database, made once for all processes of a run: each takes a copy, which is a moment's work."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from tests.support import processes

TEMPLATE = "migrated"
MANAGE = Path(__file__).resolve().parents[2] / "manage.py"


def copy_for_this_process() -> None:
    """Make the database that Django's tests expect here; whoever comes first makes the one to copy."""
    folder = processes.session_folder()
    with (folder / f"{TEMPLATE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        name = connection.creation._get_test_db_name()
        if connection.vendor == "sqlite":
            template = folder / f"{TEMPLATE}.sqlite3"
            if not template.exists():
                _migrate(f"sqlite:///{template}")
            shutil.copyfile(template, name)
            return
        quote = connection.ops.quote_name
        with connection._nodb_cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {quote(TEMPLATE)}")
                _migrate(urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{TEMPLATE}")))
            cursor.execute(f"CREATE DATABASE {quote(name)} TEMPLATE {quote(TEMPLATE)}")


def _migrate(url: str) -> None:
    command = [sys.executable, str(MANAGE), "migrate", "--verbosity=0"]
    subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, check=True)
