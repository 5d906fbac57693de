"""A day of one-minute registers to quarter-hours and all their totals, beside reading the same rows and interpolating.

Both in one process on one database, in turn; the first number is what a plain solution could not do without.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from typing import Any

import psycopg

from bench import parts
from tests.support import platform

REPEATS = 3


def run() -> dict[str, Any]:
    """The cost at 250 and at 1,000 devices, over that of reading the rows and one `np.interp` a device."""
    few, many = (day_of(devices) for devices in (250, 1000))
    return {
        "day_of_250_devices": few,
        "day_of_1000_devices": many,
        "ratios": {
            "aggregate_to_reading_1000_devices": round(many["aggregate_s"] / many["reading_s"], 2),
            "seconds_a_device_1000_to_250": round(many["aggregate_s"] / few["aggregate_s"] / 4, 2),
        },
    }


def day_of(devices: int) -> dict[str, float]:
    with parts.database(devices) as (server, connection):
        worker = subprocess.run(
            [sys.executable, "-m", "bench.energy_worker", str(REPEATS)],
            env={**os.environ, "DATABASE_URL": server.url(), "DJANGO_SETTINGS_MODULE": "cercollettiva.settings.local"},
            cwd=platform.ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        runs = [[float(word) for word in line.split()] for line in worker.stdout.splitlines()]
        reading, aggregating, memory = zip(*runs, strict=True)
        intervals = _number(connection, "SELECT count(*) FROM energy_energyinterval")
        return {
            "readings": _number(connection, "SELECT count(*) FROM energy_energymeasurement"),
            "intervals": intervals,
            "totals": _number(connection, "SELECT count(*) FROM energy_energyaggregate"),
            "reading_s": round(statistics.median(reading), 2),
            "aggregate_s": round(statistics.median(aggregating), 2),
            "peak_memory_mb": max(memory),
            "bytes_per_interval": round(
                _number(
                    connection,
                    "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits"
                    " WHERE inhparent = 'energy_energyinterval'::regclass",
                )
                / intervals
            ),
        }


def _number(connection: psycopg.Connection, statement: str) -> float:
    return float(connection.execute(statement).fetchone()[0])  # type: ignore[index]
