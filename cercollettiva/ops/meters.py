"""The virtual meters' way to the broker: the project's one MQTT client, which connects again when it must."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from cercollettiva.ingest.breaker import CircuitBreaker
from cercollettiva.ingest.mqtt import Arrival, BrokerAddress, MQTTConnection

logger = logging.getLogger(__name__)

CLIENT_ID: Final = "cercollettiva-virtual-meters"
GOODBYE_SECONDS: Final = 0.5


class MetersTransport:
    """A connection for `simulation.publisher`: lost and refused connections are tried again, at jittered intervals."""

    def __init__(self, address: BrokerAddress, *, receive: Callable[[str, bytes], None]) -> None:
        self._receive = receive
        self._reconnect = CircuitBreaker(jitter=random.Random())  # noqa: S311  # spreads reconnections
        self._connection = MQTTConnection(
            address, client_id=CLIENT_ID, on_arrival=self._arrived, on_session=self._began, clean_session=True
        )

    @property
    def is_connected(self) -> bool:
        return self._connection.is_connected

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
        self._connection.publish(topic, payload, qos=qos, retain=retain)

    def subscribe(self, topics: Iterable[str]) -> None:
        self._connection.subscribe(topics)

    def poll(self, timeout: float) -> None:
        if not self._connection.is_open:
            self._connect(datetime.now(UTC))
        self._connection.poll(timeout)

    def wake(self) -> None:
        """End a `poll` that is waiting; safe from a signal handler."""
        self._connection.wake()

    def close(self) -> None:
        """Leave in good order: what waits for the broker's acknowledgements has a moment to go first."""
        until = time.monotonic() + GOODBYE_SECONDS
        while self.is_connected and (left := until - time.monotonic()) > 0:
            self._connection.poll(left)
        self._connection.disconnect()

    def _connect(self, now: datetime) -> None:
        if not self._reconnect.allows(now=now):
            return
        try:
            self._connection.connect()
        except OSError as error:
            if not self._reconnect.is_open:
                logger.warning("The broker does not answer, trying again: %s", error)
        self._reconnect.failed(now=now)  # until the broker has accepted us

    def _began(self, had_session: bool) -> None:
        self._reconnect.succeeded()
        logger.info("Connected to the broker as %s", CLIENT_ID)

    def _arrived(self, arrival: Arrival) -> None:
        self._receive(arrival.topic, arrival.payload)
        if arrival.qos:
            self._connection.acknowledge([arrival.mid])
