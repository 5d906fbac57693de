"""The newest values of a device and the quality of its quarter-hours, asked by its name."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cercollettiva.devices.samples import Power, Sample, TimeSource
from cercollettiva.domain.calendar import QUARTER, day_range, quarters_of
from cercollettiva.energy import queries
from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.energy.models.intervals import IntervalQuality, IntervalSource
from cercollettiva.energy.store import save_samples
from cercollettiva.energy.store.intervals import IntervalRow, save_intervals
from tests.integration.core.scene import make_device

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def measure(device, at: datetime, watts: float) -> None:
    save_samples([Sample(device.pk, "em:0", at, TimeSource.DEVICE, Power(power=watts))], now=at)


def write_quarters(device, starts, *, quality=IntervalQuality.GOOD, drawn=1000, coverage=1.0) -> None:
    source = IntervalSource.REGISTERS
    save_intervals(
        [IntervalRow(device.pk, at, drawn, 0, None, NOON, None, None, coverage, quality, source) for at in starts]
    )


def test_the_latest_measurement_is_found_by_the_name_and_by_the_device():
    """The first platform compared the name with the key and found nothing."""
    device, other = make_device(1), make_device(2)
    for minute in (2, 5, 3):
        measure(device, NOON + timedelta(minutes=minute), 100.0 * minute)
    measure(other, NOON + timedelta(hours=1), 9.0)

    by_name = queries.get_latest_measurement(device.device_id)

    assert by_name is not None
    assert (by_name.power, by_name.timestamp) == (500.0, NOON + timedelta(minutes=5))
    assert queries.get_latest_measurement(device) == by_name


def test_a_name_made_of_digits_is_a_name():
    first = make_device(1)
    measure(first, NOON, 1.0)
    named = DeviceConfiguration.objects.create(
        device_id=str(first.pk), device_type_id="SHELLY_PRO_3EM", topic_prefix="cer/9/named"
    )
    measure(named, NOON, 2.0)

    found = queries.get_latest_measurement(str(first.pk))

    assert found is not None
    assert found.power == 2.0


def test_a_device_that_never_spoke_and_one_nobody_knows_have_no_latest_measurement():
    assert queries.get_latest_measurement(make_device()) is None
    assert queries.get_latest_measurement("nobody") is None


def test_the_quality_of_a_day_counts_what_is_known_and_what_is_missing():
    device = make_device()
    quarters = quarters_of(day_range(date(2026, 3, 10)))
    write_quarters(device, quarters[:40])
    write_quarters(device, quarters[52:60], quality=IntervalQuality.ESTIMATED, coverage=0.5)
    write_quarters(device, quarters[60:62], quality=IntervalQuality.MISSING, drawn=None, coverage=0.0)
    write_quarters(device, quarters[62:96])

    found = queries.check_measurement_quality(device.device_id, *day_range(date(2026, 3, 10)))

    assert (found.expected, found.present, found.missing) == (96, 82, 14)
    assert found.share == pytest.approx(82 / 96)
    assert found.by_quality == {IntervalQuality.GOOD: 74, IntervalQuality.ESTIMATED: 8}
    assert found.covered == pytest.approx(78 / 96)
    assert found.longest_gap == 12 * QUARTER
    assert queries.check_measurement_quality(device, *day_range(date(2026, 3, 10))) == found


def test_a_gap_at_either_end_counts():
    device = make_device()
    quarters = quarters_of(day_range(date(2026, 3, 10)))
    write_quarters(device, quarters[20:90])

    assert queries.check_measurement_quality(device, *day_range(date(2026, 3, 10))).longest_gap == 20 * QUARTER


def test_a_silent_device_is_one_gap_and_none_of_it_is_known():
    found = queries.check_measurement_quality(make_device(), *day_range(date(2026, 3, 10)))

    assert (found.present, found.share, found.by_quality, found.covered) == (0, 0.0, {}, 0.0)
    assert found.longest_gap == timedelta(days=1)


@pytest.mark.parametrize(("day", "expected"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)])
def test_days_when_the_clock_changes_expect_their_own_quarters(day, expected):
    device = make_device()
    write_quarters(device, quarters_of(day_range(day)))

    found = queries.check_measurement_quality(device, *day_range(day))

    assert (found.expected, found.present, found.longest_gap) == (expected, expected, timedelta(0))


def test_a_time_between_quarters_asks_for_the_quarters_it_touches():
    found = queries.check_measurement_quality(make_device(), NOON + timedelta(minutes=7), NOON + timedelta(minutes=31))

    assert found.expected == 3


def test_what_makes_no_sense_is_refused():
    device = make_device()
    with pytest.raises(ValueError, match="after the start"):
        queries.check_measurement_quality(device, NOON, NOON)
    with pytest.raises(ValueError, match="time zone"):
        queries.check_measurement_quality(device, NOON.replace(tzinfo=None), NOON)
    with pytest.raises(DeviceConfiguration.DoesNotExist):
        queries.check_measurement_quality("nobody", NOON, NOON + QUARTER)


def test_both_ask_the_database_twice_at_most():
    device = make_device()
    measure(device, NOON, 1.0)

    with CaptureQueriesContext(connection) as asked:
        queries.get_latest_measurement(device.device_id)
        queries.check_measurement_quality(device.device_id, *day_range(date(2026, 3, 10)))

    assert len(asked) == 4
