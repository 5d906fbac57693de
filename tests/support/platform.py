"""The platform on real parts outside pytest's own database: for faults under load and for the benchmarks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.support import migrated
from tests.support.mosquitto import MosquittoServer
from tests.support.postgres import PostgresServer
from tests.support.processes import Child

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "cercollettiva/IT001E{0:08d}/shellypro3em-{0:06x}"  # of the n-th device


@contextmanager
def provisioned_postgres(devices: int, **settings: str) -> Iterator[PostgresServer]:
    """A durable PostgreSQL of its own, migrated, with that many devices."""
    with PostgresServer(durable=True, settings=settings) as server:
        migrated.postgres_at(server.url())
        with connect(server) as connection:
            provision(connection, devices)
            connection.execute("VACUUM ANALYZE")
        yield server


def connect(server: PostgresServer) -> psycopg.Connection:
    return psycopg.connect(server.url(), autocommit=True)


def manage(*arguments: str, database_url: str) -> None:
    subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env={**os.environ, "DATABASE_URL": database_url},
        check=True,
    )


def provision(connection: psycopg.Connection, devices: int) -> None:
    """Devices in bulk, named as the load generator names them."""
    connection.execute(
        "INSERT INTO energy_deviceconfiguration (device_id, device_type_id, vendor, model, topic_prefix, time_zone,"
        " firmware, is_active, created_at, updated_at)"
        " SELECT format('shellypro3em-%%s', lpad(to_hex(n), 6, '0')), 'SHELLY_PRO_3EM', 'Shelly', 'Pro 3EM',"
        " format('cercollettiva/IT001E%%s/shellypro3em-%%s', lpad(n::text, 8, '0'), lpad(to_hex(n), 6, '0')),"
        " 'Europe/Rome', '', true, now(), now() FROM generate_series(0, %s - 1) n",
        [devices],
    )


@contextmanager
def ingestor(server: PostgresServer, mosquitto: MosquittoServer, *command: str) -> Iterator[Child]:
    """The real ingest process, connected and subscribed; `command` takes the place of `manage.py ingest`."""
    child = ingestor_process(server, mosquitto, *command)
    child.answers = lambda: has_subscribed(child)
    with child:
        yield child


def ingestor_process(server: PostgresServer, mosquitto: MosquittoServer, *command: str) -> Child:
    """The same, not started yet."""
    arguments = command or (str(ROOT / "manage.py"), "ingest")
    env: dict[str, Any] = {"DATABASE_URL": server.url(), "MQTT_URL": mosquitto.url, "PYTHONPATH": str(ROOT)}
    return Child([sys.executable, "-u", *arguments], name="ingest", env=env)


def has_connected(child: Child) -> bool:
    return connections(child) > 0


def has_subscribed(child: Child) -> bool:
    """Whether what is published now arrives."""
    return f"[{child.pid}] Subscribed" in child.log.read_text(errors="replace")


def connections(child: Child) -> int:
    """How often this process has connected to the broker so far."""
    return child.log.read_text(errors="replace").count(f"[{child.pid}] Connected to the broker")
