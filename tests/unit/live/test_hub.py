"""The hub turn by turn, on a feed and sockets of paper; the turns come when the test says so."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError

from cercollettiva.live import hub as hub_module
from cercollettiva.live.access import Watcher
from cercollettiva.live.hub import SOCKETS_PER_PERSON, TURNS_BETWEEN_CHECKS, TURNS_OF_SILENCE, Hub
from cercollettiva.live.topics import CloseCode, Kind, Topic

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PLANT = Topic(Kind.PLANT, 1)
OTHER = Topic(Kind.PLANT, 2)


class PaperFeed:
    """Every topic has a figure; the test changes it."""

    def __init__(self) -> None:
        self.figures: dict[Topic, int] = {PLANT: 0, OTHER: 0}
        self.moved: set[Topic] = set()
        self.built: list[Topic] = []
        self.is_away = False

    def set(self, topic: Topic, figure: int) -> None:
        self.figures[topic] = figure
        self.moved.add(topic)

    def changed(self, topics: frozenset[Topic], now: datetime) -> set[Topic]:
        if self.is_away:
            raise OperationalError("the database is away")
        moved, self.moved = self.moved & topics, set()
        return moved

    def bodies(self, topics: Any, now: datetime) -> dict[Topic, bytes]:
        self.built += topics
        return {topic: json.dumps({"figure": self.figures[topic]}).encode() for topic in topics}


class PaperSocket:
    def __init__(self) -> None:
        self.frames: list[int] = []
        self.code: CloseCode | None = None
        self.reads = asyncio.Event()
        self.reads.set()

    async def send_frame(self, text: str) -> None:
        self.frames.append(json.loads(text)["figure"])
        await self.reads.wait()

    async def close_with(self, code: CloseCode) -> None:
        self.code = code


def person(pk: int) -> Any:
    return SimpleNamespace(pk=pk, get_session_auth_hash=lambda: "hash")


class House:
    """A hub whose turns the test takes itself, and who may look."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.feed = PaperFeed()
        self.hub = Hub(feed=self.feed, access=self, now=lambda: NOON)  # type: ignore[arg-type]
        self.shut_out: set[int] = set()
        self.asked = 0
        monkeypatch.setattr(Hub, "_poll", _no_poller)
        monkeypatch.setattr(hub_module, "may_watch", lambda user, topic, now: user.pk not in self.shut_out)

    def still_allowed(self, watchers: set[Watcher], now: datetime) -> set[Watcher]:
        self.asked += 1
        return {watcher for watcher in watchers if watcher.user not in self.shut_out}

    async def enter(self, user: int = 1, topic: Topic = PLANT) -> PaperSocket:
        socket = PaperSocket()
        await self.sit(socket, user, topic)
        return socket

    async def sit(self, socket: PaperSocket, user: int, topic: Topic) -> None:
        await self.hub.join(socket, person(user), "session", topic)
        await asyncio.sleep(0)

    async def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.hub._turn += 1
            await self.hub._take_turn()
            await asyncio.sleep(0)


async def _no_poller(hub: Hub) -> None:
    """The test takes the turns."""


@pytest.fixture
def house(monkeypatch):
    return House(monkeypatch)


async def test_the_present_comes_at_once_and_what_did_not_change_is_not_said_again(house):
    socket = await house.enter()

    await house.turn(10)

    assert socket.frames == [0]


async def test_a_topic_has_a_frame_every_second_turn_however_often_it_changes(house):
    socket = await house.enter()

    for figure in range(1, 13):
        house.feed.set(PLANT, figure)
        await house.turn()

    assert socket.frames == [0, 3, 5, 7, 9, 11]


async def test_the_last_change_is_never_lost(house):
    socket = await house.enter()
    await house.turn(3)
    house.feed.set(PLANT, 1)
    await house.turn()
    house.feed.set(PLANT, 2)
    await house.turn(4)

    assert socket.frames == [0, 1, 2]


async def test_a_frame_is_built_once_for_all_who_watch(house):
    sockets = [await house.enter(user) for user in range(20)]
    house.feed.built.clear()
    await house.turn(2)
    house.feed.set(PLANT, 7)

    await house.turn(3)

    assert [socket.frames for socket in sockets] == [[0, 7]] * 20
    assert len(house.feed.built) <= 2


