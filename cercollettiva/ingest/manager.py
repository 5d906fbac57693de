"""The DeviceManager: whose a message is, what it says, and what each device said last."""

from __future__ import annotations

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple

from cercollettiva.devices.decoding import Reader, prefix_of, read_nothing, reader_of
from cercollettiva.devices.samples import AnotherDevice, Presence, Radio, Sample, TimeSource, UnreadableMessage
from cercollettiva.energy.models import DeviceState
from cercollettiva.energy.models.mqtt import FIRST_BYTES, LAST_BYTES
from cercollettiva.energy.store import Batch, Heard, Incoming, MergedState, Refusal, StateRow, Stranger
from cercollettiva.ingest.clock import steady_now
from cercollettiva.ingest.directory import Directory, Entry
from cercollettiva.ingest.latest import STATE_EVERY, Latest
from cercollettiva.ingest.notices import Kind, Notice, Notices
from cercollettiva.ingest.pace import Pace
from cercollettiva.ingest.skew import OurClock, Skew
from cercollettiva.ingest.watch import MEASURING, kind_of

logger = logging.getLogger(__name__)

MOST_ROUTES: Final = 50_000  # topics remembered; a flood of invented ones only empties the memory
MOST_ROUTES_OF_A_DEVICE: Final = 200  # a meter with four channels uses some twenty
LONGEST_ROUTE: Final = 256  # characters of a topic worth remembering
HEARD_EVERY: Final = timedelta(seconds=5)  # the last message as it came is for a person's eyes
LEFT_OVER_EVERY: Final = timedelta(milliseconds=50)  # states that found no room in a load, where nothing fills the next
TOO_OFTEN: Final = "The device speaks too often: only the newest of these instantaneous values were stored."
RETAINED_WILL_YIELDS_TO_DATA_OF: Final = timedelta(minutes=5)
# Components that measure and may be spoken of without a value: a cover at rest, a light that no decoder of ours reads.
_SILENT_COMPONENTS: Final = re.compile(rb'"((?:cover|light):[0-9]{1,3})"')


class Delivery(NamedTuple):
    """A message with the instant it reached us and how the broker marked it."""

    topic: str
    payload: bytes
    received_at: datetime
    retain: bool = False
    dup: bool = False
    backlog: bool = False  # it may have waited in the broker, for a time we do not know


class Route(NamedTuple):
    """What is known of a topic once its first message has come: whose it is and how to read it."""

    entry: Entry
    latest: Latest
    reader: Reader
    topic_hash: int
    is_named: bool = False  # what comes here carries the device's own name, and the decoder compares it
    unread: str = ""  # the component that speaks here, where it may do so without a value

    def fingerprint(self, payload: bytes) -> int:
        """64 bits of topic and payload, signed: the same in every process."""
        return self.topic_hash ^ hash_of(payload)


