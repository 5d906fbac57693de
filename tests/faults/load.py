"""A steady load whose every message can be told from the others, and the check that each became one row."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
import time
from typing import NamedTuple, Protocol

import psycopg

from bench.publisher import PREFIX, STATUS, Publisher, packet, text
from tests.support import platform
from tests.support.postgres import PostgresServer
from tests.support.processes import wait_until

SECONDS = float(os.environ.get("CER_FAULT_SECONDS") or 12)  # `make faults` asks for 60
IS_LONG = SECONDS >= 60
DEVICES = 50
WRITTEN = (
    *("energy_devicemeasurement", "energy_energymeasurement", "energy_devicestate", "energy_dirtyquarter"),
    *("energy_ingestbatch", "energy_rejectedmessage", "energy_unknowndevice", "monitoring_alert"),
)
DRAIN_SECONDS = 30


class Tally(NamedTuple):
    """What became of the messages."""

    lost: int
    doubled: int


NOTHING_LOST = Tally(lost=0, doubled=0)


class Sender(Protocol):
    """What publishes at quality of service 1."""

    acknowledged: int

    def publish(self, topic: str, payload: bytes) -> None: ...

    def flush(self) -> None: ...

    def wait(self, *, within: float) -> None: ...


class Load(threading.Thread):
    """Publishes numbered messages at a steady rate: half on status topics, half as notifications with their own time.

    The number travels in `n_current`, which a 4-byte float keeps exactly up to 16 million.
    """

    def __init__(
        self, port: int, *, rate: int, seconds: float, devices: int = DEVICES, sender: Sender | None = None
    ) -> None:
        super().__init__(daemon=True)
        self.messages = int(rate * seconds)
        self.sent = 0
        self._is_over = False
        self._rate = rate
        self._devices = devices
        self._publisher = sender or Publisher(port)

    def run(self) -> None:
        due = time.monotonic()
        for number in range(self.messages):
            if self._is_over:
                self.messages = self.sent
                break
            self._publisher.publish(*message(number, self._devices, now=time.time()))
            self._publisher.flush()
            self.sent = number + 1
            # After a long wait for the broker there is no burst: what was not said then is not said now.
            due = max(due + 1 / self._rate, time.monotonic() - 0.1)
            time.sleep(max(0.0, due - time.monotonic()))
        self._publisher.wait(within=60)

    def finish(self) -> None:
        """End before the time: what was to happen meanwhile has happened."""
        self._is_over = True
        self.join()

    @property
    def acknowledged(self) -> int:
        return self._publisher.acknowledged


class PatientSender:
    """Publishes as a meter does: after a lost connection it comes back and sends again what was not acknowledged."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._name = f"patient-{time.time_ns()}"
        self._unacknowledged: dict[int, bytes] = {}  # message id -> packet, in the order of sending
        self._lock = threading.Lock()
        self._published = 0
        self.acknowledged = 0
        self._socket = self._connected()

    def publish(self, topic: str, payload: bytes) -> None:
        self._published += 1
        mid = self._published % 65535 + 1
        publish = packet(0x32, text(topic) + struct.pack("!H", mid) + payload)
        with self._lock:
            self._unacknowledged[mid] = publish
        try:
            self._socket.sendall(publish)
        except OSError:
            self._come_back()

    def flush(self) -> None:
        """Each message has been sent already."""

    def wait(self, *, within: float) -> None:
        deadline = time.monotonic() + within
        while self._unacknowledged and time.monotonic() < deadline:
            time.sleep(0.05)
            with contextlib.suppress(OSError):
                self._socket.sendall(b"\xc0\x00")  # a ping notices a connection that is gone
                continue
            self._come_back()

    def _come_back(self) -> None:
        self._socket.close()
        while True:
            try:
                self._socket = self._connected()
                with self._lock:
                    again = [bytes([one[0] | 0x08]) + one[1:] for one in self._unacknowledged.values()]  # DUP
                self._socket.sendall(b"".join(again))
            except OSError:
                time.sleep(0.1)
            else:
                return

    def _connected(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=5)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(packet(0x10, text("MQTT") + b"\x04\x02\x00\x00" + text(self._name)))
        if len(connection.recv(4)) < 4:
            raise ConnectionError("the broker closed the connection")
        threading.Thread(target=self._count, args=[connection], daemon=True).start()
        return connection

    def _count(self, connection: socket.socket) -> None:
        received = b""
        with contextlib.suppress(OSError):
            while data := connection.recv(65536):
                received += data
                while len(received) >= 2 and len(received) >= 2 + received[1]:
                    if received[0] == 0x40:
                        self._is_safe(int.from_bytes(received[2:4]))
                    received = received[2 + received[1] :]

    def _is_safe(self, mid: int) -> None:
        with self._lock:
            if self._unacknowledged.pop(mid, None) is not None:
                self.acknowledged += 1


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


def settled(postgres: PostgresServer, load: Load, *, within: float = DRAIN_SECONDS) -> Tally:
    """The tally once the load is through and all rows are there, or nothing more comes."""
    load.join()
    with platform.connect(postgres) as connection:
        wait_until(lambda: tally(connection, load.messages) == NOTHING_LOST, within=within, every=1)
        return tally(connection, load.messages)


def ask(postgres: PostgresServer, statement: str, *values: object) -> int:
    with platform.connect(postgres) as connection:
        return int(connection.execute(statement, values).fetchone()[0])  # type: ignore[index]


def empty(postgres: PostgresServer) -> None:
    """Take away what ingestors have written; the devices stay."""
    with platform.connect(postgres) as connection:
        connection.execute(f"TRUNCATE {', '.join(WRITTEN)} CASCADE")


def rows(postgres: PostgresServer) -> int:
    return ask(postgres, "SELECT count(*) FROM energy_devicemeasurement")


def rows_once_quiet(postgres: PostgresServer, *, within: float = DRAIN_SECONDS) -> int:
    """How many rows there are once none has come for two seconds."""
    seen = [(-1, 0.0)]  # count, since when

    def is_quiet() -> bool:
        count = rows(postgres)
        if count != seen[-1][0]:
            seen.append((count, time.monotonic()))
        return seen[-1][1] > 0 and time.monotonic() - seen[-1][1] > 2

    wait_until(is_quiet, within=within, every=0.2)
    return rows(postgres)


def publish_statuses(port: int, numbers: range, *, devices: int = DEVICES) -> None:
    """Statuses, which carry no time of their own."""
    publisher = Publisher(port)
    for number in numbers:
        publisher.publish(*message(2 * number + 1, devices, now=time.time()))
    publisher.wait(within=30)
