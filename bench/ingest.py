"""The ingestor under load: rate, cost of a message beside the bare consumer, delay, memory, bytes a row."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from array import array
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from bench import parts, sharing
from tests.support import platform

MESSAGES = 40_000
REPEATS = 5


def run() -> dict[str, Any]:
    """All the figures of the ingestor, from one run on one machine."""
    return {
        **side_by_side(),
        "delay_at_1000_per_s": delay(rate=1000, seconds=30, devices=1000),
        "delay_at_2500_per_s": delay(rate=2500, seconds=60, devices=1000),
    }


def side_by_side() -> dict[str, Any]:
    """Rates at three numbers of devices and the bare consumers, repeated in turn so that noise falls on all alike."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for turn in range(REPEATS):
        runs.setdefault("mosquitto_sub", []).append(null_consumer())
        runs.setdefault("bare_paho", []).append(bare_consumer())
        for devices in (10, 1000, 10_000)[:: -1 if turn % 2 else 1]:  # no number of devices is always first
            runs.setdefault(f"ingest_{devices}_devices", []).append(throughput(devices))
    medians = {
        name: {key: round(statistics.median(one[key] for one in several), 2) for key in several[0]}
        for name, several in runs.items()
    }
    bare = medians["bare_paho"]["cpu_us_per_message"]
    few, many = medians["ingest_10_devices"], medians["ingest_10000_devices"]
    medians["ratios"] = {
        "cpu_ingest_to_bare_paho_10_devices": round(few["cpu_us_per_message"] / bare, 2),
        "cpu_ingest_to_bare_paho_1000_devices": round(medians["ingest_1000_devices"]["cpu_us_per_message"] / bare, 2),
        "cpu_ingest_to_bare_paho_10000_devices": round(many["cpu_us_per_message"] / bare, 2),
        "rate_at_10000_devices_to_rate_at_10": round(many["messages_per_s"] / few["messages_per_s"], 2),
    }
    return medians


def throughput(devices: int) -> dict[str, float]:
    """As fast as it goes: durable messages a second, from the first publish to the last commit."""
    with (
        parts.database(devices) as (server, connection),
        parts.broker() as broker,
        platform.ingestor(server, broker) as child,
    ):
        warm_up(connection, broker.port, devices)
        cpu = parts.cpu_seconds(child.pid)
        publisher = parts.python_module("bench.publisher", broker.port, MESSAGES, devices)
        arrived = parts.wait_for_rows(connection, MESSAGES, within=120)
        began = parts.result_of(publisher)["began"]
        cost = (parts.cpu_seconds(child.pid) - cpu) / MESSAGES * 1e6
        rows = parts.count(connection)
        return {
            "messages_per_s": MESSAGES / (last_commit(connection) - began),
            "cpu_us_per_message": cost,
            "lost": MESSAGES - rows if not arrived else 0,
            "peak_memory_mb": parts.peak_memory_mb(child.pid),
            "bytes_per_row": bytes_per_row(connection, rows),
        }


def warm_up(connection: psycopg.Connection, port: int, devices: int) -> None:
    """Every device once: routes resolved, states made, partitions there."""
    messages = max(devices, 2000)
    parts.result_of(parts.python_module("bench.publisher", port, messages, devices))
    if not parts.wait_for_rows(connection, messages, within=60):
        raise RuntimeError(f"{messages - parts.count(connection)} of {messages} messages are missing after the warm-up")
    parts.empty(connection)


def bare_consumer() -> dict[str, float]:
    with parts.broker() as broker:
        consumer = parts.python_module("bench.bare_consumer", broker.port, MESSAGES)
        time.sleep(1)
        parts.result_of(parts.python_module("bench.publisher", broker.port, MESSAGES, 1000))
        return parts.result_of(consumer)


def null_consumer() -> dict[str, float]:
    """What broker and generator do when nobody thinks: mosquitto_sub."""
    with parts.broker() as broker:
        command = ["mosquitto_sub", "-p", str(broker.port), "-t", "cercollettiva/#", "-q", "1", "-C", str(MESSAGES)]
        consumer = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        time.sleep(0.5)
        began = time.time()
        publisher = parts.python_module("bench.publisher", broker.port, MESSAGES, 1000)
        consumer.wait(120)
        seconds = time.time() - began
        parts.result_of(publisher)
        return {"messages_per_s": MESSAGES / seconds}


def delay(*, rate: int, seconds: int, devices: int, members: int = 0) -> dict[str, Any]:
    """From the publish to the commit of its row, at a steady rate; with `members`, to a group of so many ingestors.

    In a group a device must speak more seldom than a load goes, or its messages overtake each other.
    """
    messages = rate * seconds
    with (
        parts.database(devices) as (server, connection),
        parts.broker() as broker,
        tempfile.TemporaryDirectory() as folder,
        ExitStack() as stack,
    ):
        group = [stack.enter_context(sharing.member(server, broker, number)) for number in range(members)]
        group = group or [stack.enter_context(platform.ingestor(server, broker))]
        warm_up(connection, broker.port, devices)
        times = Path(folder) / "times"
        parts.result_of(parts.python_module("bench.publisher", broker.port, messages, devices, rate, times))
        parts.wait_for_rows(connection, messages, within=60)
        published: array[float] = array("d")
        published.frombytes(times.read_bytes())
        delays = sorted(delays_of(connection, published, devices))
        return {
            "rate_reached": round(messages / (published[-1] - published[0])),
            "lost": messages - len(delays),
            "p50_s": round(delays[len(delays) // 2], 3),
            "p99_s": round(delays[len(delays) * 99 // 100], 3),
            "peak_memory_mb": round(max(parts.peak_memory_mb(child.pid) for child in group), 1),
        }


def delays_of(connection: psycopg.Connection, published: array[float], devices: int) -> list[float]:
    """Publish to commit of each row. A device's messages stay in order, so its n-th row is its n-th message. [s]"""
    rows = connection.execute(
        "SELECT device.device_id, extract(epoch FROM pg_xact_commit_timestamp(row.xmin))::float8"
        " FROM energy_devicemeasurement row JOIN energy_deviceconfiguration device ON device.id = row.device_id"
        " ORDER BY row.device_id, row.timestamp"
    )
    seen: dict[str, int] = {}
    delays = []
    for name, committed in rows:
        nth = seen[name] = seen.get(name, -1) + 1
        number = int(name.rpartition("-")[2], 16) + nth * devices
        delays.append(committed - published[number])
    return delays


def last_commit(connection: psycopg.Connection) -> float:
    """When the last row was committed, as seconds since 1970."""
    statement = "SELECT extract(epoch FROM max(pg_xact_commit_timestamp(xmin)))::float8 FROM energy_devicemeasurement"
    return float(connection.execute(statement).fetchone()[0])  # type: ignore[index]


def bytes_per_row(connection: psycopg.Connection, rows: int) -> float:
    """Table and index of the measurements, over their number."""
    statement = (
        "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits"
        " WHERE inhparent = 'energy_devicemeasurement'::regclass"
    )
    return float(connection.execute(statement).fetchone()[0]) / rows  # type: ignore[index]
