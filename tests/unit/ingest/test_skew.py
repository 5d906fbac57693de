"""Whether our own clock is wrong, by what the devices say (failure model, row 32), with a clock of the test's own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cercollettiva.devices.samples import TimeSource
from cercollettiva.energy.store import Batch
from cercollettiva.ingest.clock import steady_now
from cercollettiva.ingest.manager import DeviceManager
from cercollettiva.ingest.skew import TELL_AGAIN_AFTER, WINDOW, OurClock
from tests.unit.ingest.meters import EM_STATUS, NOON, delivery, entry, manager_of, notification

SECOND = timedelta(seconds=1)
DEVICES = range(1, 6)


@pytest.fixture
def manager() -> DeviceManager:
    return manager_of(*(entry(key=key, prefix=f"cer/{key}") for key in DEVICES))


def hear(manager: DeviceManager, *ahead_by: float, at=NOON, **marks: bool) -> Batch:
    """A word of each device, received that many seconds after the instant it says."""
    batch = Batch()
    for key, seconds in zip(DEVICES, ahead_by, strict=False):
        said = notification(at - seconds * SECOND, **{"em:0": {"id": 0, "total_act_power": float(key)}})
        manager.read(delivery("events/rpc", said, at=at, prefix=f"cer/{key}", **marks), batch)
    return batch


def judged(manager: DeviceManager, *minutes_later: int) -> OurClock | None:
    return [manager.look_at_our_clock(NOON + minutes * WINDOW) for minutes in (0, *(minutes_later or (1,)))][-1]


def test_our_clock_is_wrong_where_more_than_half_of_the_devices_say_so(manager):
    hear(manager, 300, 301, 299.5, 1, 0.5)

    assert judged(manager) == OurClock(is_wrong=True, seconds=300, devices=3, heard=5)


def test_a_clock_that_is_behind_is_seen_though_their_times_are_not_believed(manager):
    batch = hear(manager, -400, -410, -420, -405)

    assert {row.sample.time_source for row in batch.incoming} == {TimeSource.RECEIVED}
    assert judged(manager) == OurClock(is_wrong=True, seconds=-408, devices=4, heard=4)


@pytest.mark.parametrize(
    "ahead_by",
    [
        (300, 300, 1, 1),  # a half is not more than half
        (59, 60, 58, 57, 60),
        (300, 300),  # of two nobody can say
        (),
    ],
)
def test_else_it_is_theirs(manager, ahead_by):
    hear(manager, *ahead_by)

    clock = judged(manager)

    assert clock is None or not clock.is_wrong


def test_what_waited_was_retained_or_was_never_set_says_nothing_of_our_clock(manager):
    hear(manager, *[300] * 5, backlog=True)
    hear(manager, *[300] * 5, retain=True)
    hear(manager, *[NOON.timestamp()] * 5)  # 1970
    for key in DEVICES:
        manager.read(delivery("status/em:0", EM_STATUS, prefix=f"cer/{key}"), Batch())

    assert judged(manager) is None


def test_it_is_told_once_again_after_an_hour_and_when_it_is_over(manager):
    told = []
    manager.look_at_our_clock(NOON)
    for minute in range(1, 70):
        hear(manager, *[300 if minute < 65 else 0] * 5, at=NOON + minute * WINDOW)
        told.append(manager.look_at_our_clock(NOON + minute * WINDOW))

    assert [(n, clock.is_wrong) for n, clock in enumerate(told, start=1) if clock] == [
        (1, True),
        (1 + TELL_AGAIN_AFTER // WINDOW, True),
        (65, False),
    ]


@pytest.mark.parametrize("ahead", [-300, -299.5, 0, 299.5, 300])
def test_up_to_five_minutes_the_devices_own_time_rules_whatever_ours_is(manager, ahead):
    batch = hear(manager, ahead)

    (row,) = batch.incoming
    assert (row.sample.at, row.sample.time_source) == (NOON - ahead * SECOND, TimeSource.DEVICE)


def test_waits_are_measured_by_a_clock_that_nobody_sets(time_machine):
    time_machine.move_to(NOON)
    before = steady_now()
    time_machine.move_to(NOON + timedelta(hours=5))

    assert timedelta(0) <= steady_now() - before < timedelta(minutes=1)
