"""How a connection ends, on a broker of the test's own that does as it is told."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time

import pytest

from bench.publisher import packet, text
from cercollettiva.ingest.mqtt import Arrival, BrokerAddress, MQTTConnection

CONNACK = b"\x20\x02\x00\x00"
DISCONNECT = b"\xe0\x00"


class FakeBroker(threading.Thread):
    """Accepts one client, says that it is welcome, and then nothing."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.client: socket.socket | None = None
        self.start()

    def run(self) -> None:
        self.client, _ = self._server.accept()
        self.client.recv(4096)
        self.client.sendall(CONNACK)

    def reset(self) -> None:
        """What a broker does that is killed: no goodbye, and what is in its buffers is lost."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.close()

    def heard(self) -> bytes:
        """All that the client has said since, until it is silent."""
        self.client.settimeout(1)
        data = b""
        with contextlib.suppress(OSError):
            while part := self.client.recv(4096):
                data += part
        return data


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker()


@pytest.fixture
def arrivals() -> list[Arrival]:
    return []


@pytest.fixture
def connection(broker, arrivals) -> MQTTConnection:
    sessions: list[bool] = []
    connection = MQTTConnection(
        BrokerAddress("127.0.0.1", broker.port),
        client_id="x",
        on_arrival=arrivals.append,
        on_session=sessions.append,
    )
    connection.connect()
    while not sessions:
        connection.poll(0.02)
    return connection


def test_a_reset_while_acknowledgements_wait_ends_the_connection_and_nothing_else(broker, connection):
    broker.reset()
    time.sleep(0.1)
    connection.acknowledge([1, 2, 3])

    connection.poll(0.05)

    assert not connection.is_open


def test_what_a_broker_that_was_killed_had_sent_is_read_first(broker, connection, arrivals):
    """It has acknowledged these to their senders, and may have lost them: nobody else has them any more."""
    publishes = b"".join(packet(0x32, text("cer/x/online") + struct.pack("!H", mid) + b"true") for mid in range(1, 301))
    broker.client.sendall(publishes)
    time.sleep(0.1)
    broker.reset()
    time.sleep(0.1)
    connection.acknowledge([1, 2, 3])

    connection.poll(0.05)

    assert [arrival.mid for arrival in arrivals] == list(range(1, 301))
    assert not connection.is_open


def test_a_stop_sends_its_last_acknowledgements_and_says_goodbye(broker, connection):
    connection.acknowledge([7])
    leaving = threading.Thread(target=connection.disconnect)
    leaving.start()

    heard = broker.heard()

    leaving.join()
    assert heard.endswith(b"\x40\x02\x00\x07" + DISCONNECT)
    assert not connection.is_open
