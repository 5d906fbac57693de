"""What a backup and a restore take: a database of quarter-hours, backed up while open, restored into an empty one.

RESTORE_ROWS=5000000 is the figure to reach (10 minutes); without it a tenth, so that the whole bench stays short.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.support import platform
from tests.support.postgres import PostgresServer

ROWS = int(os.environ.get("RESTORE_ROWS") or 500_000)
DEVICES = 200
# Quarter-hours of a year back from a fixed day, each device its own; the partitions of their months are made before.
FILL = """
INSERT INTO energy_energyinterval ({columns})
SELECT {values} FROM generate_series(0, %s - 1) n
"""


def run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="restore-") as name, PostgresServer(durable=True) as server:
        folder = Path(name)
        platform.manage("migrate", "--verbosity=0", database_url=server.url())
        with platform.connect(server) as connection:
            platform.provision(connection, DEVICES)
            _fill(connection)
            connection.execute("VACUUM ANALYZE")
            [size] = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        env = {"BACKUP_KEY": key, "BACKUP_DIR": str(folder), "MEDIA_ROOT": str(folder / "media")}
        backup_s, told = _timed("backup", "--json", env={**env, "DATABASE_URL": server.url()})
        made = json.loads(told)
        empty = server.createdb("restored")
        check_s, _ = _timed("restore", made["file"], "--check", env={**env, "DATABASE_URL": empty})
        restore_s, _ = _timed("restore", made["file"], env={**env, "DATABASE_URL": empty})
    return {
        "rows": made["rows"],
        "database_mb": round(size / 1e6),
        "archive_mb": round(made["bytes"] / 1e6),
        "backup_s": backup_s,
        "check_s": check_s,
        "restore_s": restore_s,
        "restored_rows_per_s": round(made["rows"] / restore_s),
    }


def _fill(connection: Any) -> None:
    """As many quarter-hours as asked for, made by the database itself."""
    from datetime import UTC, datetime, timedelta

    first = datetime(2026, 1, 1, tzinfo=UTC)
    last = first + timedelta(minutes=15) * (ROWS // DEVICES + 1)
    months = {(first + timedelta(days=day)).replace(day=1) for day in range((last - first).days + 2)}
    for month in sorted(months):
        after = (month + timedelta(days=32)).replace(day=1)
        partition = f"energy_energyinterval_y{month:%Y}m{month:%m}"
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {partition} PARTITION OF energy_energyinterval "
            f"FOR VALUES FROM ('{month.isoformat()}') TO ('{after.isoformat()}')"
        )
    ids = "(SELECT min(id) FROM energy_deviceconfiguration)"
    values = {
        "device_id": f"{ids} + n %% {DEVICES}",
        "start": f"'{first.isoformat()}'::timestamptz + (n / {DEVICES}) * interval '15 minutes'",
        "energy_in": "1000 * (n %% 900)",
        "energy_out": "1000 * (n %% 700)",
        "coverage": "1.0",
        "quality": "0",
        "source": "2",
        "recorded_at": "now()",
    }
    values |= _required(connection, values)
    connection.execute(FILL.format(columns=", ".join(values), values=", ".join(values.values())), [ROWS])


def _required(connection: Any, given: dict[str, str]) -> dict[str, str]:
    """What else may not be empty, at its least."""
    least = {"boolean": "false", "bigint": "0", "integer": "0", "smallint": "0", "real": "0", "double precision": "0"}
    rows = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'energy_energyinterval' "
        "AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'"
    ).fetchall()
    return {name: least.get(kind, "''") for name, kind in rows if name not in given}


def _timed(*arguments: str, env: dict[str, str]) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(platform.ROOT / "manage.py"), *arguments],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return round(time.perf_counter() - began, 1), done.stdout
