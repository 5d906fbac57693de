"""The publisher: simulated time, what is due at each tick, what is made up for after a sleep."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from cercollettiva.ops.simulation.lucernaia import COMMUNITY
from cercollettiva.ops.simulation.publisher import Fleet, Publisher, SimulatedTime, run

NOON = datetime(2026, 6, 10, 10, 0, tzinfo=UTC)
METERS = [meter for point in COMMUNITY.points for meter in point.meters]
STATUS_SECONDS = 5


class Broker:
    """Stands where the connection stands, and moves the clock when it is served."""

    def __init__(self) -> None:
        self.is_connected = True
        self.now = NOON
        self.sent: list[tuple[str, bytes, int, bool]] = []
        self.topics: list[str] = []
        self.breaks_after: int | None = None

    def publish(self, topic, payload, *, qos, retain):
        if self.breaks_after is not None and len(self.sent) >= self.breaks_after:
            self.is_connected = False
            raise ConnectionResetError
        self.sent.append((topic, payload, qos, retain))

    def subscribe(self, topics):
        self.topics = list(topics)

    def poll(self, timeout):
        self.now += timedelta(seconds=timeout)

    def clock(self):
        return self.now

    def records(self) -> Counter[tuple[str, int]]:
        """How often the record of each device and minute was sent."""
        frames = [json.loads(payload) for topic, payload, _, _ in self.sent if topic.endswith("/events/rpc")]
        return Counter(
            (frame["src"], frame["params"]["events"][0]["data"]["ts"])
            for frame in frames
            if frame["method"] == "NotifyEvent"
        )

    def statuses(self) -> list[str]:
        return [topic for topic, _, _, _ in self.sent if topic.endswith("/status/em:0")]


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def fleet(energy) -> Fleet:
    return Fleet(energy, started_at=NOON)


def test_speed_is_simulated_seconds_to_a_real_one():
    time = SimulatedTime(NOON, datetime(2026, 1, 1, tzinfo=UTC), 60)

    assert time.at(NOON + timedelta(minutes=24)) == datetime(2026, 1, 2, tzinfo=UTC)


def test_a_fleet_is_every_meter_of_the_community(fleet):
    assert [shelly.meter for shelly in fleet.shellies] == METERS


def test_at_speed_sixty_a_minute_of_every_meter_leaves_each_second(broker, fleet):
    end = NOON + timedelta(seconds=10.5)

    sent = run(fleet, broker, clock=broker.clock, speed=60, stop=lambda: broker.now >= end)

    records = broker.records()
    starts = {int(NOON.timestamp()) + 60 * row for row in range(10)}
    assert set(records.values()) == {1}
    assert set(records) == {(meter.device_id, start) for meter in METERS for start in starts}
    assert sent == len(broker.sent)
    assert {qos for _, _, qos, _ in broker.sent} == {1}


def test_every_meter_shows_itself_every_few_seconds_and_not_all_at_once(broker, fleet):
    publisher = Publisher(fleet, broker)
    most = 0
    for tick in range(30 * 10):
        before = len(broker.statuses())
        now = NOON + timedelta(seconds=tick / 10)
        publisher.tick(now=now, simulated=now)
        most = max(most, len(broker.statuses()) - before)

    assert set(Counter(broker.statuses()).values()) == {30 // STATUS_SECONDS}
    assert most <= 4


def test_after_a_sleep_values_are_skipped_and_minutes_leave_a_few_at_a_time(broker, fleet):
    publisher = Publisher(fleet, broker, messages_a_tick=100)
    publisher.tick(now=NOON, simulated=NOON)
    awake = NOON + timedelta(hours=2, seconds=30)
    per_tick = []
    for tick in range(200):
        before = len(broker.sent)
        now = awake + timedelta(seconds=tick / 100)
        publisher.tick(now=now, simulated=now)
        per_tick.append(len(broker.sent) - before)

    assert max(per_tick) <= 100 + 3 + 2 * len(METERS)
    assert publisher.owed_minutes(awake + timedelta(seconds=2)) == 0
    assert set(broker.records().values()) == {1}
    assert len(broker.records()) == 120 * len(METERS)
    assert max(Counter(broker.statuses()).values()) <= 2


def test_the_oldest_minutes_leave_first(broker, fleet):
    publisher = Publisher(fleet, broker, messages_a_tick=50)
    later = NOON + timedelta(minutes=30)
    for _ in range(10):
        publisher.tick(now=later, simulated=later)

    starts = [start for _, start in broker.records()]
    assert starts == sorted(starts)


def test_nothing_leaves_without_a_connection_and_the_minutes_leave_after_it(broker, fleet):
    publisher = Publisher(fleet, broker)
    broker.is_connected = False
    publisher.tick(now=NOON + timedelta(minutes=3), simulated=NOON + timedelta(minutes=3))
    assert broker.sent == []

    broker.is_connected = True
    for tick in range(20):
        now = NOON + timedelta(minutes=3, seconds=2 + tick / 10)
        publisher.tick(now=now, simulated=now)

    assert len(broker.records()) == 3 * len(METERS)


def test_a_connection_that_breaks_loses_no_minute(broker, fleet):
    publisher = Publisher(fleet, broker)
    now = NOON + timedelta(minutes=2, seconds=2)
    broker.breaks_after = 30
    publisher.tick(now=now, simulated=now)
    broker.breaks_after, broker.is_connected = None, True
    for _ in range(5):
        publisher.tick(now=now, simulated=now)

    expected = {(meter.device_id, int(NOON.timestamp()) + 60 * row) for meter in METERS for row in range(2)}
    assert set(broker.records()) == expected
    assert max(broker.records().values()) <= 2  # what left before the break may leave again


def test_each_connection_begins_with_presence_and_the_topics_of_requests(broker, fleet):
    publisher = Publisher(fleet, broker)
    for connected in (True, True, False, True):
        broker.is_connected = connected
        publisher.tick(now=NOON, simulated=NOON)

    births = [(topic, payload, retain) for topic, payload, _, retain in broker.sent if topic.endswith("/online")]
    assert births == [(f"{meter.topic_prefix}/online", b"true", True) for meter in METERS] * 2
    assert broker.topics == [f"{meter.topic_prefix}/rpc" for meter in METERS]


def test_at_the_end_every_meter_goes_offline(broker, fleet):
    run(fleet, broker, clock=broker.clock, speed=1, stop=lambda: broker.now > NOON + timedelta(seconds=1))

    assert [(topic, payload) for topic, payload, _, _ in broker.sent[-len(METERS) :]] == [
        (f"{meter.topic_prefix}/online", b"false") for meter in METERS
    ]


def test_a_request_is_answered_where_it_asks_to(broker, fleet):
    request = {"id": 3, "src": "cercollettiva/healer", "method": "Shelly.GetDeviceInfo"}
    fleet.receive(f"{METERS[2].topic_prefix}/rpc", json.dumps(request).encode())

    Publisher(fleet, broker).tick(now=NOON, simulated=NOON)

    (payload,) = [payload for topic, payload, _, _ in broker.sent if topic == "cercollettiva/healer/rpc"]
    assert json.loads(payload)["result"]["id"] == METERS[2].device_id


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff", b"[]", b"{}", b'{"id":1}', b'{"src":5,"method":"x"}', b'{"src":"a/#"}', b"[" * 100_000],
)
def test_a_request_that_cannot_be_answered_is_let_go(broker, fleet, payload):
    fleet.receive(f"{METERS[0].topic_prefix}/rpc", payload)
    fleet.receive("somebody/else/rpc", b'{"id":1,"src":"a","method":"Shelly.GetStatus"}')

    assert list(fleet.answers(NOON)) == []


def test_a_clock_that_is_set_back_tells_nothing_twice(broker, fleet):
    publisher = Publisher(fleet, broker)
    for now in (NOON + timedelta(minutes=5, seconds=2), NOON, NOON + timedelta(minutes=5, seconds=3)):
        for _ in range(5):
            publisher.tick(now=now, simulated=now)

    assert set(broker.records().values()) == {1}
    assert len(broker.records()) == 5 * len(METERS)


def test_a_clock_that_is_set_back_silences_no_meter(broker, fleet):
    publisher = Publisher(fleet, broker)
    publisher.tick(now=NOON, simulated=NOON)
    earlier = NOON - timedelta(hours=1)
    for tick in range(STATUS_SECONDS * 10 + 1):
        now = earlier + timedelta(seconds=tick / 10)
        publisher.tick(now=now, simulated=now)

    assert len(set(broker.statuses())) == len(METERS)


def test_at_another_speed_only_what_carries_no_time_is_told(energy, broker):
    fleet = Fleet(energy, started_at=NOON)
    publisher = Publisher(fleet, broker, powers_only=True)

    for second in range(20):
        now = NOON + timedelta(seconds=second)
        publisher.tick(now=now, simulated=NOON + timedelta(seconds=60 * second))

    told = {topic.split("/", 3)[3] for topic, *_ in broker.sent}
    assert told == {"online", "status/em:0"}
    assert broker.topics == []
