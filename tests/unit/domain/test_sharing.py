"""What a community shared: hours first, then the lesser of the two sums; what is missing is not zero."""

from __future__ import annotations

import numpy as np
import pytest

from cercollettiva.domain.sharing import (
    UNKNOWN,
    coverage,
    filled,
    hours_from_quarters,
    missing_points,
    parts_of_points,
    shared_energy,
)


def test_an_hour_with_a_missing_point_is_a_lower_bound():
    injected = np.array([[300, 0, 500]])
    withdrawn = np.array([[100, 50, 0]])
    known = np.array([[True, True, False]])

    shared = shared_energy(injected_mwh=injected, withdrawn_mwh=withdrawn, known=known)

    assert shared.known.tolist() == [100, 0, 0]
    assert shared.complete.tolist() == [True, True, False]


def test_the_lesser_is_taken_of_hours_and_not_of_quarters():
    # cacer.md, worked figures: "one hour in quarters, injected [10,0,0,0], withdrawn [0,0,10,0]: shared 10, not 0"
    injected = hours_from_quarters(np.array([[10, 0, 0, 0], [0, 0, 0, 0]]))
    withdrawn = hours_from_quarters(np.array([[0, 0, 0, 0], [0, 0, 10, 0]]))

    shared = shared_energy(injected_mwh=injected.energy, withdrawn_mwh=withdrawn.energy, known=injected.known)

    assert shared.known.tolist() == [10]


def test_a_missing_quarter_is_not_zero_and_its_hour_says_so():
    hours = hours_from_quarters(np.array([[1, 2, UNKNOWN, 4, 5, 6, 7, 8]]))

    assert hours.energy.tolist() == [[7, 26]]
    assert hours.quarters.tolist() == [[3, 4]]
    assert hours.known.tolist() == [[False, True]]


def test_quarters_that_are_no_whole_hours_are_refused():
    with pytest.raises(ValueError, match="3 quarters"):
        hours_from_quarters(np.zeros((1, 3), dtype=np.int64))


def test_the_points_of_an_hour_have_parts_in_proportion_that_are_the_whole():
    withdrawn = np.array([[1, 0, 0], [3, 5, 0]])

    parts = parts_of_points(np.array([2, 4, 0]), withdrawn)

    assert parts.tolist() == [[0.5, 0.0, 0.0], [1.5, 4.0, 0.0]]


def test_the_more_a_community_injects_the_more_it_shares_or_as_much():
    random = np.random.default_rng(1)
    injected, withdrawn = random.integers(0, 1000, size=(2, 5, 100))
    known = np.ones((5, 100), dtype=np.bool_)
    more = injected + random.integers(0, 100, size=injected.shape)

    before = shared_energy(injected_mwh=injected, withdrawn_mwh=withdrawn, known=known)
    after = shared_energy(injected_mwh=more, withdrawn_mwh=withdrawn, known=known)

    assert (after.known >= before.known).all()
    assert (after.known <= withdrawn.sum(axis=0)).all()


def test_coverage_says_how_much_is_there_of_each_point_and_hour():
    known = np.array([[True, True, False, False], [True, True, True, False]])

    assert coverage(known).tolist() == [0.5, 0.75]
    assert missing_points(known).tolist() == [0, 0, 1, 2]
    assert coverage(known[:, :0]).tolist() == [0, 0]


def test_a_missing_hour_is_estimated_from_the_same_hour_of_other_days():
    energy = np.array([[10, 100, 30, 200, UNKNOWN, UNKNOWN], [UNKNOWN, 1, UNKNOWN, 2, UNKNOWN, 3]])
    hour_of_day = np.array([8, 9, 8, 9, 8, 9])

    estimate = filled(energy, energy != UNKNOWN, hour_of_day)

    assert estimate.tolist() == [[10, 100, 30, 200, 20, 150], [0, 1, 0, 2, 0, 3]]
    assert energy[0, 4] == UNKNOWN
