"""Energy by periods, from totals written by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cercollettiva.domain.calendar import Range, Span, day_range, midnight, range_of
from cercollettiva.energy import queries
from cercollettiva.energy.models.intervals import IntervalQuality
from cercollettiva.energy.queries import PeriodTotal
from tests.integration.core.scene import make_community, make_device, make_plant
from tests.integration.energy.totals import KWH, a_total, write_every, write_totals

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

MARCH = range_of(Span.MONTH, datetime(2026, 3, 10, tzinfo=UTC))
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def plant():
    return make_plant(1)


def test_every_day_of_a_month_is_there_and_one_without_a_row_is_unknown(plant):
    write_totals(a_total(plant, Span.DAY, NOON, energy_in=3 * KWH, energy_out=0, coverage=0.5, quality=4))

    days = queries.aggregate_by_period(plant, Span.DAY, *MARCH)

    assert [day.start for day in days] == [midnight(date(2026, 3, number)) for number in range(1, 32)]
    assert (days[9].drawn_mwh, days[9].injected_mwh, days[9].produced_mwh) == (3 * KWH, 0, None)
    assert (days[9].coverage, days[9].quality) == (0.5, IntervalQuality.PARTIAL)
    assert days[8] == PeriodTotal(*day_range(date(2026, 3, 9)))
    assert (days[8].drawn_mwh, days[8].is_known, days[8].quality) == (None, False, IntervalQuality.MISSING)


def test_a_missing_day_is_not_counted_as_zero(plant):
    write_totals(a_total(plant, Span.DAY, NOON, energy_in=3 * KWH))

    known = queries.known_sum(queries.aggregate_by_period(plant, Span.DAY, *MARCH), lambda day: day.drawn_mwh)
    nothing = queries.known_sum(queries.aggregate_by_period(plant, Span.DAY, *MARCH), lambda day: day.produced_mwh)

    assert known.mwh == 3 * KWH
    assert known.coverage == pytest.approx(24 / (31 * 24 - 1))
    assert not known.is_comparable
    assert nothing == (None, 0.0)


def test_energies_are_whole_mwh_and_never_the_sum_of_powers(plant):
    """The first platform added watts up and called them kWh."""
    write_every(
        plant,
        Span.HOUR,
        date(2026, 3, 10),
        date(2026, 3, 11),
        lambda hour: {"produced": 333_333, "mean_power": 9_000.0},
    )

    hours = queries.aggregate_by_period(plant, Span.HOUR, *day_range(date(2026, 3, 10)))

    assert queries.known_sum(hours, lambda hour: hour.produced_mwh) == (24 * 333_333, 1.0)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 3, 28), 24)])
def test_a_day_when_the_clock_changes_has_its_own_hours(plant, day, hours):
    write_every(plant, Span.HOUR, day, day + timedelta(days=1), lambda hour: {"energy_in": 1 << hour})

    found = queries.aggregate_by_period(plant, Span.HOUR, *day_range(day))

    assert [hour.drawn_mwh for hour in found] == [1 << hour for hour in range(hours)]


def test_totals_of_a_device_a_plant_and_a_community_with_one_key_are_kept_apart(plant):
    device, community = make_device(), make_community("A")
    for number, subject in enumerate((plant, device, community), start=1):
        subject.pk = 7
        write_totals(
            a_total(subject, Span.DAY, NOON, energy_in=number), a_total(subject, Span.HOUR, NOON, energy_in=90)
        )

    drawn = [
        [day.drawn_mwh for day in queries.aggregate_by_period(subject, Span.DAY, NOON, NOON + timedelta(hours=1))]
        for subject in (plant, device, community)
    ]

    assert drawn == [[1], [2], [3]]


def test_a_year_is_one_query(plant):
    write_every(plant, Span.DAY, date(2026, 1, 1), date(2027, 1, 1), lambda day: {"energy_in": day})

    with CaptureQueriesContext(connection) as asked:
        days = queries.aggregate_by_period(plant, Span.DAY, *range_of(Span.YEAR, NOON))

    assert [day.drawn_mwh for day in days] == list(range(365))
    assert len(asked) == 1


def test_what_cannot_be_answered_is_refused(plant):
    with pytest.raises(queries.TooManyPeriods):
        queries.aggregate_by_period(plant, Span.HOUR, NOON, NOON + timedelta(days=500))
    with pytest.raises(ValueError, match="time zone"):
        queries.aggregate_by_period(plant, Span.DAY, NOON.replace(tzinfo=None), NOON)
    assert queries.aggregate_by_period(plant, Span.DAY, NOON, NOON - timedelta(days=3)) == []


def test_the_period_before_is_whole():
    assert queries.previous_period(Span.MONTH, NOON) == range_of(Span.MONTH, datetime(2026, 2, 10, tzinfo=UTC))
    assert queries.previous_period(Span.DAY, midnight(date(2026, 3, 30))) == day_range(date(2026, 3, 29))
    assert queries.previous_period(Span.YEAR, NOON) == Range(midnight(date(2025, 1, 1)), midnight(date(2026, 1, 1)))


def test_the_first_total_is_the_earliest(plant):
    assert queries.first_total(plant, Span.DAY) is None
    write_every(plant, Span.DAY, date(2026, 3, 4), date(2026, 3, 9), lambda day: {"energy_in": day})

    assert queries.first_total(plant, Span.DAY) == midnight(date(2026, 3, 4))


def total(number: int, **values) -> PeriodTotal:
    start, end = day_range(date(2026, 3, 1) + timedelta(days=number))
    return PeriodTotal(start, end, **{"coverage": 1.0, "quality": IntervalQuality.GOOD, **values})


def test_own_use_is_what_was_produced_and_not_injected():
    days = [
        total(0, drawn_mwh=2 * KWH, injected_mwh=6 * KWH, produced_mwh=10 * KWH),
        total(1, drawn_mwh=8 * KWH, injected_mwh=1 * KWH, produced_mwh=3 * KWH),
        total(2, drawn_mwh=90 * KWH, injected_mwh=0, produced_mwh=None),  # no meter of the production: not zero
        total(
            3, drawn_mwh=90 * KWH, injected_mwh=0, produced_mwh=50 * KWH, quality=IntervalQuality.PARTIAL, coverage=0.9
        ),
    ]

    found = queries.own_use(days)

    assert found == (6 * KWH, 13 * KWH, 16 * KWH, 2)
    assert found.of_produced == pytest.approx(6 / 13)
    assert found.of_consumed == pytest.approx(6 / 16)
    assert queries.own_use(days[2:]) is None


def test_a_battery_that_injects_leaves_the_hour_unknown_and_the_sum_right():
    hours = [
        total(0, drawn_mwh=0, injected_mwh=0, produced_mwh=5 * KWH),
        total(1, drawn_mwh=0, injected_mwh=2 * KWH, produced_mwh=0),
    ]

    assert [hour.own_mwh for hour in hours] == [5 * KWH, None]
    assert queries.own_use(hours).own_mwh == 3 * KWH


def test_a_period_that_runs_is_compared_with_the_same_part_of_the_one_before():
    march = [total(number) for number in range(31)]
    february = [total(number) for number in range(-28, 0)]

    finished, alike = queries.finished_alike(march, february, midnight(date(2026, 3, 11)) + timedelta(hours=8))
    whole, before = queries.finished_alike(march, february, midnight(date(2026, 4, 1)))
    late, all_of_it = queries.finished_alike(march, february, midnight(date(2026, 3, 31)))

    assert (len(finished), alike) == (10, february[:10])
    assert (whole, before) == (march, february)
    assert (len(late), all_of_it) == (28, february)  # 30 days against 28 would not be alike


def test_hours_are_compared_by_the_clock_on_the_wall(plant):
    changed = queries.aggregate_by_period(plant, Span.HOUR, *day_range(date(2026, 3, 29)))
    before = queries.aggregate_by_period(plant, Span.HOUR, *day_range(date(2026, 3, 28)))
    half_past_ten = datetime(2026, 3, 29, 8, 30, tzinfo=UTC)

    finished, alike = queries.finished_alike(changed, before, half_past_ten)

    assert (len(finished), len(alike)) == (9, 10)
    assert queries.finished_alike(changed, before, changed[0].start) == ([], [])
