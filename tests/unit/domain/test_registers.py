"""What a register counted: dips, glitches, resets and jumps."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cercollettiva.domain.registers import Doubt, EventKind, count, one_clock

MINUTE = 60_000_000
LIMIT = 6000.0  # [W]


def counted(*registers: int, limit_w: float = LIMIT):
    at = np.arange(len(registers), dtype=np.int64) * MINUTE
    return count(at, np.array(registers, dtype=np.int64), limit_w=limit_w)


def kinds(result) -> list[EventKind]:
    return [event.kind for event in result.events]


def test_a_register_counts_its_rises():
    result = counted(1000, 1500, 1500, 2600)

    assert result.energy.tolist() == [500, 0, 1100]
    assert not result.doubt.any()
    assert result.events == []


def test_a_dip_is_no_energy_and_the_next_rise_counts_from_the_highest():
    result = counted(1000, 980, 1100)

    assert result.energy.tolist() == [0, 100]
    assert not result.doubt.any()
    assert result.events == []


def test_two_dips_that_add_up_to_more_than_one_are_no_dip():
    assert counted(1000, 985, 970, 1100, 1200).energy.sum() == 200


def test_a_transient_zero_is_a_glitch_and_the_old_value_goes_on():
    result = counted(500_000, 0, 500_040, 500_090)

    assert result.energy.tolist() == [40, 50]
    assert result.at.tolist() == [0, 2 * MINUTE, 3 * MINUTE]
    assert kinds(result) == [EventKind.GLITCH]


def test_a_glitch_of_three_readings_never_books_the_lifetime_total():
    result = counted(500_000, 0, 0, 0, 500_160, 500_200)

    assert result.energy.sum() == 200
    assert kinds(result) == [EventKind.GLITCH]


def test_a_glitch_upwards_is_left_out_too():
    result = counted(500_000, 90_000_000, 500_040)

    assert result.energy.tolist() == [40]
    assert kinds(result) == [EventKind.GLITCH]


def test_after_a_reset_the_register_counts_from_zero_and_says_that_it_is_a_lower_bound():
    result = counted(500_000, 30, 130, 230)

    assert result.energy.tolist() == [30, 100, 100]
    assert result.doubt.tolist() == [Doubt.ESTIMATED, Doubt.NONE, Doubt.NONE]
    assert kinds(result) == [EventKind.RESET]
    assert (result.events[0].before, result.events[0].after) == (500_000, 30)


def test_one_reading_alone_is_not_yet_a_reset():
    result = counted(500_000, 500_100, 0)

    assert result.at.tolist() == [0, MINUTE]
    assert result.energy.tolist() == [100]
    assert result.events == []


def test_a_rise_that_no_connection_carries_is_unknown_and_not_energy():
    result = counted(1000, 26_000_000, 26_000_100)

    assert result.energy.tolist() == [0, 100]
    assert result.doubt.tolist() == [Doubt.UNKNOWN, Doubt.NONE]
    assert kinds(result) == [EventKind.JUMP]


def test_a_meter_replaced_by_a_used_one_books_nothing_of_its_past():
    result = counted(90_000_000, 26_000_000, 26_000_100)

    assert result.energy.tolist() == [0, 100]
    assert result.doubt.tolist() == [Doubt.UNKNOWN, Doubt.NONE]


def test_a_connection_may_carry_a_fifth_more_than_its_rated_power():
    rated = 6000 * 60 * 1000 // 3600  # mWh in a minute

    assert kinds(counted(0, round(rated * 1.2), round(rated * 2.4))) == []
    assert kinds(counted(0, rated * 3, rated * 4)) == [EventKind.JUMP]


def test_a_single_reading_counts_nothing():
    assert counted(1000).energy.tolist() == []
    assert counted().energy.tolist() == []


@given(st.lists(st.integers(0, 10**9), max_size=40))
def test_energy_is_never_negative_nor_more_than_the_connection_carries(registers):
    result = counted(*registers)

    most = (np.diff(result.at) + MINUTE) * LIMIT * 1.2 / 3.6e6
    assert (result.energy >= 0).all()
    assert (result.energy <= most).all()
    assert (np.diff(result.at) > 0).all()


@given(st.lists(st.integers(0, 100), min_size=2, max_size=40))
def test_a_register_that_only_rises_loses_nothing(rises):
    registers = np.cumsum(rises).tolist()

    assert counted(*registers).energy.sum() == registers[-1] - registers[0]


def test_readings_by_the_devices_clock_outrank_those_by_ours():
    at = np.array([0, 1, 60, 61, 400, 461, 520, 521]) * 1_000_000
    device = np.array([True, False, True, False, False, False, True, False])

    used = one_clock(at, device)

    assert used.tolist() == [True, False, True, False, False, False, True, False]
    assert one_clock(at[:6], device[:6]).tolist() == [True, False, True, False, True, True]
    assert one_clock(at, np.zeros(8, dtype=bool)).all()
