"""The receive clock: aware, UTC, and never twice the same instant."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
_STEP_BACK: Final = timedelta(seconds=1)


class ReceiveClock:
    """Instants for messages that carry no time of their own.

    Two of them in the same microsecond would share a key, and one would be lost: the second gets the next microsecond.
    """

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        now = datetime.now(UTC)
        if now <= self._last and self._last - now < _STEP_BACK:
            now = self._last + _TICK
        self._last = now
        return now


def steady_now() -> datetime:
    """An instant for waits and ages: it never steps, whatever happens to the clock on the wall. Not a date."""
    return _EPOCH + timedelta(seconds=time.monotonic())
