"""The Italian clock and calendar at minutes of UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from cercollettiva.ops.simulation.italian_time import ITALY, DayKind, day_kind, local_clock, minute_of


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 4, 3), DayKind.WORKING),  # Good Friday is no holiday in Italy
        (date(2026, 4, 6), DayKind.HOLIDAY),  # Easter Monday
        (date(2027, 3, 29), DayKind.HOLIDAY),
        (date(2025, 4, 21), DayKind.HOLIDAY),
        (date(2026, 6, 2), DayKind.HOLIDAY),
        (date(2026, 10, 10), DayKind.SATURDAY),
        (date(2027, 10, 4), DayKind.HOLIDAY),  # Saint Francis, again a holiday from 2026
        (date(2024, 10, 4), DayKind.WORKING),
    ],
)
def test_days_are_what_the_calendar_says(day, kind):
    assert day_kind(day) is kind


@pytest.mark.parametrize("start", [datetime(2026, 3, 28, 20, 7, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC)])
def test_the_clock_agrees_with_the_time_zone_through_both_changes(start):
    first = minute_of(start)
    minutes = np.arange(first, first + 2 * 1440, dtype=np.int64)

    clock = local_clock(minutes)

    for row in range(0, len(minutes), 13):
        local = datetime.fromtimestamp(int(minutes[row]) * 60, tz=ITALY)
        assert clock.minute[row] == local.hour * 60 + local.minute
        assert clock.day[row] == local.date().toordinal() - date(1970, 1, 1).toordinal()
        assert clock.month[row] == local.month - 1
        assert clock.day_of_year[row] == local.timetuple().tm_yday


def test_a_moment_off_the_minute_is_refused():
    with pytest.raises(ValueError, match="whole minute"):
        minute_of(datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC))


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        minute_of(datetime(2026, 1, 1))  # noqa: DTZ001