def hash_of(data: bytes) -> int:
    """64 bits of some bytes, signed."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little", signed=True)


class DeviceManager:
    """Turns deliveries into the rows of a batch, without a query per message."""

    def __init__(self) -> None:
        self._directory: Directory = {}
        self._latest: dict[int, Latest] = {}
        self._routes: dict[str, Route | None] = {}
        self._routes_of: Counter[int] = Counter()  # device -> topics remembered
        self._touched: dict[int, Latest] = {}
        self._heard: dict[int, Delivery] = {}  # the last of each device since they were last written
        self._telling: dict[int, Delivery] = {}  # of these, the ones that are being written, some at a time
        self._heard_at = steady_now() - HEARD_EVERY
        self._taken_at = steady_now()
        self._left_over = False  # not all states that were news found room in the last load
        self._notices = Notices()
        self._pace = Pace()
        self._skew = Skew()
        self.left_out = 0  # instantaneous values of devices that speak too often

    def remember(self, states: Iterable[DeviceState]) -> None:
        """Start from what the database knows of each device."""
        self._touched.clear()
        for state in states:
            self._latest[state.device_id] = Latest.from_state(state)

    def absorb(self, merged: Iterable[MergedState]) -> None:
        """Take over what the other ingestors of the group heard after us."""
        for state in merged:
            latest = self._latest.get(state.device_id)
            if latest is not None:
                latest.absorb(state)

    def use(self, directory: Directory) -> None:
        """Take a new directory; what the devices said last stays."""
        self._directory = directory
        self._routes = {}
        self._routes_of.clear()
        for entry in directory.values():
            latest = self._latest.setdefault(entry.key, Latest(entry.key))
            latest.roles = entry.roles
            latest.watch.expect(entry.components)

    def read(self, delivery: Delivery, batch: Batch) -> None:
        """Add what a delivery says to the batch: samples, a refusal, or a stranger. Never raises for a bad message."""
        try:
            route = self._routes[delivery.topic]
        except KeyError:
            route = self._route_of(delivery.topic)
        if route is None:
            prefix = prefix_of(delivery.topic)
            # A Tasmota also answers beside its prefix, on stat/<topic>: that is nobody unknown.
            if not delivery.retain and prefix not in self._directory:
                batch.strangers.append(Stranger(prefix, delivery.topic, delivery.payload[:FIRST_BYTES]))
            return
        if not delivery.retain:
            self._heard[route.entry.key] = delivery
        try:
            samples = route.reader(delivery.payload, delivery.received_at, route.entry.device)
            if not delivery.retain:
                self._watch(samples, delivery, route)
            self._keep(samples, delivery, route, batch)
        except AnotherDevice as error:
            if not delivery.retain:
                route.latest.watch.gave_another_name(error.name, delivery.received_at)
                self._note(Kind.REPLACED, error.name, delivery, route)
            batch.refusals.append(_refusal(delivery, route, str(error)))
        except UnreadableMessage as error:
            batch.refusals.append(_refusal(delivery, route, str(error)))
        except Exception:
            # A fault of ours, not of the meter: told loudly, and the messages behind it must not wait (rule R2).
            logger.exception("A decoder failed on a message of topic %s", delivery.topic)
            batch.refusals.append(_refusal(delivery, route, "The program could not read this message: see its log."))

    def take_states(self, now: datetime | None = None, *, most: int | None = None) -> list[StateRow]:
        """The state rows of the devices that spoke, in the order of their keys.

        With a time, only what is news by then: a device that speaks often is written once a second. Without, all.
        Of more than `most`, those that have waited longest; the others keep their place for the next time.
        """
        news = (key for key, latest in self._touched.items() if now is None or latest.is_news(now))
        chosen = sorted(islice(news, most))
        moment = now or steady_now()
        self._taken_at = moment
        self._left_over = len(chosen) == most
        return [self._touched.pop(key).told(moment) for key in chosen]

    def thin_out(self, batch: Batch, now: datetime) -> None:
        """Of a device that speaks too often leave out all but the newest values; the count is in the quarantine."""
        for row, count in self._pace.thin_out(batch, now=now):
            self.left_out += count
            key = row.sample.device_id
            batch.refusals.append(Refusal(row.topic, TOO_OFTEN, row.payload[:FIRST_BYTES], key, count))
            if key is not None:
                self._notices.note(Notice(key, Kind.TOO_OFTEN, row.topic), now=now)

    def look_at_our_clock(self, now: datetime) -> OurClock | None:
        """What most devices say of our clock, when a person must be told, or told that it is right again."""
        return self._skew.judge(now)

    def take_notices(self) -> list[Notice]:
        """What a person must look at, since the last call."""
        return self._notices.take()

    def owes_states(self, now: datetime) -> bool:
        """Whether states wait to be written though no message comes to take them along."""
        wait = LEFT_OVER_EVERY if self._left_over else STATE_EVERY
        return bool(self._touched) and now - self._taken_at >= wait

    def take_heard(self, now: datetime | None = None, *, most: int | None = None) -> list[Heard]:
        """The last message of each device that spoke: every few seconds, `most` at a time until all are told.

        Without a time, at once.
        """
        if now is None or (most != 0 and not self._telling and now - self._heard_at >= HEARD_EVERY):
            self._telling |= self._heard
            self._heard = {}
            self._heard_at = now or steady_now()
        return [_heard_of(key, self._telling.pop(key)) for key in list(islice(self._telling, most))]

    def owes_heard(self, now: datetime) -> bool:
        """Whether last messages wait to be written though none comes to take them along."""
        return bool(self._telling) or (bool(self._heard) and now - self._heard_at >= HEARD_EVERY)

    def _watch(self, samples: list[Sample], delivery: Delivery, route: Route) -> None:
        """Notice that the device is not what it was. Raises UnreadableMessage where another has taken its place."""
        latest, at = route.latest, delivery.received_at
        watch = latest.watch
        if route.is_named and b'"src"' in delivery.payload:
            watch.gave_its_name()
            latest.src = route.entry.device.device_id or ""
        elif another := watch.is_replaced_by(at):
            raise UnreadableMessage(f"{another} speaks here in its place: nothing without a name is believed")
        told = [sample.component for sample in samples if not isinstance(sample.reading, Presence | Radio)]
        for component in told or _spoken_of(delivery.payload, samples, route):
            if watch.spoke_instead(component, at):
                self._note(Kind.PROFILE_CHANGED, component, delivery, route)

    def _note(self, kind: Kind, detail: str, delivery: Delivery, route: Route) -> None:
        self._notices.note(Notice(route.entry.key, kind, detail), now=delivery.received_at)

    def _keep(self, samples: list[Sample], delivery: Delivery, route: Route, batch: Batch) -> None:
        latest = route.latest
        is_live = not (delivery.retain or delivery.backlog)
        fingerprint = None
        for sample in samples:
            if isinstance(sample.reading, Presence):
                continue
            if isinstance(sample.reading, Radio):
                if is_live:  # of a copy that was kept nobody knows the age
                    latest.take_radio(sample.reading, delivery.received_at)
                continue
            if delivery.retain:
                latest.take_retained(sample)  # state, never a measurement
                continue
            if delivery.backlog and sample.time_source is TimeSource.RECEIVED:
                sample = sample._replace(time_source=TimeSource.UNKNOWN)
            else:
                latest.take(sample, received_at=delivery.received_at)
                if is_live and (sample.time_source is TimeSource.DEVICE or sample.reported_ts is not None):
                    self._skew.note(latest.device_id, sample, delivery.received_at)
            if fingerprint is None:
                fingerprint = route.fingerprint(delivery.payload)
            batch.incoming.append(
                Incoming(
                    sample,
                    fingerprint,
                    delivery.topic,
                    delivery.payload,
                    latest.drawn_register(sample),
                    delivery.dup or delivery.backlog,
                )
            )
        if samples and isinstance(samples[0].reading, Presence):
            _note_presence(samples[0].reading, delivery, latest)
        elif is_live:
            latest.heard(delivery.received_at)
        self._touched[latest.device_id] = latest

    def _route_of(self, topic: str) -> Route | None:
        """Find the device whose prefix is the longest beginning of this topic, and remember it."""
        prefix = topic  # itself, for a generic device that has one topic and nothing below it
        entry = self._directory.get(prefix)
        while entry is None and prefix:
            prefix = prefix.rpartition("/")[0]
            entry = self._directory.get(prefix)
        route = None
        if entry is not None:
            topic_hash = hash_of(topic.encode("utf-8", "replace"))
            reader = reader_of(topic, entry.device)
            unread = _silent_component(topic, entry.device.prefix, is_read=reader is not read_nothing)
            route = Route(entry, self._latest[entry.key], reader, topic_hash, topic.endswith("/rpc"), unread)
        self._remember_route(topic, route)
        return route

    def _remember_route(self, topic: str, route: Route | None) -> None:
        if len(self._routes) >= MOST_ROUTES:
            self._routes.clear()
            self._routes_of.clear()
        if len(topic) > LONGEST_ROUTE:
            return
        if route is not None:
            if self._routes_of[route.entry.key] >= MOST_ROUTES_OF_A_DEVICE:
                return
            self._routes_of[route.entry.key] += 1
        self._routes[topic] = route


def _silent_component(topic: str, prefix: str, *, is_read: bool) -> str:
    """The component of a status topic that may speak without a value, where components of its kind measure.

    One that no make of ours reads, or a cover at rest: a relay that became one. A relay without a meter is none: it
    stands beside the channels of some meters.
    """
    place, _, component = topic[len(prefix) + 1 :].partition("/")
    kind = kind_of(component)
    told = kind == "cover" if is_read else kind in MEASURING
    return component if place == "status" and told else ""


def _spoken_of(payload: bytes, samples: Sequence[Sample], route: Route) -> Iterable[str]:
    """The components that a message of which nothing was measured speaks of all the same.

    A status topic is about one; a frame is searched for the few that may have no value, without reading it again.
    """
    if route.is_named:
        return {name.decode() for name in _SILENT_COMPONENTS.findall(payload)}
    return (route.unread,) if route.unread and not samples else ()


def _heard_of(key: int, last: Delivery) -> Heard:
    return Heard(key, last.topic, last.payload[:LAST_BYTES], len(last.payload), last.received_at)


def _note_presence(presence: Presence, delivery: Delivery, latest: Latest) -> None:
    """A will that the broker kept says nothing against data that came after it (rule R11)."""
    kept = delivery.retain or delivery.backlog
    if kept and latest.last_seen and delivery.received_at - latest.last_seen < RETAINED_WILL_YIELDS_TO_DATA_OF:
        return
    latest.online = presence.online
    if presence.online and not kept:
        latest.heard(delivery.received_at)


def _refusal(delivery: Delivery, route: Route, reason: str) -> Refusal:
    return Refusal(delivery.topic, reason, delivery.payload[:FIRST_BYTES], route.entry.device.id)
