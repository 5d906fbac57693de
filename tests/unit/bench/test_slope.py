"""What the soak calls flat: bursts, steps at the edge and noise that hangs together are no leak, a leak is one."""

from __future__ import annotations

import numpy as np
import pytest

from bench.soak.slope import slope

SECONDS = np.arange(0, 1440, 6.0)  # 24 minutes
BOUND = 6.0  # MB an hour


def wandering(size: float, *, seed: int) -> np.ndarray:
    """Noise of which each value follows the one before, as the memory of a process does."""
    random, value, values = np.random.default_rng(seed), 0.0, []
    for step in random.normal(0, size, len(SECONDS)):
        value = 0.8 * value + step
        values.append(value)
    return np.array(values)


@pytest.mark.parametrize("seed", range(5))
def test_a_level_that_wanders_is_flat(seed):
    assert slope(SECONDS, 120 + wandering(0.2, seed=seed)).is_flat(BOUND)


@pytest.mark.parametrize("seed", range(5))
def test_a_leak_of_twice_the_bound_is_seen_through_the_same_noise(seed):
    leaking = 120 + 2 * BOUND * SECONDS / 3600 + wandering(0.2, seed=seed)

    grew = slope(SECONDS, leaking)

    assert not grew.is_flat(BOUND)
    assert grew.low < 2 * BOUND < grew.high


def test_a_burst_in_every_ten_looks_and_a_step_near_the_end_are_no_leak():
    values = 120 + wandering(0.05, seed=1)
    values[::10] += 80
    values[-20:] += 15

    assert slope(SECONDS, values).is_flat(BOUND)


def test_the_first_and_the_last_look_alone_would_say_otherwise():
    values = np.full(len(SECONDS), 120.0)
    values[-1] += 40

    assert slope(SECONDS, values).an_hour == 0


def test_what_shrinks_is_flat():
    assert slope(SECONDS, 120 - 30 * SECONDS / 3600).is_flat(BOUND)


def test_a_handful_of_looks_tells_nothing():
    with pytest.raises(ValueError, match="too few"):
        slope(SECONDS[:8], np.ones(8))
