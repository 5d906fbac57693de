"""Minutes of UTC told by the Italian clock: people cook at 20:00 whatever the offset is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cercollettiva.domain.calendar import ITALY, is_national_holiday

__all__ = ["ITALY", "DayKind", "LocalClock", "day_kind", "local_clock", "minute_of"]

MINUTES_A_DAY = 1440
_EPOCH = date(1970, 1, 1)


class DayKind(IntEnum):
    """How a day is lived; its number is the row of a profile."""

    WORKING = 0
    SATURDAY = 1
    HOLIDAY = 2  # Sundays and national holidays


class LocalClock(NamedTuple):
    """What the Italian clock and calendar say at each minute of a window."""

    day: NDArray[np.int64]  # days from 1970-01-01, local
    minute: NDArray[np.int64]  # of the local day, 0 to 1439
    kind: NDArray[np.int64]  # DayKind
    month: NDArray[np.int64]  # 0 to 11
    day_of_year: NDArray[np.int64]  # 1 to 366


def minute_of(moment: datetime) -> int:
    """Whole minutes from 1970-01-01 UTC; ValueError unless aware and on the minute. [min]"""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    minute, rest = divmod(moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC), timedelta(minutes=1))
    if rest:
        raise ValueError(f"{moment} is not on a whole minute")
    return minute


def local_clock(minutes: NDArray[np.int64]) -> LocalClock:
    """The Italian clock at consecutive minutes from 1970-01-01 UTC."""
    hours = minutes // 60
    first = int(hours[0])
    offsets = np.array([_offset(hour) for hour in range(first, int(hours[-1]) + 1)], dtype=np.int64)
    day, minute = np.divmod(minutes + offsets[hours - first], MINUTES_A_DAY)
    start = int(day[0])
    pages = np.array([_page(number) for number in range(start, int(day[-1]) + 1)], dtype=np.int64)
    kind, month, day_of_year = pages[day - start].T
    return LocalClock(day, minute, kind, month, day_of_year)


def day_kind(day: date) -> DayKind:
    """What kind of day this is in Italy."""
    if day.weekday() == 6 or is_national_holiday(day):
        return DayKind.HOLIDAY
    return DayKind.SATURDAY if day.weekday() == 5 else DayKind.WORKING


@lru_cache(maxsize=4096)
def _offset(hour: int) -> int:
    """Minutes that Italy is ahead of UTC in this hour from 1970-01-01 UTC. [min]"""
    offset = datetime.fromtimestamp(hour * 3600, tz=ITALY).utcoffset() or timedelta()
    return offset // timedelta(minutes=1)


@lru_cache(maxsize=1024)
def _page(number: int) -> tuple[int, int, int]:
    day = _EPOCH + timedelta(days=number)
    return int(day_kind(day)), day.month - 1, day.timetuple().tm_yday
