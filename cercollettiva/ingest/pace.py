"""A device that speaks far too often: it must not cost the others their turn (failure model, row 37)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from cercollettiva.devices.samples import Power
from cercollettiva.energy.store import Batch, Incoming

WINDOW: Final = timedelta(seconds=1)
WINDOWS_IN_A_ROW: Final = 5  # a burst is no fault
MOST_A_SECOND: Final = 20  # instantaneous values; a meter with four channels reaches eight
TIMES_THE_OTHERS: Final = 10
FEWEST_OTHERS: Final = 3  # with fewer, nobody is there to be delayed


class Pace:
    """Counts the instantaneous values of each device, second by second, and thins out those of a device gone mad.

    Too often is more than twenty a second *and* ten times what the others say on average, for five seconds: where all
    speak often, that is the load, and everything is stored. The caller says what time it is.
    """

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._began_at: datetime | None = None
        self._in_a_row: dict[int, int] = {}
        self._hasty: frozenset[int] = frozenset()

    @property
    def hasty(self) -> frozenset[int]:
        """The devices that speak too often now."""
        return self._hasty

    def thin_out(self, batch: Batch, *, now: datetime) -> list[tuple[Incoming, int]]:
        """Of a hasty device keep the newest value of each component in this batch; how many others each stands for.

        Registers and records all stay: energy comes from them. What waited in the broker says nothing about the pace.
        """
        instantaneous = [row for row in batch.incoming if isinstance(row.sample.reading, Power)]
        self._counts.update([row.sample.device_id or 0 for row in instantaneous if not row.suspect])
        self._close_window(now)
        if not self._hasty:
            return []
        newest: dict[tuple[int | None, str], Incoming] = {}
        for row in instantaneous:
            key = (row.sample.device_id, row.sample.component)
            if key[0] in self._hasty and (key not in newest or row.sample.at >= newest[key].sample.at):
                newest[key] = row
        kept: list[Incoming] = []
        left_out: Counter[tuple[int | None, str]] = Counter()
        for row in batch.incoming:
            key = (row.sample.device_id, row.sample.component)
            if isinstance(row.sample.reading, Power) and key in newest and row is not newest[key]:
                left_out[key] += 1
            else:
                kept.append(row)
        batch.incoming = kept
        return [(newest[key], count) for key, count in left_out.items()]

    def _close_window(self, now: datetime) -> None:
        if self._began_at is None:
            self._began_at = now
        seconds = (now - self._began_at) / WINDOW
        if seconds < 1:
            return
        hasty = [key for key, count in self._counts.items() if self._is_too_much(count, seconds)]
        self._in_a_row = {key: self._in_a_row.get(key, 0) + 1 for key in hasty}
        self._hasty = frozenset(key for key, windows in self._in_a_row.items() if windows >= WINDOWS_IN_A_ROW)
        self._counts.clear()
        self._began_at = now

    def _is_too_much(self, count: int, seconds: float) -> bool:
        others = len(self._counts) - 1
        if count <= MOST_A_SECOND * seconds or others < FEWEST_OTHERS:
            return False
        return count * others > TIMES_THE_OTHERS * (self._counts.total() - count)
