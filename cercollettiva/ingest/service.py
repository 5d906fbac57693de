"""The MQTTService: the network thread's loop, from the session with the broker to the acknowledgements."""

from __future__ import annotations

import gc
import logging
import random
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from cercollettiva.ingest.breaker import CircuitBreaker
from cercollettiva.ingest.buffer import Buffer
from cercollettiva.ingest.clock import ReceiveClock
from cercollettiva.ingest.manager import Delivery, DeviceManager
from cercollettiva.ingest.mqtt import Arrival, BrokerAddress, MQTTConnection
from cercollettiva.ingest.writer import Writer

logger = logging.getLogger(__name__)

# Half the broker's window of 1,000: while one half is written, the other half arrives.
MAX_DELIVERIES: Final = 500
MAX_AGE: Final = timedelta(milliseconds=250)
MAX_SILENCE: Final = timedelta(milliseconds=50)
TURN_SECONDS: Final = 0.05
DRAIN_WITHIN: Final = timedelta(seconds=10)
BACKLOG_SILENCE: Final = timedelta(seconds=2)
BACKLOG_AT_MOST: Final = timedelta(minutes=10)
ALL_TOPICS: Final = "#"


class MQTTService:
    """Consumes the broker's messages until told to stop. Nothing is acknowledged before its row is committed."""

    def __init__(self, address: BrokerAddress, *, client_id: str, share_group: str = "") -> None:
        """With a `share_group` several ingestors, each with its own client id, divide the messages among themselves."""
        self._client_id = client_id
        self._clock = ReceiveClock()
        self._manager = DeviceManager()
        self._buffer = Buffer(max_deliveries=MAX_DELIVERIES, max_age=MAX_AGE, max_silence=MAX_SILENCE)
        self._connection = MQTTConnection(
            address, client_id=client_id, on_arrival=self._arrived, on_session=self._session_began
        )
        self._writer = Writer(ingestor=client_id, wake=self._connection.wake)
        self._reconnect = CircuitBreaker(jitter=random.Random())  # noqa: S311  # spreads reconnections
        self._topics = [f"$share/{share_group}/{ALL_TOPICS}" if share_group else ALL_TOPICS]
        self._markers = f"cercollettiva/ingest/{client_id}/marker"
        self._connections = 0
        self._backlog: Backlog | None = None
        self._ready = False  # the directory has been read: before that every device would be a stranger
        self._stopping = False
        self._refusal: str | None = None  # the last one told
        self.received = 0

    def stop(self) -> None:
        """Finish in good order; safe from a signal handler."""
        self._stopping = True
        self._connection.wake()

    def run(self) -> None:
        """Serve until `stop`; an unexpected failure of the writer travels up."""
        self._writer.start()
        try:
            while not self._stopping:
                self._turn()
            self._drain()
        finally:
            self._connection.disconnect()

    def _turn(self) -> None:
        if self._writer.failure:
            raise self._writer.failure
        self._take_directory()
        if self._ready and not self._connection.is_open:
            self._connect()
        self._connection.poll(TURN_SECONDS)
        self._acknowledge()
        now = datetime.now(UTC)
        if self._buffer.is_due(now=now) and not self._writer.is_busy:
            self._hand_over()
        if self._backlog and self._backlog.is_over(now=now, waiting=len(self._buffer) > 0 or self._writer.is_busy):
            self._backlog = None

    def _take_directory(self) -> None:
        directory = self._writer.new_directory()
        if directory is None:
            return
        if not self._ready:
            self._manager.remember(self._writer.states)
            self._writer.states = []
            spare_the_collector()
            logger.info("Ready: %d devices", len(directory))
        self._manager.use(directory)
        self._ready = True

    def _connect(self) -> None:
        now = datetime.now(UTC)
        if not self._reconnect.allows(now=now):
            return
        if self._connection.refusal and self._connection.refusal != self._refusal:
            logger.error("The broker refuses us: %s. Check user and password.", self._connection.refusal)
        self._refusal = self._connection.refusal
        # What is held belongs to the session that broke: it is stored all the same, the broker sends it once more
        # and the redelivery is recognised. Its message ids mean nothing on the new connection.
        if len(self._buffer):
            self._hand_over()
        self._connections += 1
        self._buffer.begin_connection(self._connections)
        try:
            self._connection.connect()
        except OSError as error:
            if not self._reconnect.is_open:
                logger.warning("The broker does not answer, trying again: %s", error)
        self._reconnect.failed(now=now)  # until the broker has accepted us

    def _session_began(self, had_session: bool) -> None:
        self._reconnect.succeeded()
        logger.info("Connected to the broker as %s, session kept: %s", self._client_id, had_session)
        self._backlog = None
        self._connection.subscribe([*self._topics, self._markers])
        if had_session:
            self._backlog = Backlog(since=datetime.now(UTC))
            self._connection.publish(self._markers, self._backlog.marker)

    def _arrived(self, arrival: Arrival) -> None:
        now = self._clock.now()
        self.received += 1
        mid = arrival.mid if arrival.qos else None
        if arrival.topic.startswith("cercollettiva/ingest/"):
            if self._backlog and arrival.payload == self._backlog.marker:
                self._backlog = None
        else:
            backlog = self._backlog is not None
            if self._backlog:
                self._backlog.last_at = now
            self._manager.read(
                Delivery(arrival.topic, arrival.payload, now, arrival.retain, arrival.dup, backlog), self._buffer.batch
            )
        self._buffer.add(mid, now=now)

    def _hand_over(self) -> None:
        self._buffer.batch.states = self._manager.take_states()
        self._writer.put(self._buffer.take())

    def _acknowledge(self) -> None:
        for load in self._writer.safe_loads():
            if load.connection == self._connections and self._connection.is_connected:
                self._connection.acknowledge(load.mids)

    def _drain(self) -> None:
        """Store and acknowledge what has arrived. What the database does not take in time stays with the broker."""
        if len(self._buffer):
            self._hand_over()
        self._writer.stop(within=DRAIN_WITHIN)
        self._acknowledge()
        logger.info(
            "Stopped: %d received, %d stored, %d repeated, %d refused",
            self.received,
            self._writer.stored,
            self._writer.repeated,
            self._writer.refused,
        )


def spare_the_collector() -> None:
    """Keep Python's garbage collector from walking what lives as long as the process.

    A batch makes thousands of small tuples and no cycles; at its usual pace the collector took a fifth of the CPU.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


class Backlog:
    """The messages that waited in the broker while we were away, up to a marker we send ourselves.

    The broker queues the marker behind them. Where it may not be delivered to us, silence ends the backlog too.
    """

    def __init__(self, *, since: datetime) -> None:
        self.marker = secrets.token_bytes(12)
        self.last_at = self._since = since

    def is_over(self, *, now: datetime, waiting: bool) -> bool:
        """True after a silence in which nothing of ours was unacknowledged, and in any case after a while."""
        silent = not waiting and now - self.last_at >= BACKLOG_SILENCE
        return silent or now - self._since >= BACKLOG_AT_MOST
