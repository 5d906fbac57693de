"""Minutes of UTC told by the Italian clock: people cook at 20:00 whatever the offset is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

ITALY = ZoneInfo("Europe/Rome")
MINUTES_A_DAY = 1440
_EPOCH = date(1970, 1, 1)
_FIXED_HOLIDAYS = {(1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26)}


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
    if day.weekday() == 6 or _is_holiday(day):
        return DayKind.HOLIDAY
    return DayKind.SATURDAY if day.weekday() == 5 else DayKind.WORKING


def _is_holiday(day: date) -> bool:
    saint_francis = day.year >= 2026 and (day.month, day.day) == (10, 4)
    return (day.month, day.day) in _FIXED_HOLIDAYS or saint_francis or day == _easter(day.year) + timedelta(days=1)


@lru_cache(maxsize=64)
def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=4096)
def _offset(hour: int) -> int:
    """Minutes that Italy is ahead of UTC in this hour from 1970-01-01 UTC. [min]"""
    offset = datetime.fromtimestamp(hour * 3600, tz=ITALY).utcoffset() or timedelta()
    return offset // timedelta(minutes=1)


@lru_cache(maxsize=1024)
def _page(number: int) -> tuple[int, int, int]:
    day = _EPOCH + timedelta(days=number)
    return int(day_kind(day)), day.month - 1, day.timetuple().tm_yday
