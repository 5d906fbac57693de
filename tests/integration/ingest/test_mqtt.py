"""The connection, on a real broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from bench.publisher import Publisher
from cercollettiva.ingest.mqtt import READS_PER_TURN, WORTH_A_TURN, Arrival, BrokerAddress, MQTTConnection

WINDOW = 1000  # of the broker's configuration


class Consumer:
    """A connection with what it received."""

    def __init__(self, port: int, *, client_id: str = "consumer", password: str | None = None) -> None:
        self.arrivals: list[Arrival] = []
        self.sessions: list[bool] = []
        username = "somebody" if password else None
        self.connection = MQTTConnection(
            BrokerAddress("127.0.0.1", port, username, password),
            client_id=client_id,
            on_arrival=self.arrivals.append,
            on_session=self._began,
        )
        self.connection.connect()

    def _began(self, had_session: bool) -> None:
        self.sessions.append(had_session)
        self.connection.subscribe(["meters/#"])

    def poll_until(self, holds: Callable[[], bool], *, within: float = 5) -> bool:
        deadline = time.monotonic() + within
        while not holds():
            if time.monotonic() > deadline:
                return False
            self.connection.poll(0.05)
        return True

    def subscribe(self) -> None:
        assert self.poll_until(lambda: bool(self.sessions))
        for _ in range(4):
            self.connection.poll(0.05)


@pytest.fixture
def consumer(mosquitto) -> Consumer:
    consumer = Consumer(mosquitto.port)
    consumer.subscribe()
    return consumer


def publish(port: int, payloads: list[bytes]) -> None:
    publisher = Publisher(port)
    for payload in payloads:
        publisher.publish("meters/a", payload)
    publisher.wait(within=10)


def test_a_full_window_is_read_without_waiting_for_more(consumer, mosquitto):
    """The broker sends nothing beyond its window, so nothing wakes us for what is left in our own buffer."""
    assert WINDOW > READS_PER_TURN

    publish(mosquitto.port, [b"%d" % number for number in range(WINDOW + 1)])

    assert consumer.poll_until(lambda: len(consumer.arrivals) == WINDOW)
    assert not consumer.poll_until(lambda: len(consumer.arrivals) > WINDOW, within=0.5)


def test_messages_that_trickle_are_gathered_and_whoever_wakes_us_does_not_wait(consumer, mosquitto):
    """To each ingestor of a group they come one by one; a turn for each would cost more than reading it."""
    publisher, turns = Publisher(mosquitto.port), 0

    def trickle() -> None:
        for number in range(200):
            time.sleep(0.002)
            publisher.publish("meters/a", b"%d" % number)
            publisher.flush()

    trickling = threading.Thread(target=trickle)
    trickling.start()
    while len(consumer.arrivals) < 200 and turns < 200:
        before = len(consumer.arrivals)
        consumer.connection.poll(0.1)
        turns += len(consumer.arrivals) > before
    trickling.join()

    assert len(consumer.arrivals) == 200
    assert turns < 40  # in 0.4 s, or longer where the machine is busy
    consumer.connection.wake()
    began = time.monotonic()
    consumer.connection.poll(5)
    assert time.monotonic() - began < 2


def test_what_is_worth_a_turn_is_read_before_the_time_is_over(consumer, mosquitto):
    publish(mosquitto.port, [b"x" * 1000 for _ in range(2 * WORTH_A_TURN // 1000)])

    began = time.monotonic()
    consumer.connection.poll(30)

    assert consumer.arrivals
    assert time.monotonic() - began < 15


def test_an_acknowledgement_lets_the_next_message_in(consumer, mosquitto):
    publish(mosquitto.port, [b"%d" % number for number in range(WINDOW + 1)])
    consumer.poll_until(lambda: len(consumer.arrivals) == WINDOW)

    consumer.connection.acknowledge([consumer.arrivals[0].mid])

    assert consumer.poll_until(lambda: len(consumer.arrivals) == WINDOW + 1)


def test_what_was_not_acknowledged_comes_again_to_the_same_session(consumer, mosquitto):
    publish(mosquitto.port, [b"safe", b"not safe"])
    consumer.poll_until(lambda: len(consumer.arrivals) == 2)
    consumer.connection.acknowledge([consumer.arrivals[0].mid])
    consumer.connection.disconnect()

    second = Consumer(mosquitto.port)

    assert second.poll_until(lambda: len(second.arrivals) == 1)
    assert second.sessions == [True]
    assert (second.arrivals[0].payload, second.arrivals[0].dup) == (b"not safe", True)


def test_a_broker_that_dies_is_noticed(consumer, mosquitto):
    mosquitto.kill()

    assert consumer.poll_until(lambda: not consumer.connection.is_open)


def test_a_refused_password_is_told(start_mosquitto, tmp_path):
    broker = start_mosquitto(settings={"allow_anonymous": "false"})

    consumer = Consumer(broker.port, password="wrong")

    assert consumer.poll_until(lambda: consumer.connection.refusal is not None)
    assert "uthor" in str(consumer.connection.refusal)
    assert consumer.sessions == []


def test_nobody_at_the_address_is_an_os_error(mosquitto):
    mosquitto.terminate()

    with pytest.raises(OSError, match="refused"):
        Consumer(mosquitto.port)
