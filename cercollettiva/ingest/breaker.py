"""The circuit breaker between the ingestor and a database that may be away."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

FIRST_WAIT = timedelta(milliseconds=250)
LONGEST_WAIT = timedelta(seconds=2)


class CircuitBreaker:
    """Closed while all is well; after a failure it stays open for a wait that doubles, then lets one try through.

    The caller says what time it is. Waits are jittered, so that many ingestors do not return all at once.
    """

    def __init__(self, *, jitter: random.Random | None = None) -> None:
        self._jitter = jitter or random.Random()  # noqa: S311  # spreads load, guards nothing
        self._failures = 0
        self._retry_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self._retry_at is not None

    @property
    def failures(self) -> int:
        """How many tries have failed since the last success."""
        return self._failures

    def allows(self, *, now: datetime) -> bool:
        return self._retry_at is None or now >= self._retry_at

    def failed(self, *, now: datetime) -> None:
        wait = min(FIRST_WAIT * 2**self._failures, LONGEST_WAIT)
        self._failures = min(self._failures + 1, 16)  # enough to reach the longest wait
        self._retry_at = now + wait * (0.5 + self._jitter.random() / 2)

    def succeeded(self) -> None:
        self._failures = 0
        self._retry_at = None
