from __future__ import annotations

import numpy as np
import pytest

from cercollettiva.domain.missing import UNKNOWN
from cercollettiva.domain.silence import Silence, silence

DAY = 24


def hours(days: int, first: int = 0):
    return (np.arange(DAY * days) + first) % DAY


def measured(values) -> tuple[np.ndarray, np.ndarray]:
    energy = np.array(values, dtype=np.int64)
    return energy, np.where(energy == UNKNOWN, 0.0, 1.0)


def test_what_is_missing_is_what_the_same_hours_usually_have():
    day = np.arange(DAY) * 10  # 0, 10, ... 230: 2,760 in all
    energy, coverage = measured(np.concatenate([day, day + 2, day]))
    energy[2 * DAY + 20 :] = UNKNOWN
    coverage[2 * DAY + 20 :] = 0

    found = silence(energy, coverage, hours(3), since=2 * DAY)

    assert found == Silence(2_760 + DAY, 201 + 211 + 221 + 231, is_silent=True)


def test_what_was_measured_is_not_lost_and_of_a_part_of_an_hour_the_rest_is():
    energy, coverage = measured(np.full(2 * DAY, 100))
    coverage[DAY] = 0.25
    energy[DAY] = 30

    assert silence(energy, coverage, hours(2), since=DAY) == Silence(2_400, 75, is_silent=False)


def test_nothing_is_invented_for_an_hour_without_a_past():
    energy, coverage = measured(np.full(2 * DAY, 100))
    energy[5] = energy[DAY + 5] = UNKNOWN  # the only day before did not measure that hour
    coverage[5] = coverage[DAY + 5] = 0

    assert silence(energy, coverage, hours(2), since=DAY) == Silence(UNKNOWN, UNKNOWN, is_silent=False)
    assert silence(energy[:DAY], coverage[:DAY], hours(1), since=0) == Silence(UNKNOWN, UNKNOWN, is_silent=False)


def test_only_the_28_days_before_count():
    energy, coverage = measured(np.concatenate([np.full(DAY, 9_000), np.full(28 * DAY, 100), np.full(DAY, UNKNOWN)]))

    assert silence(energy, coverage, hours(30), since=29 * DAY) == Silence(2_400, 2_400, is_silent=True)


@pytest.mark.parametrize("first", [0, 7, 23])
def test_the_hour_of_the_day_decides_wherever_the_grid_begins(first):
    clock = hours(3, first)
    energy, coverage = measured(clock * 10)
    energy[2 * DAY :], coverage[2 * DAY :] = UNKNOWN, 0

    assert silence(energy, coverage, clock, since=2 * DAY) == Silence(2_760, 2_760, is_silent=True)


def test_with_nothing_after_it_nothing_is_lost():
    energy, coverage = measured(np.full(DAY, 100))

    assert silence(energy, coverage, hours(1), since=DAY) == Silence(2_400, 0, is_silent=False)