async def test_who_comes_in_between_has_the_present_and_waits_a_second_like_the_others(house):
    early = await house.enter(1)
    await house.turn(2)
    house.feed.set(PLANT, 1)
    await house.turn()
    late = await house.enter(2)
    house.feed.set(PLANT, 2)
    await house.turn(2)

    assert (early.frames, late.frames) == ([0, 1, 2], [1])
    await house.turn()
    assert late.frames == [1, 2]


async def test_a_slow_reader_misses_frames_and_gets_the_newest_when_it_reads_again(house):
    slow, quick = await house.enter(1), await house.enter(2)
    await house.turn(2)
    slow.reads.clear()
    for figure in range(1, 5):
        house.feed.set(PLANT, figure)
        await house.turn(2)
    assert quick.frames[-1] == 4
    stuck = list(slow.frames)

    slow.reads.set()
    await house.turn(2)

    assert stuck == [0, 1]
    assert slow.frames == [0, 1, 4]


async def test_a_quiet_topic_says_its_age_again_after_half_a_minute(house):
    socket = await house.enter()

    await house.turn(TURNS_OF_SILENCE + 1)

    assert socket.frames == [0, 0]


async def test_the_sixth_socket_of_a_person_closes_the_first(house):
    sockets = [await house.enter(1) for _ in range(SOCKETS_PER_PERSON)]
    other = await house.enter(2)

    sixth = await house.enter(1, OTHER)

    assert [socket.code for socket in [*sockets, other, sixth]] == [CloseCode.TOO_MANY] + [None] * 6


async def test_a_socket_with_many_seats_counts_once(house):
    desk = await house.enter(1)
    for _ in range(2 * SOCKETS_PER_PERSON):
        await house.sit(desk, 1, OTHER)

    others = [await house.enter(1) for _ in range(SOCKETS_PER_PERSON - 1)]

    assert [socket.code for socket in [desk, *others]] == [None] * SOCKETS_PER_PERSON


async def test_who_lost_the_right_to_look_is_closed_before_the_next_frame(house):
    stays, goes = await house.enter(1), await house.enter(2)
    await house.turn(TURNS_BETWEEN_CHECKS - 1)
    house.shut_out.add(2)
    house.feed.set(PLANT, 5)

    await house.turn()

    assert (stays.frames, goes.frames) == ([0, 5], [0])
    assert (stays.code, goes.code) == (None, CloseCode.NO_LONGER_ALLOWED)


async def test_everybodys_right_is_asked_every_two_and_a_half_seconds(house):
    await house.enter()

    await house.turn(20)

    assert house.asked == 20 // TURNS_BETWEEN_CHECKS


async def test_while_the_database_is_away_nothing_is_sent_and_nobody_is_closed(house, caplog):
    socket = await house.enter()
    house.feed.is_away = True
    house.feed.set(PLANT, 1)
    await house.turn(20)
    assert (socket.frames, socket.code) == ([0], None)
    assert [record.levelname for record in caplog.records] == ["WARNING"]

    house.feed.is_away = False
    house.shut_out.add(1)
    await house.turn()

    assert (socket.frames, socket.code) == ([0], CloseCode.NO_LONGER_ALLOWED)


async def test_who_may_not_look_gets_no_seat(house):
    house.shut_out.add(1)

    socket = PaperSocket()

    assert await house.hub.join(socket, person(1), "session", PLANT) is None
    assert socket.frames == []


async def test_a_socket_that_is_gone_loses_its_seat(house):
    socket = await house.enter()

    async def gone(text: str) -> None:
        raise OSError

    socket.send_frame = gone
    house.feed.set(PLANT, 1)
    await house.turn(3)

    assert house.hub._rooms == {}
    assert house.hub._seats_of == {}


async def test_a_defect_is_logged_once_and_the_browsers_are_told_to_come_back(monkeypatch, caplog):
    feed = PaperFeed()
    monkeypatch.setattr(hub_module, "PERIOD", 0.01)
    monkeypatch.setattr(hub_module, "may_watch", lambda user, topic, now: True)
    feed.changed = lambda topics, now: 1 / 0  # type: ignore[assignment,return-value]
    hub = Hub(feed=feed, now=lambda: NOON)  # type: ignore[arg-type]
    socket = PaperSocket()
    await hub.join(socket, person(1), "session", PLANT)

    async with asyncio.timeout(5):
        while socket.code is None or hub._poller is not None:
            await asyncio.sleep(0.01)

    assert socket.code == CloseCode.TRY_AGAIN
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert hub._rooms == {}
