"""What stands for an hour that was not measured whole."""

from __future__ import annotations

import numpy as np

from cercollettiva.domain.missing import UNKNOWN, completed

DAYS = 30
HOURS = np.arange(24 * DAYS) % 24


def point(value: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """One point that has the same every hour, measured whole."""
    return np.full((1, 24 * DAYS), value, dtype=np.int64), np.ones((1, 24 * DAYS))


def test_a_missing_hour_is_the_mean_of_that_hour_on_the_days_before():
    energy, coverage = point()
    energy[0, HOURS == 7] = np.arange(DAYS) * 100
    energy[0, -17], coverage[0, -17] = UNKNOWN, 0.0  # 7 o'clock of the last day

    result = completed(energy, coverage, HOURS)

    assert result[0, -17] == round(np.mean(np.arange(1, 29) * 100))
    assert np.array_equal(np.delete(result, -17), np.delete(energy, -17))


def test_of_an_hour_in_part_what_was_measured_stands_and_the_rest_is_estimated():
    energy, coverage = point()
    energy[0, -1], coverage[0, -1] = 900, 0.25

    assert completed(energy, coverage, HOURS)[0, -1] == 900 + 750


def test_nothing_is_invented_for_a_point_that_never_spoke():
    energy, coverage = point()
    energy[:], coverage[:] = UNKNOWN, 0.0

    assert (completed(energy, coverage, HOURS) == UNKNOWN).all()


def test_days_that_are_too_long_ago_are_no_measure():
    energy, coverage = point()
    energy[0, 24:], coverage[0, 24:] = UNKNOWN, 0.0

    result = completed(energy, coverage, HOURS, days=2)

    assert result[0, 24:72].tolist() == [1000] * 48
    assert (result[0, 72:] == UNKNOWN).all()


def test_an_estimate_is_never_less_than_what_was_measured():
    random = np.random.default_rng(7)
    energy = random.integers(0, 10**9, (200, 96))
    coverage = random.choice([0.0, 0.3, 0.999, 1.0], (200, 96))
    energy[coverage == 0.0] = UNKNOWN

    result = completed(energy, coverage, np.arange(96) % 24)

    assert (result != UNKNOWN).any()
    assert ((result == UNKNOWN) | (result >= energy)).all()
