"""What a message costs when 1, 2 or 4 ingestors share one subscription: side by side, on one machine.

As fast as it goes, so that each of them takes full batches: at a rate that one could take alone, four would share the
messages and each pay for its own quarter-filled batches, and the figure would be about the rate.
"""

from __future__ import annotations

import os
import statistics
from contextlib import ExitStack
from typing import Any

import psycopg

from bench import parts
from tests.support import platform
from tests.support.mosquitto import MosquittoServer
from tests.support.postgres import PostgresServer
from tests.support.processes import Child

MESSAGES = int(os.environ.get("CER_BENCH_MESSAGES") or 80_000)
DEVICES = 1000
REPEATS = 3
GROUPS = (1, 2, 4)


def run() -> dict[str, Any]:
    """The median of each size of group, measured in turn so that noise falls on all alike."""
    costs: dict[int, list[float]] = {size: [] for size in GROUPS}
    with parts.database(DEVICES) as (server, connection):
        for _ in range(REPEATS):
            for size in GROUPS:
                costs[size].append(cost(server, connection, size))
    medians = {size: round(statistics.median(several), 1) for size, several in costs.items()}
    return {
        "cpu_us_per_message": {f"{size}_ingestors": median for size, median in medians.items()},
        "to_one_ingestor": {f"{size}_ingestors": round(medians[size] / medians[1], 2) for size in GROUPS},
    }


def cost(server: PostgresServer, connection: psycopg.Connection, size: int) -> float:
    """CPU of all ingestors of a group together, over the messages. [µs]"""
    with parts.broker() as broker, ExitStack() as stack:
        group = [stack.enter_context(member(server, broker, number)) for number in range(size)]
        publish(connection, broker, DEVICES * size)  # every device once at each: routes resolved, states made
        began = sum(parts.cpu_seconds(child.pid) for child in group)
        publish(connection, broker, MESSAGES)
        return (sum(parts.cpu_seconds(child.pid) for child in group) - began) / MESSAGES * 1e6


def publish(connection: psycopg.Connection, broker: MosquittoServer, messages: int) -> None:
    """That many messages, and wait until each is a row."""
    parts.empty(connection)
    parts.result_of(parts.python_module("bench.publisher", broker.port, messages, DEVICES))
    if not parts.wait_for_rows(connection, messages, within=120):
        raise RuntimeError(f"{messages - parts.count(connection)} of {messages} messages are missing")


def member(server: PostgresServer, broker: MosquittoServer, number: int) -> Child:
    command = (str(platform.ROOT / "manage.py"), "ingest", "--share", "bench", "--client-id", f"ingest-{number}")
    child = platform.ingestor_process(server, broker, *command)
    child.answers = lambda: platform.has_subscribed(child)
    return child
