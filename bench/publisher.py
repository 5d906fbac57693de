"""A raw MQTT 3.1.1 publisher, the same load every time: `python -m bench.publisher PORT N DEVICES [RATE] [TIMES]`.

Three-phase statuses at QoS 1 from that many devices in turn, as fast as the broker acknowledges or RATE a second.
Payloads differ, in this run and from others, so that none looks like a copy of another. TIMES is a file for the
instants of publishing, one little-endian double a message. Prints JSON.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import sys
import threading
import time
from array import array
from pathlib import Path

from tests.support.platform import PREFIX

BIGGEST_LEAD = 5000  # messages on their way to the broker and back
STATUS: dict[str, object] = {
    "id": 0,
    "a_current": 4.029,
    "a_voltage": 236.1,
    "a_act_power": 951.2,
    "a_aprt_power": 951.9,
    "a_pf": 1.0,
    "a_freq": 50.0,
    "b_current": 4.027,
    "b_voltage": 236.201,
    "b_act_power": -951.1,
    "b_aprt_power": 951.8,
    "b_pf": 1.0,
    "b_freq": 50.0,
    "c_current": 3.03,
    "c_voltage": 236.402,
    "c_act_power": 715.4,
    "c_aprt_power": 716.2,
    "c_pf": 1.0,
    "c_freq": 50.0,
    "n_current": 0.0,
    "total_current": 11.083,
    "total_act_power": 715.5,
    "total_aprt_power": 2619.9,
    "user_calibrated_phase": [],
}


def packet(header: int, body: bytes) -> bytes:
    """An MQTT packet: header, length in groups of seven bits, body."""
    length, size = b"", len(body)
    while True:
        size, digit = size >> 7, size & 127
        length += bytes([digit | (128 if size else 0)])
        if not size:
            return bytes([header]) + length + body


def text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack("!H", len(encoded)) + encoded


class Publisher:
    """One connection that publishes at QoS 1 and counts the acknowledgements."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        hello = text("MQTT") + b"\x04\x02\x00\x00" + text(f"bench-{time.time_ns()}")
        self._socket.sendall(packet(0x10, hello))
        self._socket.recv(4)
        self._waiting = bytearray()
        self.published = 0
        self.acknowledged = 0
        self._is_closed = False
        threading.Thread(target=self._count, daemon=True).start()

    def publish(self, topic: str, payload: bytes) -> None:
        self.published += 1
        self._waiting += packet(0x32, text(topic) + struct.pack("!H", self.published % 65535 + 1) + payload)
        if len(self._waiting) > 32768:
            self.flush()

    def flush(self) -> None:
        """Send what is gathered, and wait while the broker is too far behind."""
        self._socket.sendall(self._waiting)
        self._waiting.clear()
        while self.published - self.acknowledged > BIGGEST_LEAD:
            if self._is_closed:
                raise ConnectionError("the broker closed the connection")
            time.sleep(0.0005)

    def wait(self, *, within: float) -> None:
        """Until the broker has acknowledged everything."""
        self.flush()
        deadline = time.monotonic() + within
        while self.acknowledged < self.published and time.monotonic() < deadline and not self._is_closed:
            time.sleep(0.005)

    def _count(self) -> None:
        received = 0
        with contextlib.suppress(OSError):
            while data := self._socket.recv(65536):
                received += len(data)
                self.acknowledged = received // 4  # a PUBACK is four bytes
        self._is_closed = True


def status(number: int, run: int = 0) -> bytes:
    """A three-phase status that differs from all the others, and from those of another run.

    The same bytes within ten minutes, where an ingestor was behind, are taken for a redelivery (rule R13).
    """
    payload = {**STATUS, "n_current": number / 1000 + run / 1e9, "total_act_power": round(700.1 + number % 997, 1)}
    return json.dumps(payload, separators=(",", ":")).encode()


def main(port: int, messages: int, devices: int, rate: float = 0, times_file: str = "") -> None:
    publisher = Publisher(port)
    times: array[float] = array("d")
    began = time.time()
    run = time.time_ns() // 1000 % 1_000_000
    for number in range(messages):
        publisher.publish(PREFIX.format(number % devices) + "/status/em:0", status(number, run))
        times.append(time.time())
        if rate:
            publisher.flush()
            time.sleep(max(0.0, number / rate - (time.time() - began)))
    publisher.wait(within=300)
    if times_file:
        Path(times_file).write_bytes(times.tobytes())
    seconds = time.time() - began
    print(
        json.dumps({"messages": messages, "began": began, "seconds": seconds, "acknowledged": publisher.acknowledged})
    )


if __name__ == "__main__":
    port, messages, devices = (int(word) for word in sys.argv[1:4])
    main(port, messages, devices, float(sys.argv[4]) if len(sys.argv) > 4 else 0, *sys.argv[5:6])
