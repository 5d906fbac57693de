"""Quarter-hours in bulk, in both dialects."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError, IntegrityError, connection

from cercollettiva.energy.models import EnergyInterval
from cercollettiva.energy.partitions import partitions_of
from cercollettiva.energy.store.intervals import INTERVALS, IntervalRow, save_intervals
from tests.integration.core.scene import make_device

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def device():
    return make_device()


def row(device, quarter: int = 0, **values) -> IntervalRow:
    start = NOON + timedelta(minutes=15) * quarter
    usual = IntervalRow(device.pk, start, 250_000, 0, None, NOON, None, 1000.0, 1.0, 0, 2)
    return usual._replace(**values)


def test_the_columns_are_those_of_the_table():
    assert set(INTERVALS.columns) == {field.column for field in EnergyInterval._meta.concrete_fields}
    assert set(INTERVALS.columns) == set(IntervalRow._fields)


def test_quarter_hours_are_stored_as_they_are_given(device):
    count = save_intervals([row(device), row(device, 1, energy_in=None, produced=7, mean_power=None)])

    first, second = EnergyInterval.objects.order_by("start")
    assert count == 2
    assert (first.start, first.energy_in, first.energy_out, first.produced) == (NOON, 250_000, 0, None)
    assert (first.recorded_at, first.mean_power, first.coverage, first.source) == (NOON, 1000.0, 1.0, 2)
    assert (second.energy_in, second.produced, second.mean_power) == (None, 7, None)


def test_what_is_stored_already_is_left_alone(device):
    save_intervals([row(device)])

    count = save_intervals([row(device, recorded_at=LATER)])

    assert count == 0
    assert EnergyInterval.objects.get().recorded_at == NOON


@pytest.mark.parametrize("change", [{"energy_in": None}, {"produced": 0}, {"quality": 3}, {"coverage": 0.5}])
def test_what_says_something_else_replaces_it(device, change):
    save_intervals([row(device), row(device, 1)])

    count = save_intervals([row(device, recorded_at=LATER, **change), row(device, 1, recorded_at=LATER)])

    stored = EnergyInterval.objects.order_by("start").first()
    assert count == 1
    assert stored.recorded_at == LATER
    assert {name: getattr(stored, name) for name in change} == change


def test_a_broken_promise_stores_nothing_of_the_call(device):
    with pytest.raises((IntegrityError, DataError)):
        save_intervals([row(device), row(device, 1, coverage=1.5)])


def test_nothing_is_nothing():
    assert save_intervals([]) == 0


def test_a_month_is_made_when_its_first_row_comes(device):
    if connection.vendor != "postgresql":
        pytest.skip("one table on SQLite")

    save_intervals([row(device), row(device, start=NOON + timedelta(days=1))])

    made = {name[-8:] for name in partitions_of(connection, "energy_energyinterval")}
    assert {"y2026m03", "y2026m04"} <= made
