"""The circuit breaker, with a clock of the test's own."""

import random
from datetime import UTC, datetime, timedelta

from cercollettiva.ingest.breaker import FIRST_WAIT, LONGEST_WAIT, CircuitBreaker

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_a_failure_keeps_it_open_for_a_while():
    breaker = CircuitBreaker(jitter=random.Random(1))

    breaker.failed(now=NOON)

    assert breaker.is_open
    assert not breaker.allows(now=NOON + FIRST_WAIT * 0.49)
    assert breaker.allows(now=NOON + FIRST_WAIT)


def test_waits_grow_up_to_the_longest():
    breaker = CircuitBreaker(jitter=random.Random(1))

    for _ in range(40):
        breaker.failed(now=NOON)

    assert not breaker.allows(now=NOON + LONGEST_WAIT * 0.49)
    assert breaker.allows(now=NOON + LONGEST_WAIT)


def test_a_success_closes_it_and_starts_anew():
    breaker = CircuitBreaker(jitter=random.Random(1))
    for _ in range(10):
        breaker.failed(now=NOON)

    breaker.succeeded()

    assert not breaker.is_open
    assert breaker.failures == 0
    breaker.failed(now=NOON)
    assert breaker.allows(now=NOON + timedelta(seconds=0.25))
