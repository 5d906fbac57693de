"""What passes a connection point, from its meters in their roles."""

from __future__ import annotations

import numpy as np

from cercollettiva.domain.pod import UNKNOWN, at_the_pod, self_used


def of(*, is_producer=False, **known: int):
    names = ("drawn", "injected", "produced", "consumed")
    return at_the_pod(is_producer=is_producer, **{name: np.array([known.get(name, UNKNOWN)]) for name in names})


def values(result) -> tuple[int, int, int, bool]:
    return result.drawn[0], result.injected[0], result.produced[0], result.estimated[0]


def test_the_meter_of_the_exchange_says_what_passes():
    assert values(of(drawn=5, injected=7, produced=20, consumed=1)) == (5, 7, 20, False)


def test_a_producer_without_one_injects_what_it_produces_as_an_estimate():
    assert values(of(is_producer=True, produced=20)) == (UNKNOWN, 20, 20, True)


def test_others_with_production_alone_are_unknown():
    assert values(of(produced=20)) == (UNKNOWN, UNKNOWN, 20, False)


def test_production_and_consumption_give_both_as_an_estimate():
    assert values(of(produced=20, consumed=50)) == (30, 0, 20, True)
    assert values(of(produced=50, consumed=20, is_producer=True)) == (0, 30, 50, True)


def test_consumption_alone_says_nothing_of_the_connection_point():
    assert values(of(consumed=50)) == (UNKNOWN, UNKNOWN, UNKNOWN, False)


def test_a_meter_that_knows_one_direction_leaves_the_other_unknown():
    assert values(of(drawn=5, produced=20, is_producer=True)) == (5, UNKNOWN, 20, False)


def test_what_is_produced_and_not_injected_is_used_on_the_spot():
    used = self_used(produced=np.array([20, 5, UNKNOWN]), injected=np.array([7, 9, 3]))

    assert used.tolist() == [13, 0, UNKNOWN]
