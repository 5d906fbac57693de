"""Lets the virtual meters speak through a broker: maps real time to simulated time and publishes what is due."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import NamedTuple, Protocol

from cercollettiva.ops.simulation.energy import CommunityEnergy
from cercollettiva.ops.simulation.noise import key_of, uniform_at
from cercollettiva.ops.simulation.shelly import Message, VirtualShelly

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.1
STATUS_EVERY = timedelta(seconds=5)  # real time
MESSAGES_A_TICK = 200  # of minutes: after a sleep, what is owed leaves at 2,000 messages a second
_QOS = 1


class Transport(Protocol):
    """What is needed of a connection to a broker."""

    @property
    def is_connected(self) -> bool: ...

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None: ...

    def subscribe(self, topics: Iterable[str]) -> None: ...

    def poll(self, timeout: float) -> None:
        """Serve the network for up to `timeout` seconds; messages that arrive are given to `Fleet.receive`."""


class SimulatedTime(NamedTuple):
    """From `simulated_start` on, `speed` simulated seconds to each real second after `real_start`."""

    real_start: datetime
    simulated_start: datetime
    speed: float

    def at(self, now: datetime) -> datetime:
        return self.simulated_start + (now - self.real_start) * self.speed


class Fleet:
    """The virtual meters of a community and the requests that wait for them; `receive` is safe from any thread."""

    def __init__(self, energy: CommunityEnergy, *, started_at: datetime) -> None:
        """`started_at` is the simulated time from which minutes are told: earlier ones are history."""
        self.shellies = [
            VirtualShelly(meter, energy, started_at=started_at)
            for point in energy.community.points
            for meter in point.meters
        ]
        self._by_topic = {shelly.rpc_topic: shelly for shelly in self.shellies}
        self._requests: SimpleQueue[tuple[str, bytes]] = SimpleQueue()

    @property
    def rpc_topics(self) -> list[str]:
        return list(self._by_topic)

    def receive(self, topic: str, payload: bytes) -> None:
        """Keep a request until the next tick."""
        if topic in self._by_topic:
            self._requests.put((topic, payload))

    def answers(self, now: datetime) -> Iterator[Message]:
        """The answers to what was asked since the last time; a request without a return address gets none."""
        while True:
            try:
                topic, payload = self._requests.get_nowait()
            except Empty:
                return
            request = _request(payload)
            if request is not None:
                answer = self._by_topic[topic].answer(request, at=now)
                yield Message(f"{request['src']}/rpc", json.dumps(answer, separators=(",", ":")).encode())


class Publisher:
    """Publishes what is due, tick by tick.

    After a sleep the values of an instant are skipped; minutes never are: they leave oldest first, some at each tick.
    """

    def __init__(
        self,
        fleet: Fleet,
        transport: Transport,
        *,
        status_every: timedelta = STATUS_EVERY,
        messages_a_tick: int = MESSAGES_A_TICK,
        powers_only: bool = False,
    ) -> None:
        """With `powers_only` nothing that carries a time is told: where simulated time runs ahead of the clock."""
        self._fleet = fleet
        self._transport = transport
        self._status_every = status_every
        self._messages_a_tick = messages_a_tick
        self._powers_only = powers_only
        self._status_due: dict[str, datetime] = {}
        self.published = 0

    def tick(self, *, now: datetime, simulated: datetime) -> None:
        """Publish what is due. A connection that breaks on the way owes its minutes still."""
        if not self._transport.is_connected:
            self._status_due.clear()
            return
        try:
            if not self._status_due:
                self._introduce(now)
            if not self._powers_only:
                for message in self._fleet.answers(simulated):
                    self._publish(message)
                self._tell_minutes(simulated)
            self._tell_status(now, simulated)
        except OSError:
            logger.info("The connection broke while the virtual meters were speaking")
            self._status_due.clear()

    def say_goodbye(self) -> None:
        """Every meter goes offline."""
        if self._transport.is_connected:
            for shelly in self._fleet.shellies:
                for message in shelly.death():
                    self._publish(message)

    def owed_minutes(self, simulated: datetime) -> int:
        """How many minutes of meters wait to be told."""
        return sum(shelly.owed_minutes(simulated) for shelly in self._fleet.shellies)

    def _introduce(self, now: datetime) -> None:
        """Every connection starts with presence and the topics of requests; the meters spread over the period."""
        if not self._powers_only:
            self._transport.subscribe(self._fleet.rpc_topics)
        for shelly in self._fleet.shellies:
            for message in shelly.birth():
                self._publish(message)
            stagger = uniform_at(key_of("stagger", shelly.meter.device_id), 0)
            self._status_due[shelly.meter.device_id] = now + self._status_every * stagger

    def _tell_minutes(self, simulated: datetime) -> None:
        """Minutes that ended, oldest first and one of each meter in turn, as far as the tick's measure goes."""
        left = self._messages_a_tick
        while left > 0:
            owing = [shelly for shelly in self._fleet.shellies if shelly.owes_minute(simulated)]
            if not owing:
                return
            for shelly in sorted(owing, key=VirtualShelly.next_minute):
                if left <= 0:
                    return
                messages = shelly.minute_messages(simulated)
                for message in messages:
                    self._publish(message)
                shelly.minute_told()
                left -= len(messages)

    def _tell_status(self, now: datetime, simulated: datetime) -> None:
        """The values of this instant, of the meters whose turn it is."""
        for shelly in self._fleet.shellies:
            due = self._status_due[shelly.meter.device_id]
            if now < due <= now + self._status_every:
                continue
            due = min(due, now)  # later than that only where the clock was set back
            for message in shelly.status(simulated):
                if not self._powers_only or message.topic.endswith("/status/em:0"):
                    self._publish(message)
            missed = (now - due) // self._status_every
            self._status_due[shelly.meter.device_id] = due + self._status_every * (missed + 1)

    def _publish(self, message: Message) -> None:
        self._transport.publish(message.topic, message.payload, qos=_QOS, retain=message.retain)
        self.published += 1


def run(
    fleet: Fleet,
    transport: Transport,
    *,
    clock: Callable[[], datetime],
    speed: float,
    stop: Callable[[], bool],
    simulated_start: datetime | None = None,
    publisher: Publisher | None = None,
) -> int:
    """Publish until `stop` says so; how many messages left. At speed 60 a day takes 24 minutes.

    Simulated time starts at `simulated_start`, or now. A tick that comes late makes up in minutes, not in values.
    """
    publisher = publisher or Publisher(fleet, transport)
    started = clock()
    time = SimulatedTime(started, simulated_start or started, speed)
    while not stop():
        now = clock()
        publisher.tick(now=now, simulated=time.at(now))
        _serve(transport, clock=clock, until=now + timedelta(seconds=TICK_SECONDS), stop=stop)
    publisher.say_goodbye()
    transport.poll(0.0)
    return publisher.published


def _serve(transport: Transport, *, clock: Callable[[], datetime], until: datetime, stop: Callable[[], bool]) -> None:
    """Serve the network until the next tick: a poll ends early when something arrives."""
    while not stop():
        left = (until - clock()).total_seconds()
        if left <= 0:
            return
        if left > TICK_SECONDS:  # the clock was set back
            transport.poll(TICK_SECONDS)
            return
        transport.poll(left)


def _request(payload: bytes) -> dict[str, object] | None:
    """A JSON-RPC request that can be answered, or None."""
    try:
        request = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(request, dict):
        return None
    src = request.get("src")
    is_address = isinstance(src, str) and bool(src) and not set(src) & set("+#\0")
    return request if is_address else None
