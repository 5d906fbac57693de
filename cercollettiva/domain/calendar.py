"""Periods of the Italian calendar as half-open UTC ranges, and the hours of the tariff (fasce).

Quarter-hours and hours begin at the same instants in UTC and in Italy, whose offset is whole hours; days, weeks,
months and years are local. A local day has 92, 96 or 100 quarter-hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

ITALY: Final = ZoneInfo("Europe/Rome")
QUARTER: Final = timedelta(minutes=15)
HOUR: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIXED_HOLIDAYS: Final = frozenset(
    {(1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26)}
)
_SAINT_FRANCIS: Final = (10, 4)
_SAINT_FRANCIS_SINCE: Final = 2026  # a national holiday by law 151/2025; whether it is F3 is for ARERA to say


class Span(IntEnum):
    """How long a period of the calendar is. The numbers are those of `energy.Period`."""

    HOUR = 0
    DAY = 1
    WEEK = 2  # from Monday
    MONTH = 3
    YEAR = 4


class Range(NamedTuple):
    """[start, end), both aware and UTC."""

    start: datetime
    end: datetime

    @property
    def quarters(self) -> int:
        """How many quarter-hours it holds."""
        return (self.end - self.start) // QUARTER

    @property
    def hours(self) -> int:
        return (self.end - self.start) // HOUR


class Fascia(IntEnum):
    """The hours of the tariff (ARERA, resolution 181/06, table 6)."""

    F1 = 1  # peak: Monday to Friday 8-19
    F2 = 2  # Monday to Friday 7-8 and 19-23, Saturday 7-23
    F3 = 3  # nights, Sundays and national holidays


def quarter_of(moment: datetime) -> datetime:
    """The start of the quarter-hour an instant falls in, in UTC."""
    return _floor(moment, QUARTER)


def quarters_of(period: Range) -> list[datetime]:
    """The starts of the quarter-hours of a period."""
    return [period.start + number * QUARTER for number in range(period.quarters)]


def local_date(moment: datetime) -> date:
    """The Italian date at an instant."""
    return moment.astimezone(ITALY).date()


def midnight(day: date) -> datetime:
    """The first instant of an Italian day, in UTC."""
    return datetime.combine(day, time(), ITALY).astimezone(UTC)


def day_range(day: date) -> Range:
    """An Italian day: 23, 24 or 25 hours."""
    return Range(midnight(day), midnight(day + timedelta(days=1)))


def range_of(span: Span, moment: datetime) -> Range:
    """The period of that length an instant falls in."""
    if span == Span.HOUR:
        start = _floor(moment, HOUR)
        return Range(start, start + HOUR)
    return _local_range(Span(span), local_date(moment))


def step(period: Range, span: Span, count: int = 1) -> Range:
    """The period `count` places after this one of the same length; before it where `count` is negative."""
    for _ in range(abs(count)):
        period = range_of(span, period.end if count > 0 else period.start - QUARTER)
    return period


def ranges_between(span: Span, start: datetime, end: datetime) -> Iterator[Range]:
    """The periods of that length that touch [start, end), in order."""
    period = range_of(span, start)
    while period.start < end:
        yield period
        period = range_of(span, period.end)


def _floor(moment: datetime, length: timedelta) -> datetime:
    moment = moment.astimezone(UTC)  # arithmetic on local times ignores the change of the clock
    return moment - (moment - _EPOCH) % length


@lru_cache(maxsize=8192)
def _local_range(span: Span, day: date) -> Range:
    if span == Span.DAY:
        return day_range(day)
    if span == Span.WEEK:
        first = day - timedelta(days=day.weekday())
        return Range(midnight(first), midnight(first + timedelta(days=7)))
    if span == Span.MONTH:
        return Range(midnight(day.replace(day=1)), midnight(_next_month(day)))
    return Range(midnight(date(day.year, 1, 1)), midnight(date(day.year + 1, 1, 1)))


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def is_national_holiday(day: date) -> bool:
    """Italian national holidays: Sundays and the feasts of patron saints are not among them.

    4 October counts from 2026.
    """
    monthday = (day.month, day.day)
    if monthday == _SAINT_FRANCIS and day.year >= _SAINT_FRANCIS_SINCE:
        return True
    return monthday in _FIXED_HOLIDAYS or day == easter(day.year) + timedelta(days=1)


def fascia_at(moment: datetime) -> Fascia:
    """The tariff hour an instant falls in, by the Italian clock."""
    local = moment.astimezone(ITALY)
    day, hour = local.date(), local.hour
    if day.weekday() == 6 or is_national_holiday(day) or hour < 7 or hour == 23:
        return Fascia.F3
    if day.weekday() == 5 or hour == 7 or hour >= 19:
        return Fascia.F2
    return Fascia.F1


@lru_cache(maxsize=256)
def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
