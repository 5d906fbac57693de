"""The receive clock."""

from datetime import UTC, datetime

import time_machine

from cercollettiva.ingest.clock import ReceiveClock


@time_machine.travel(datetime(2026, 6, 1, 12, tzinfo=UTC), tick=False)
def test_it_never_gives_the_same_instant_twice():
    clock = ReceiveClock()

    instants = [clock.now() for _ in range(5)]

    assert instants == sorted(set(instants))


def test_it_follows_a_clock_that_was_set_back():
    clock = ReceiveClock()
    with time_machine.travel(datetime(2026, 6, 1, 12, tzinfo=UTC), tick=False):
        clock.now()

    with time_machine.travel(datetime(2026, 6, 1, 11, tzinfo=UTC), tick=False):
        assert clock.now() == datetime(2026, 6, 1, 11, tzinfo=UTC)
