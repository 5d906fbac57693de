"""Periods of the Italian calendar and the hours of the tariff."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cercollettiva.domain.calendar import (
    ITALY,
    QUARTER,
    Fascia,
    Range,
    Span,
    day_range,
    easter,
    fascia_at,
    is_national_holiday,
    quarter_of,
    quarters_of,
    range_of,
    ranges_between,
    step,
)

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(), timedelta(days=15 * 365)).map(lambda passed: SINCE + passed)
spans = st.sampled_from(Span)


def local(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=ITALY, fold=fold)


@pytest.mark.parametrize(
    ("day", "quarters"),
    [
        (date(2026, 3, 28), 96),
        (date(2026, 3, 29), 92),
        (date(2026, 10, 25), 100),
        (date(2027, 3, 28), 92),
        (date(2027, 10, 31), 100),
    ],
)
def test_a_local_day_has_92_96_or_100_quarters(day, quarters):
    starts = quarters_of(day_range(day))

    assert len(starts) == day_range(day).quarters == quarters
    assert len(set(starts)) == quarters
    assert {start.astimezone(ITALY).date() for start in starts} == {day}


def test_the_hour_that_comes_twice_is_two_hours():
    first, second = local(2026, 10, 25, 2, 30), local(2026, 10, 25, 2, 30, fold=1)

    assert range_of(Span.HOUR, second).start - range_of(Span.HOUR, first).start == timedelta(hours=1)


@pytest.mark.parametrize(
    ("span", "start", "end"),
    [
        (Span.HOUR, local(2026, 3, 29, 1), local(2026, 3, 29, 3)),
        (Span.DAY, local(2026, 3, 29), local(2026, 3, 30)),
        (Span.WEEK, local(2026, 3, 23), local(2026, 3, 30)),
        (Span.MONTH, local(2026, 3, 1), local(2026, 4, 1)),
        (Span.YEAR, local(2026, 1, 1), local(2027, 1, 1)),
    ],
)
def test_a_moment_falls_in_one_period_of_each_length(span, start, end):
    assert range_of(span, local(2026, 3, 29, 1, 20)) == Range(start.astimezone(UTC), end.astimezone(UTC))


def test_december_ends_with_the_year():
    assert range_of(Span.MONTH, local(2026, 12, 31, 23, 59)).end == local(2027, 1, 1)


def test_the_year_before_and_the_week_after():
    assert step(range_of(Span.YEAR, local(2026, 5, 1)), Span.YEAR, -1).start == local(2025, 1, 1)
    assert step(range_of(Span.WEEK, local(2026, 3, 29)), Span.WEEK).start == local(2026, 3, 30)


@given(moments, spans)
def test_periods_follow_each_other_without_gap_or_overlap(moment, span):
    period = range_of(span, moment)

    assert period.start <= moment < period.end
    assert range_of(span, period.end).start == period.end
    assert range_of(span, period.start - timedelta(microseconds=1)).end == period.start
    assert step(step(period, span, 3), span, -3) == period


@given(moments, spans)
def test_a_longer_period_holds_whole_shorter_ones(moment, span):
    period = range_of(span, moment)

    hours = list(ranges_between(Span.HOUR, period.start, period.end))

    assert (hours[0].start, hours[-1].end) == period
    assert len(hours) == period.hours
    assert period.quarters == 4 * period.hours


@given(moments)
def test_a_quarter_is_the_same_in_utc_and_in_italy(moment):
    start = quarter_of(moment)

    assert start <= moment < start + QUARTER
    assert start.astimezone(ITALY).minute % 15 == 0
    assert (start.second, start.microsecond) == (0, 0)


@pytest.mark.parametrize(
    ("moment", "fascia"),
    [
        (local(2026, 11, 25, 7, 59), Fascia.F2),  # a Wednesday
        (local(2026, 11, 25, 8), Fascia.F1),
        (local(2026, 11, 25, 18, 59), Fascia.F1),
        (local(2026, 11, 25, 19), Fascia.F2),
        (local(2026, 11, 25, 22, 59), Fascia.F2),
        (local(2026, 11, 25, 23), Fascia.F3),
        (local(2026, 11, 25, 6, 59), Fascia.F3),
        (local(2026, 11, 28, 6, 59), Fascia.F3),  # a Saturday
        (local(2026, 11, 28, 12), Fascia.F2),
        (local(2026, 11, 28, 23), Fascia.F3),
        (local(2026, 11, 29, 12), Fascia.F3),  # a Sunday
        (local(2026, 12, 8, 12), Fascia.F3),  # a Tuesday, the Immaculate Conception
        (local(2026, 4, 6, 12), Fascia.F3),  # Easter Monday
        (local(2027, 10, 4, 12), Fascia.F3),  # Saint Francis, a Monday
        (local(2024, 10, 4, 12), Fascia.F1),  # before it was a holiday
        (local(2026, 10, 26, 18, 30), Fascia.F1),  # the Monday after the clock went back
    ],
)
def test_the_hours_of_the_tariff(moment, fascia):
    assert fascia_at(moment.astimezone(UTC)) is fascia


@pytest.mark.parametrize(
    ("year", "day"), [(2024, date(2024, 3, 31)), (2025, date(2025, 4, 20)), (2026, date(2026, 4, 5))]
)
def test_easter(year, day):
    assert easter(year) == day
    assert is_national_holiday(day + timedelta(days=1))
    assert not is_national_holiday(day)
