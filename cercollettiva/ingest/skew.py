"""Whether the clock that is wrong is our own: most of the devices cannot all be (failure model, row 32).

What a device says with its own time is dated by that, so energy stays right while the two clocks differ by less than
five minutes; what carries no time is dated by ours, and a person must set it.
"""

from __future__ import annotations

import statistics
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from cercollettiva.devices.samples import Anomaly, Record, Sample, TimeSource

WINDOW: Final = timedelta(minutes=1)
FAR_SECONDS: Final = 60.0
FEWEST: Final = 3  # of two devices nobody can say which clock is right
TELL_AGAIN_AFTER: Final = timedelta(hours=1)  # what was resolved and still is so, comes back


class OurClock(NamedTuple):
    """What the devices say of our clock."""

    is_wrong: bool
    seconds: int  # how far it is ahead of theirs; negative where it is behind
    devices: int  # that say so
    heard: int  # of how many


class Skew:
    """Keeps how far each device's clock is from ours, and judges once a minute; the caller says what time it is."""

    def __init__(self) -> None:
        self._ahead: dict[int, float] = {}  # device -> how far ours is ahead of its own, by what it said last [s]
        self._began_at: datetime | None = None
        self._told: bool | None = None
        self._told_at: datetime | None = None

    def note(self, device_id: int, sample: Sample, received_at: datetime) -> None:
        """Take a live sample that says its own time, believed or not; a clock that was never set says nothing of ours.

        A record is of an interval that is over.
        """
        if isinstance(sample.reading, Record):
            return
        if sample.time_source is TimeSource.DEVICE:
            self._ahead[device_id] = (received_at - sample.at).total_seconds()
        elif sample.reported_ts is not None and Anomaly.CLOCK_AHEAD in sample.anomalies:
            self._ahead[device_id] = received_at.timestamp() - sample.reported_ts

    def judge(self, now: datetime) -> OurClock | None:
        """What must be told, if anything: that it is wrong, that it is right again, and either at the first time."""
        if self._began_at is None:
            self._began_at = now
        if now - self._began_at < WINDOW:
            return None
        ahead, self._ahead, self._began_at = list(self._ahead.values()), {}, now
        if len(ahead) < FEWEST:
            return None
        far = [seconds for seconds in ahead if abs(seconds) > FAR_SECONDS]
        is_wrong = 2 * len(far) > len(ahead)
        if is_wrong is self._told and not (is_wrong and self._is_old(now)):
            return None
        self._told, self._told_at = is_wrong, now
        return OurClock(is_wrong, round(statistics.median(ahead)), len(far), len(ahead))

    def _is_old(self, now: datetime) -> bool:
        return self._told_at is None or now - self._told_at >= TELL_AGAIN_AFTER
