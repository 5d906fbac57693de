"""Reading what a Shelly stored, page by page: what to ask next, when to wait, and when to leave it (fault 30).

Pure: whoever sends the requests says what came of each, and what time it is. A page says where the next begins; a meter
whose pages do not go forward would be asked for ever, so it is believed only where it does.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

from cercollettiva.devices.shelly_components import Component

LONGEST_SECONDS: Final = 86_400  # asked for at once: a call for weeks never ends
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=30)
MOST_FAILURES: Final = 5  # in a row, before the meter is left for another day
_METHODS: Final = {"emdata": "EMData.GetData", "em1data": "EM1Data.GetData"}


class Ask(NamedTuple):
    """A request for a page: method and parameters, as `shelly_rpc.request` takes them."""

    method: str
    params: dict[str, int | str | bool | None]


class End(Enum):
    """Why there is nothing more to ask."""

    DONE = "all of it was read"
    NOT_THERE = "the meter has no such memory"
    GAVE_UP = "the meter did not answer, or not sensibly, too often in a row"


class History:
    """The stored intervals of one component in [start, end), asked for a day at a time at most. [Unix seconds]

    `next_ask` until it has nothing; after each request one of `answered`, `failed` and `unanswered`. `resume_at` is
    where to begin when it is taken up another day: all before it was read.
    """

    def __init__(self, component: Component, *, start: int, end: int) -> None:
        self._component = component
        self._end_at = end
        self.resume_at = start
        self._failures = 0
        self._not_before: datetime | None = None
        self.end: End | None = End.DONE if start >= end else None

    def next_ask(self, now: datetime) -> Ask | None:
        """What to ask now; nothing while it waits after a failure, and once it has come to an end."""
        if self.end is not None or (self._not_before is not None and now < self._not_before):
            return None
        last = min(self._end_at, self.resume_at + LONGEST_SECONDS) - 1
        params: dict[str, int | str | bool | None] = {"id": self._component.number, "ts": self.resume_at}
        return Ask(_METHODS[self._component.type], {**params, "end_ts": last, "add_keys": True})

    def answered(self, result: object, now: datetime) -> None:
        """A page came, and was read; `next_record_ts` is believed only where it goes forward."""
        asked_until = min(self._end_at, self.resume_at + LONGEST_SECONDS)
        following = result.get("next_record_ts") if isinstance(result, dict) else None
        if following is None:
            self._went_on_to(asked_until)
        elif type(following) is int and self.resume_at < following:
            self._went_on_to(min(following, asked_until))
        else:
            self.unanswered(now)

    def failed(self, code: object, now: datetime) -> None:
        """The meter answered with an error. 404: no such method, -105: no such channel; others may pass."""
        if code in (404, -105):
            self.end = End.NOT_THERE
        else:
            self.unanswered(now)

    def unanswered(self, now: datetime) -> None:
        """No answer in time, or one that cannot be used: wait, each time twice as long, and at last leave it."""
        self._failures += 1
        self._not_before = now + min(FIRST_WAIT * 2 ** (self._failures - 1), LONGEST_WAIT)
        if self._failures >= MOST_FAILURES:
            self.end = End.GAVE_UP

    def _went_on_to(self, moment: int) -> None:
        self.resume_at = moment
        self._failures = 0
        self._not_before = None
        if moment >= self._end_at:
            self.end = End.DONE
