"""A steady load whose every message can be told from the others, and the check that each became one row."""

from __future__ import annotations

import json
import threading
import time
from typing import NamedTuple

import psycopg

from bench.publisher import PREFIX, STATUS, Publisher


class Tally(NamedTuple):
    """What became of the messages."""

    lost: int
    doubled: int


class Load(threading.Thread):
    """Publishes numbered messages at a steady rate: half on status topics, half as notifications with their own time.

    The number travels in `n_current`, which a 4-byte float keeps exactly up to 16 million.
    """

    def __init__(self, port: int, *, rate: int, seconds: float, devices: int) -> None:
        super().__init__(daemon=True)
        self.messages = int(rate * seconds)
        self._rate = rate
        self._devices = devices
        self._publisher = Publisher(port)

    def run(self) -> None:
        began = time.time()
        for number in range(self.messages):
            self._publisher.publish(*message(number, self._devices, now=time.time()))
            self._publisher.flush()
            time.sleep(max(0.0, number / self._rate - (time.time() - began)))
        self._publisher.wait(within=60)

    @property
    def acknowledged(self) -> int:
        return self._publisher.acknowledged


def message(number: int, devices: int, *, now: float) -> tuple[str, bytes]:
    """Topic and payload of the n-th message."""
    device = number // 2 % devices
    prefix = PREFIX.format(device)
    values = {**STATUS, "n_current": number}
    if number % 2:
        return f"{prefix}/status/em:0", json.dumps(values).encode()
    frame = {
        "src": prefix.rpartition("/")[2],
        "dst": f"{prefix}/events",
        "method": "NotifyStatus",
        "params": {"ts": round(now, 6), "em:0": values},  # finer than a meter: no two share an instant
    }
    return f"{prefix}/events/rpc", json.dumps(frame).encode()


def tally(connection: psycopg.Connection, messages: int) -> Tally:
    """How many numbers have no row, and how many rows are copies of another."""
    numbers = [int(number) for (number,) in connection.execute("SELECT neutral_current FROM energy_devicemeasurement")]
    return Tally(lost=messages - len(set(numbers)), doubled=len(numbers) - len(set(numbers)))
