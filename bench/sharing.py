"""What a message costs when 1, 2 or 4 ingestors share one subscription: side by side, on one machine.

Twice: as fast as it goes, where each takes batches as full as it can, and at a steady rate that one can take alone,
where four share the same messages and each pays for smaller batches of its own. Beside the CPU stand counts, each for a
thousand messages, that depend less on how busy the machine is: they tell what several ingestors do more often than one.
And beside the ingestors stand bare consumers in groups of the same sizes, that decode and forget: what they cost more
in a group is not ours.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from bench import parts
from tests.support import platform
from tests.support.mosquitto import MosquittoServer
from tests.support.postgres import PostgresServer
from tests.support.processes import Child

MESSAGES = int(os.environ.get("CER_BENCH_MESSAGES") or 80_000)
RATE = int(os.environ.get("CER_BENCH_RATE") or 2500)  # messages a second, of the steady part
DEVICES = 1000
REPEATS = int(os.environ.get("CER_BENCH_REPEATS") or 3)
GROUPS = (1, 2, 4)
STATISTICS_SECONDS = 1.5  # until PostgreSQL has told its own


def run() -> dict[str, Any]:
    """The median of each size of group, measured in turn so that noise falls on all alike."""
    with parts.database(DEVICES) as (server, connection):
        return {
            "as_fast_as_it_goes": of_all_groups(server, connection, messages=MESSAGES, rate=0),
            f"at_{RATE}_a_second": of_all_groups(server, connection, messages=MESSAGES // 2, rate=RATE),
        }


def of_all_groups(
    server: PostgresServer, connection: psycopg.Connection, *, messages: int, rate: int
) -> dict[str, Any]:
    runs: dict[int, list[dict[str, float]]] = {size: [] for size in GROUPS}
    bare: dict[int, list[float]] = {size: [] for size in GROUPS}
    for _ in range(REPEATS):
        for size in GROUPS:
            runs[size].append(cost(server, connection, size, messages=messages, rate=rate))
            bare[size].append(bare_cost(size, messages=messages, rate=rate))
    medians = {
        size: {name: round(statistics.median(one[name] for one in several), 1) for name in several[0]}
        for size, several in runs.items()
    }
    cpu = {size: figures.pop("cpu_us") for size, figures in medians.items()}
    bare_cpu = {size: round(statistics.median(several), 1) for size, several in bare.items()}
    return {
        "cpu_us_per_message": {f"{size}_ingestors": cpu[size] for size in GROUPS},
        "to_one_ingestor": {f"{size}_ingestors": round(cpu[size] / cpu[1], 2) for size in GROUPS},
        "bare_cpu_us_per_message": {f"{size}_consumers": bare_cpu[size] for size in GROUPS},
        "bare_to_one_consumer": {f"{size}_consumers": round(bare_cpu[size] / bare_cpu[1], 2) for size in GROUPS},
        "per_1000_messages": {f"{size}_ingestors": medians[size] for size in GROUPS},
    }


def cost(
    server: PostgresServer, connection: psycopg.Connection, size: int, *, messages: int, rate: int
) -> dict[str, float]:
    """CPU of all ingestors of a group together over the messages [µs], and what they did for a thousand of them."""
    with parts.broker() as broker, ExitStack() as stack:
        group = [stack.enter_context(member(server, broker, number)) for number in range(size)]
        publish(connection, broker, DEVICES * size)  # every device once at each: routes resolved, states made
        began = done_by(connection, group)
        publish(connection, broker, messages, rate)
        done = done_by(connection, group)
        done["batches"] = batches(connection)
    return {name: (value - began.get(name, 0)) / messages * 1000 for name, value in done.items()}


def bare_cost(size: int, *, messages: int, rate: int) -> float:
    """CPU of a group of bare consumers together over the messages [µs]."""
    with parts.broker() as broker, ExitStack() as stack:
        group = [stack.enter_context(bare_member(broker, number)) for number in range(size)]
        began = sum(parts.cpu_seconds(consumer.pid) for consumer in group)
        parts.result_of(parts.python_module("bench.publisher", broker.port, messages, DEVICES, rate))
        time.sleep(STATISTICS_SECONDS)  # until the last have read what is theirs
        return (sum(parts.cpu_seconds(consumer.pid) for consumer in group) - began) / messages * 1e6


def done_by(connection: psycopg.Connection, group: list[Child]) -> dict[str, float]:
    """What a group, and the database for it, has done so far; CPU in thousandths of a µs, as it is divided later."""
    time.sleep(STATISTICS_SECONDS)
    done: dict[str, float] = defaultdict(float)
    for child in group:
        done["cpu_us"] += parts.cpu_seconds(child.pid) * 1e3
        for thread in Path(f"/proc/{child.pid}/task").iterdir():
            for line in (thread / "status").read_text().splitlines():
                name, _, value = line.partition(":")
                if name in ("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"):
                    done[name.removesuffix("_ctxt_switches") + "_switches"] += int(value)
    rows = connection.execute(
        "SELECT relname, n_tup_ins + n_tup_upd FROM pg_stat_user_tables"
        " WHERE relname IN ('energy_devicestate', 'energy_lastmessage')"
    )
    done.update({f"rows_of_{name.removeprefix('energy_')}": count for name, count in rows})
    return done


def batches(connection: psycopg.Connection) -> int:
    """How many of them were committed since the table was emptied: each leaves the fingerprints of its statuses."""
    return int(connection.execute("SELECT count(*) FROM energy_ingestbatch").fetchone()[0])  # type: ignore[index]


def publish(connection: psycopg.Connection, broker: MosquittoServer, messages: int, rate: int = 0) -> None:
    """That many messages, and wait until each is a row."""
    parts.empty(connection)
    parts.result_of(parts.python_module("bench.publisher", broker.port, messages, DEVICES, rate))
    if not parts.wait_for_rows(connection, messages, within=120):
        raise RuntimeError(f"{messages - parts.count(connection)} of {messages} messages are missing")


def bare_member(broker: MosquittoServer, number: int) -> Child:
    command = [sys.executable, "-u", "-m", "bench.bare_member", str(broker.port), f"bare-{number}"]
    child = Child(command, name="bare", env={"PYTHONPATH": str(platform.ROOT)})
    child.answers = lambda: child.has_written("Subscribed")
    return child


def member(server: PostgresServer, broker: MosquittoServer, number: int) -> Child:
    command = (str(platform.ROOT / "manage.py"), "ingest", "--share", "bench", "--client-id", f"ingest-{number}")
    child = platform.ingestor_process(server, broker, *command)
    child.answers = lambda: platform.has_subscribed(child)
    return child
