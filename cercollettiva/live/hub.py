"""Who is watching in this process, and the one task that keeps them up to date.

Every half second one thread with one database connection reads what changed and builds the frames that are due; each
frame is encoded once and handed to every socket of its topic. A socket that is still busy with the last frame is left
out and gets the newest one later: what it missed is of no use to anybody. While the database is away nothing is sent,
because nobody could say who may still look, and the sockets stay open.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from django.contrib.sessions.backends.base import SessionBase
from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone

from cercollettiva.live.access import Access, Watcher, fullest, may_watch, visible_topics
from cercollettiva.live.feed import Feed
from cercollettiva.live.frames import stamped
from cercollettiva.live.topics import CloseCode, Kind, Topic
from cercollettiva.users import second_factor
from cercollettiva.users.models import CustomUser

PERIOD: Final = 0.5  # from one turn to the next [s]
TURNS_BETWEEN_FRAMES: Final = 2  # of a topic, and of a socket: one frame a second
TURNS_BETWEEN_CHECKS: Final = 5  # of everybody's right to look
TURNS_OF_SILENCE: Final = 60  # after these a frame goes out though nothing changed: values grow old, browsers doubt
SOCKETS_PER_PERSON: Final = 5
AWAY: Final = (OperationalError, InterfaceError)  # the database

logger = logging.getLogger(__name__)
T = TypeVar("T")


class NotProven(Exception):
    """The session has not seen the second factor of somebody who must have one."""


class Socket(Protocol):
    """What the hub needs of a socket."""

    async def send_frame(self, text: str) -> None: ...

    async def close_with(self, code: CloseCode) -> None: ...


@dataclass(eq=False, slots=True)
class Seat:
    """A socket at a topic."""

    socket: Socket
    watcher: Watcher
    version: int = 0  # of the room's frame that it was sent last
    sent_in: int = 0  # the turn of it
    sending: asyncio.Task[None] | None = None


@dataclass(eq=False, slots=True)
class Room:
    """A topic that somebody watches, with its frame of the moment."""

    body: bytes
    built_in: int  # the turn
    version: int = 1
    is_stale: bool = True  # something changed since the frame was built; at first, perhaps
    seats: set[Seat] = field(default_factory=set)


class Outcome(NamedTuple):
    """What the thread found in one turn."""

    allowed: set[Watcher] | None  # None: it was not the time to ask
    changed: set[Topic]
    bodies: Mapping[Topic, bytes]


@contextmanager
def closed_on_error() -> Iterator[None]:
    """A connection that failed is of no use any more: the next turn opens another."""
    try:
        yield
    except AWAY:
        connections.close_all()
        raise


class Hub:
    """The rooms of a process. All of it runs on the event loop, but for `_admit` and `_look`."""

    def __init__(
        self, *, feed: Feed | None = None, access: Access | None = None, now: Callable[[], datetime] = timezone.now
    ) -> None:
        self._feed = feed or Feed()
        self._access = access or Access()
        self._now = now
        self._rooms: dict[Topic, Room] = {}
        self._seats_of: dict[int, list[Seat]] = {}  # person -> oldest first
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live")
        self._poller: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = 0
        self._checked_in = 0
        self._is_away = False  # the database

    async def join(
        self, socket: Socket, user: CustomUser, session: str, topic: Topic, *, signed_in: SessionBase | None = None
    ) -> Seat | None:
        """Give a socket the present state and a seat; None when there is nothing that it may see.

        `signed_in` is the session itself: NotProven when it has not seen the second factor that the person must have.
        """
        room = self._rooms.get(topic)
        body = await self._in_thread(self._admit, user, topic, room.body if room else None, signed_in)
        if body is None:
            if self._poller is None:
                await self._in_thread(connections.close_all)
            return None
        room = self._rooms.setdefault(topic, Room(body, built_in=self._turn + 1))
        is_proven = signed_in is not None and second_factor.is_proven(signed_in, user)
        seat = Seat(socket, Watcher(user.pk, session, user.get_session_auth_hash(), topic, is_proven))
        room.seats.add(seat)
        self._make_place_for(seat)
        self._send(seat, room, stamped(room.body, self._now()), turn=self._turn + 1)
        if self._poller is None:
            self._poller = asyncio.create_task(self._poll())
        return seat

    async def visible(self, user: CustomUser, kind: Kind) -> list[Topic]:
        """All that somebody may watch of a kind."""
        return await self._in_thread(self._visible, user, kind)

    async def fullest(self, user: CustomUser, topic: Topic) -> list[Topic]:
        """The topic as this person may see it."""
        return await self._in_thread(self._fullest, user, topic)

    def leave(self, seat: Seat) -> None:
        """The socket is gone, or is to go. Twice does no harm."""
        topic, user = seat.watcher.topic, seat.watcher.user
        room, seats = self._rooms.get(topic), self._seats_of.get(user)
        if room is None or seats is None or seat not in room.seats:
            return
        room.seats.remove(seat)
        seats.remove(seat)
        if not room.seats:
            del self._rooms[topic]
        if not seats:
            del self._seats_of[user]

    def _make_place_for(self, seat: Seat) -> None:
        seats = self._seats_of.setdefault(seat.watcher.user, [])
        seats.append(seat)
        sockets = list(dict.fromkeys(seat.socket for seat in seats))  # one may have many seats
        surplus = set(sockets[:-SOCKETS_PER_PERSON])
        for seat in [seat for seat in seats if seat.socket in surplus]:
            self._dismiss(seat, CloseCode.TOO_MANY)

    async def _poll(self) -> None:
        """Turn after turn while somebody watches. Where one takes too long the next begins at the next half second."""
        loop = asyncio.get_running_loop()
        began, first = loop.time(), self._turn
        try:
            while self._rooms:
                passed = int((loop.time() - began) / PERIOD) + 1
                await asyncio.sleep(began + passed * PERIOD - loop.time())
                self._turn = first + passed
                await self._take_turn()
        except Exception:
            logger.exception("The hub failed: its sockets are closed, and the browsers come back")
            self._dismiss_all(self._watchers(), CloseCode.TRY_AGAIN)
        finally:
            self._poller = None
            await self._in_thread(connections.close_all)

    async def _take_turn(self) -> None:
        due = {topic for topic, room in self._rooms.items() if self._turn - room.built_in >= TURNS_BETWEEN_FRAMES}
        stale = {topic for topic in due if self._rooms[topic].is_stale or self._is_silent(self._rooms[topic])}
        watchers = None
        if self._turn - self._checked_in >= TURNS_BETWEEN_CHECKS:
            watchers = self._watchers()
        try:
            outcome = await self._in_thread(self._look, frozenset(self._rooms), due, stale, watchers)
        except AWAY as error:
            if not self._is_away:
                logger.warning("The database is away: the sockets wait. %s", error)
            self._is_away = True
            return
        if self._is_away:
            logger.info("The database is back")
        self._is_away = False
        if watchers is not None and outcome.allowed is not None:
            self._checked_in = self._turn
            self._dismiss_all(watchers - outcome.allowed, CloseCode.NO_LONGER_ALLOWED)
        self._take_in(outcome)
        self._deliver()

    def _is_silent(self, room: Room) -> bool:
        return self._turn - room.built_in >= TURNS_OF_SILENCE

    def _take_in(self, outcome: Outcome) -> None:
        for topic in outcome.changed:
            if topic in self._rooms:
                self._rooms[topic].is_stale = True
        for topic, body in outcome.bodies.items():
            room = self._rooms.get(topic)
            if room is None:
                continue
            room.is_stale = False
            if room.body != body or self._is_silent(room):
                room.body, room.built_in = body, self._turn
                room.version += 1

    def _deliver(self) -> None:
        """Bring every socket up to the frame of its room, unless it had one within the second or is still busy."""
        now = self._now()
        for room in self._rooms.values():
            behind = [seat for seat in room.seats if seat.version != room.version and self._is_ready(seat)]
            if behind:
                text = stamped(room.body, now)
                for seat in behind:
                    self._send(seat, room, text, turn=self._turn)

    def _is_ready(self, seat: Seat) -> bool:
        busy = seat.sending is not None and not seat.sending.done()
        return not busy and self._turn - seat.sent_in >= TURNS_BETWEEN_FRAMES

    def _send(self, seat: Seat, room: Room, text: str, *, turn: int) -> None:
        seat.version, seat.sent_in = room.version, turn
        seat.sending = self._spawn(self._send_frame(seat, text))

    async def _send_frame(self, seat: Seat, text: str) -> None:
        try:
            await seat.socket.send_frame(text)
        except (OSError, RuntimeError):  # what servers raise when the other side has gone
            self.leave(seat)

    def _watchers(self) -> set[Watcher]:
        return {seat.watcher for room in self._rooms.values() for seat in room.seats}

    def _dismiss_all(self, watchers: set[Watcher], code: CloseCode) -> None:
        for room in list(self._rooms.values()):
            for seat in [seat for seat in room.seats if seat.watcher in watchers]:
                self._dismiss(seat, code)

    def _dismiss(self, seat: Seat, code: CloseCode) -> None:
        self.leave(seat)
        self._spawn(self._close(seat, code))

    async def _close(self, seat: Seat, code: CloseCode) -> None:
        try:
            await seat.socket.close_with(code)
        except (OSError, RuntimeError):
            logger.debug("A socket was gone before it could be closed")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)  # the loop itself keeps no task alive
        task.add_done_callback(self._tasks.discard)
        return task

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def _visible(self, user: CustomUser, kind: Kind) -> list[Topic]:
        with closed_on_error():
            now = self._now()
            return fullest(user, visible_topics(user, kind, now), now)

    def _fullest(self, user: CustomUser, topic: Topic) -> list[Topic]:
        with closed_on_error():
            return fullest(user, [topic], self._now())

    def _admit(self, user: CustomUser, topic: Topic, body: bytes | None, signed_in: SessionBase | None) -> bytes | None:
        """In the thread: the frame of the moment, if the user may see the topic."""
        now = self._now()
        with closed_on_error():
            if not may_watch(user, topic, now):
                return None
            if signed_in is not None and not second_factor.may_go_on(user, signed_in, now):
                raise NotProven
            return body or self._feed.bodies([topic], now).get(topic)

    def _look(
        self, topics: frozenset[Topic], due: set[Topic], stale: set[Topic], watchers: set[Watcher] | None
    ) -> Outcome:
        """In the thread: one turn at the database. Who may look is asked first: on an error nothing is sent."""
        now = self._now()
        with closed_on_error():
            allowed = None if watchers is None else self._access.still_allowed(watchers, now)
            changed = self._feed.changed(topics, now)
            return Outcome(allowed, changed, self._feed.bodies(stale | (changed & due), now))
