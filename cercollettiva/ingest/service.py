"""The MQTTService: the network thread's loop, from the session with the broker to the acknowledgements."""

from __future__ import annotations

import gc
import logging
import random
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from cercollettiva.ingest.breaker import CircuitBreaker
from cercollettiva.ingest.buffer import Buffer
from cercollettiva.ingest.clock import ReceiveClock, steady_now
from cercollettiva.ingest.manager import HEARD_EVERY, Delivery, DeviceManager
from cercollettiva.ingest.mqtt import Arrival, BrokerAddress, MQTTConnection
from cercollettiva.ingest.writer import Writer

logger = logging.getLogger(__name__)

# Half the broker's window of 1,000: while one half is written, the other half arrives.
MAX_DELIVERIES: Final = 500


class Patience(NamedTuple):
    """How long messages are gathered before a turn of the loop, and before a load goes to the database."""

    turn: timedelta  # and a load goes when nothing came for so long
    load: timedelta


ALONE: Final = Patience(turn=timedelta(milliseconds=50), load=timedelta(milliseconds=250))
# A turn and a load cost the same whatever is in them, and each member of a group hears only a part of the messages.
IN_A_GROUP: Final = Patience(turn=timedelta(milliseconds=150), load=timedelta(milliseconds=500))


class Room(NamedTuple):
    """How many states and last messages, for people's eyes, a load may take along; None for all of them."""

    states: int | None
    heard: int | None


