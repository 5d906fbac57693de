"""The guided check of a direction: what is right, what is the wrong way round, what has not moved yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cercollettiva.energy.direction_check import Answer, Begun, Expected, Reading, begun_of, verdict

NOON = datetime(2026, 6, 1, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("expected", "before", "now", "answer"),
    [
        (Expected.DRAW_RISES, 340, 2_310, Answer.RIGHT),
        (Expected.DRAW_RISES, 340, -1_630, Answer.REVERSED),
        (Expected.DRAW_RISES, 340, 400, Answer.NOT_YET),
        (Expected.EXPORT_RISES, -500, -2_500, Answer.RIGHT),
        (Expected.EXPORT_RISES, 500, 2_500, Answer.REVERSED),
        (Expected.EXPORT_RISES, -500, -520, Answer.NOT_YET),
        (Expected.PRODUCES, 0, 1_800, Answer.RIGHT),
        (Expected.PRODUCES, -1_800, -1_800, Answer.REVERSED),
        (Expected.PRODUCES, 0, 10, Answer.NOT_YET),
    ],
)
def test_the_figure_must_move_the_right_way_and_enough(expected, before, now, answer):
    begun = Begun(1, expected, before, NOON)

    assert verdict(begun, Reading(now, NOON + SECOND), now=NOON + 2 * SECOND).answer is answer


def test_nothing_is_said_before_a_new_measure_and_after_a_minute_it_says_that_nothing_moved():
    begun = Begun(1, Expected.DRAW_RISES, 300.0, NOON)

    assert verdict(begun, Reading(5_000.0, NOON), now=NOON + SECOND).answer is Answer.WAITING
    assert verdict(begun, Reading(None, None), now=NOON + SECOND).answer is Answer.WAITING
    assert verdict(begun, Reading(310.0, NOON + SECOND), now=NOON + 60 * SECOND).answer is Answer.STILL_NOT


def test_a_check_comes_back_from_its_token_and_from_no_other():
    begun = Begun(7, Expected.PRODUCES, -12.5, NOON)

    assert begun_of(begun.token()) == begun
    assert begun_of(begun.token() + "x") is None
    assert begun_of("") is None
