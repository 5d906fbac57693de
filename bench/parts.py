"""The real parts that a benchmark runs on: a private broker, a private database, and the ingestor beside them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.support import platform
from tests.support.mosquitto import MosquittoServer
from tests.support.postgres import PostgresServer
from tests.support.processes import wait_until

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def broker() -> MosquittoServer:
    """A broker that keeps nothing on disk: the same for the ingestor and for the bare consumer."""
    return MosquittoServer(settings={"persistence": "false", "log_type": "error", "autosave_on_changes": None})


@contextmanager
def database(devices: int) -> Iterator[tuple[PostgresServer, psycopg.Connection]]:
    """A durable PostgreSQL with that many devices, which remembers when each row was committed."""
    with (
        platform.provisioned_postgres(devices, track_commit_timestamp="on", max_wal_size="4GB") as server,
        platform.connect(server) as connection,
    ):
        yield server, connection


def python_module(module: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", module, *(str(argument) for argument in arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=platform.ROOT)


def result_of(process: subprocess.Popen[str], *, within: float = 300) -> dict[str, Any]:
    output, _ = process.communicate(timeout=within)
    if process.returncode:
        raise RuntimeError(f"{process.args} ended with {process.returncode}")
    answer: dict[str, Any] = json.loads(output)
    return answer


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its threads so far. [s]"""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def peak_memory_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no memory figure")


def wait_for_rows(connection: psycopg.Connection, rows: int, *, within: float) -> bool:
    return wait_until(lambda: count(connection) >= rows, within=within, every=0.25)


def count(connection: psycopg.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM energy_devicemeasurement").fetchone()[0])  # type: ignore[index]


def empty(connection: psycopg.Connection) -> None:
    connection.execute("TRUNCATE energy_devicemeasurement, energy_energymeasurement, energy_ingestbatch")


def figures_of(module: str, *arguments: object, **variables: str) -> dict[str, Any]:
    """What `python -m module` prints as JSON: a process of its own, so that its CPU and its settings are its own.

    `variables` are those of its environment that differ, in small letters or large: `database_url`.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    env = os.environ | {name.upper(): value for name, value in variables.items()}
    done = subprocess.run(command, env=env, cwd=platform.ROOT, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