# Ten thousand meters at once would hold up for half a second what comes behind them.
WHEN_IDLE: Final = Room(states=1_000, heard=500)
# A full load takes along some. Measurements come first where it had to wait for the writer: then more comes than we can
# take, and whatever is told delays what waits in the broker.
WHEN_FULL: Final = Room(states=MAX_DELIVERIES // 2, heard=MAX_DELIVERIES // 10)
WHEN_BEHIND: Final = Room(states=MAX_DELIVERIES // 20, heard=MAX_DELIVERIES // 100)
AT_LAST: Final = Room(states=None, heard=None)
DRAIN_WITHIN: Final = timedelta(seconds=10)
SETTLED_AFTER: Final = timedelta(seconds=5)  # a session that lasts so long was no accident
BEHIND_AFTER: Final = timedelta(seconds=5)  # not caught up for so long: what comes now has waited in the broker
MARKERS_MISSED: Final = 2  # sessions that ended before their marker came back: no accident
MARKER_WITHIN: Final = timedelta(seconds=30)
# Messages to acknowledge that wait for the writer: with so many the others stay in the network. The broker's window is
# no bound, as Mosquitto sends all that has waited once the first of a window is acknowledged.
MOST_IN_HAND: Final = 5_000
MOST_WITHOUT_WINDOW: Final = 10_000  # messages of quality 0 held while the database is away: nothing promises them
OUR_TOPICS: Final = "cercollettiva/ingest/"
ALL_TOPICS: Final = "#"


class MQTTService:
    """Consumes the broker's messages until told to stop. Nothing is acknowledged before its row is committed."""

    def __init__(self, address: BrokerAddress, *, client_id: str, share_group: str = "") -> None:
        """With a `share_group` several ingestors, each with its own client id, divide the messages among themselves."""
        self._client_id = client_id
        self._clock = ReceiveClock()
        self._manager = DeviceManager()
        self._patience = IN_A_GROUP if share_group else ALONE
        self._buffer = Buffer(
            max_deliveries=MAX_DELIVERIES, max_age=self._patience.load, max_silence=self._patience.turn
        )
        self._connection = MQTTConnection(
            address, client_id=client_id, on_arrival=self._arrived, on_session=self._session_began
        )
        self._writer = Writer(ingestor=client_id, wake=self._connection.wake)
        self._is_shared = bool(share_group)
        self._reconnect = CircuitBreaker(jitter=random.Random())  # noqa: S311  # spreads reconnections
        shared = f"$share/{share_group or 'ingest'}/{ALL_TOPICS}"
        self._topic, self._other_topic = (shared, ALL_TOPICS) if share_group else (ALL_TOPICS, shared)
        self._markers = f"{OUR_TOPICS}{client_id}/marker"
        self._connections = 0
        self._session_since: datetime | None = None
        self._backlog: Backlog | None = None
        self._markers_lost = 0  # one after the other
        self._caught_up_at = steady_now()  # when nothing of ours waited in the broker
        self._had_to_wait = False  # the load that is being gathered was full before the writer was free
        self._ready = False  # the directory has been read: before that every device would be a stranger
        self._stopping = False
        self._refusal: str | None = None  # the last one told
        self.received = self.dropped = 0

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
        if self._writer.is_standing_by:
            self._connection.disconnect()
        elif self._ready and not self._connection.is_open:
            self._connect()
        self._connection.poll(self._patience.turn.total_seconds(), reads=self._buffer.promised < MOST_IN_HAND)
        self._acknowledge()
        self._settle()
        if self._writer.is_busy:
            self._had_to_wait = self._had_to_wait or self._buffer.is_full
        elif self._is_due():
            self._hand_over()
        self._watch_backlog()

    def _is_due(self) -> bool:
        if len(self._buffer):  # what is owed to people's eyes goes with it: it is soon due by itself
            return self._buffer.is_due(now=datetime.now(UTC))
        now = steady_now()
        return self._manager.owes_states(now) or self._manager.owes_heard(now)

    def _settle(self) -> None:
        """A session that lasts ends the waits between reconnections."""
        if self._session_since and steady_now() - self._session_since >= SETTLED_AFTER:
            self._reconnect.succeeded()
            self._session_since = None

    def _watch_backlog(self) -> None:
        """Notice that we are behind: after the database was away, or under more messages than we can take."""
        now = steady_now()
        if not self._writer.is_busy and not self._buffer.is_full:
            self._caught_up_at = now
        if self._backlog is None and self._connection.is_connected and now - self._caught_up_at >= BEHIND_AFTER:
            self._begin_backlog()
        elif self._backlog and self._backlog.is_over(now=now, caught_up_at=self._caught_up_at):
            logger.warning("The marker on %s has not come back: may we publish and read there?", self._markers)
            self._backlog = None

    def _take_directory(self) -> None:
        directory = self._writer.new_directory()
        if directory is None:
            return
        if self._writer.states:  # at the start, and after another has worked in our place
            self._manager.remember(self._writer.states)
            self._writer.states = []
        if not self._ready:
            spare_the_collector()
            logger.info("Ready: %d devices", len(directory))
        self._manager.use(directory)
        self._ready = True

    def _connect(self) -> None:
        now = steady_now()
        if not self._reconnect.allows(now=now):
            return
        if self._connection.refusal and self._connection.refusal != self._refusal:
            logger.error("The broker refuses us: %s. Check user and password.", self._connection.refusal)
        self._refusal = self._connection.refusal
        # What is held belongs to the session that broke: it is stored all the same, the broker sends it once more
        # and the redelivery is recognised. Its message ids mean nothing on the new connection. While the database is
        # away for long it is left to the broker, so that reconnections do not pile it up here.
        if len(self._buffer) and not self._writer.is_full:
            self._hand_over()
        else:
            self._buffer.take()
        if self._backlog and self._session_since:  # it ended soon, and before the marker came back
            self._markers_lost += 1
            if self._markers_lost == MARKERS_MISSED:
                logger.error("The broker ends our session when we publish on %s: allow it in its ACL", self._markers)
        self._connections += 1
        self._buffer.begin_connection(self._connections)
        try:
            self._connection.connect()
        except OSError as error:
            if not self._reconnect.is_open:
                logger.warning("The broker does not answer, trying again: %s", error)
        self._reconnect.failed(now=now)  # until the broker has accepted us

    def _session_began(self, had_session: bool) -> None:
        logger.info("Connected to the broker as %s, session kept: %s", self._client_id, had_session)
        self._session_since = self._caught_up_at = steady_now()
        self._backlog = None
        if had_session:
            self._connection.unsubscribe([self._other_topic])  # with both, each message would come twice
        self._connection.subscribe([self._topic, self._markers])
        if had_session:
            self._begin_backlog()

    def _begin_backlog(self) -> None:
        self._backlog = Backlog(since=steady_now())
        if self._markers_lost < MARKERS_MISSED:
            self._connection.publish(self._markers, self._backlog.marker)

    def _arrived(self, arrival: Arrival) -> None:
        now = self._clock.now()
        self.received += 1
        if arrival.topic.startswith(OUR_TOPICS):
            self._marker_arrived(arrival)
        elif not arrival.qos and len(self._buffer) >= MOST_WITHOUT_WINDOW:
            self.dropped += 1
            return
        else:
            backlog = self._backlog is not None
            if backlog or arrival.dup:
                self._buffer.mark_backlog()
            self._manager.read(
                Delivery(arrival.topic, arrival.payload, now, arrival.retain, arrival.dup, backlog), self._buffer.batch
            )
        self._buffer.add(arrival.mid if arrival.qos else None, now=now)

    def _marker_arrived(self, arrival: Arrival) -> None:
        """All that was queued before the marker is here. If reading it took long, more has queued up behind it."""
        if self._backlog is None or arrival.payload != self._backlog.marker:
            return
        self._markers_lost = 0
        self._backlog = None
        if steady_now() - self._caught_up_at >= BEHIND_AFTER:
            self._begin_backlog()

    def _hand_over(self, *, at_last: bool = False) -> None:
        now = None if at_last else steady_now()
        room = AT_LAST if at_last else self._room()
        batch = self._buffer.batch
        batch.states = self._manager.take_states(now, most=room.states)
        batch.heard = self._manager.take_heard(now, most=room.heard)
        batch.is_shared = self._is_shared
        self._manager.thin_out(batch, steady_now())
        load, self._had_to_wait = self._buffer.take(), False
        load.notices = self._manager.take_notices()
        load.our_clock = self._manager.look_at_our_clock(steady_now())
        self._writer.put(load)

    def _room(self) -> Room:
        if self._buffer.is_full and self._had_to_wait:
            return WHEN_BEHIND
        if self._is_shared and len(self._buffer):
            return room_in_a_group(len(self._buffer))
        return WHEN_FULL if self._buffer.is_full else WHEN_IDLE

    def _acknowledge(self) -> None:
        self._manager.absorb(self._writer.merged_states())
        for load in self._writer.safe_loads():
            if load.connection == self._connections and self._connection.is_connected:
                self._connection.acknowledge(load.mids)

    def _drain(self) -> None:
        """Store and acknowledge what has arrived. What the database does not take in time stays with the broker."""
        at_last = steady_now() + HEARD_EVERY
        if len(self._buffer) or self._manager.owes_states(at_last) or self._manager.owes_heard(at_last):
            self._hand_over(at_last=True)
        self._writer.stop(within=DRAIN_WITHIN)
        self._acknowledge()
        if self._writer.failure:
            raise self._writer.failure
        logger.info(
            "Stopped: %d received, %d stored, %d repeated, %d refused, %d left out",
            self.received,
            self._writer.stored,
            self._writer.repeated,
            self._writer.refused,
            self._manager.left_out,
        )


def room_in_a_group(deliveries: int) -> Room:
    """Every member hears the same devices and tells of them: all together hardly more often than one alone would."""
    return Room(states=max(50, deliveries // 5), heard=max(10, deliveries // 25))


def spare_the_collector() -> None:
    """Keep Python's garbage collector from walking what lives as long as the process.

    A batch makes thousands of small tuples and no cycles; at its usual pace the collector took a fifth of the CPU.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


class Backlog:
    """The messages that waited in the broker, up to a marker that we send ourselves: the broker queues it behind them.

    Where the marker may not come back to us, being caught up for a while ends the backlog too.
    """

    def __init__(self, *, since: datetime) -> None:
        self.marker = secrets.token_bytes(12)
        self._since = since

    def is_over(self, *, now: datetime, caught_up_at: datetime) -> bool:
        """Whether we have waited long enough for a marker, and nothing waits behind what we have read."""
        return now - self._since >= MARKER_WITHIN and now - caught_up_at < timedelta(seconds=1)
