"""Curves of energy: registers and records as one, cut anywhere without losing a mWh."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cercollettiva.domain.curves import NO_RECORDS, Off, Records, curve_of, without_overlaps
from cercollettiva.domain.registers import Counted, Doubt

SECOND = 1_000_000
MINUTE = 60 * SECOND


def counted(at, energy, doubt=None) -> Counted:
    at, energy = np.array(at, dtype=np.int64), np.array(energy, dtype=np.int64)
    return Counted(at, energy, np.zeros(len(energy), np.int8) if doubt is None else np.array(doubt, np.int8), [])


def records(*rows: tuple[int, int, int]) -> Records:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Records(*columns)


def minutes(count: int) -> np.ndarray:
    return np.arange(count + 1, dtype=np.int64) * MINUTE


NOTHING = counted([], [])


def test_a_curve_is_straight_between_two_readings():
    cut = curve_of(counted([0, 10 * MINUTE], [1000])).cut(minutes(10))

    assert cut.energy.tolist() == [100] * 10
    assert cut.known.tolist() == [MINUTE] * 10


def test_outside_the_readings_nothing_is_known():
    cut = curve_of(counted([2 * MINUTE, 4 * MINUTE], [100])).cut(minutes(6))

    assert cut.energy.tolist() == [0, 0, 50, 50, 0, 0]
    assert cut.known.tolist() == [0, 0, MINUTE, MINUTE, 0, 0]


def test_a_step_of_which_nothing_can_be_said_is_a_hole():
    cut = curve_of(counted([0, MINUTE, 2 * MINUTE, 3 * MINUTE], [10, 0, 20], [0, Doubt.UNKNOWN, 0])).cut(minutes(3))

    assert cut.energy.tolist() == [10, 0, 20]
    assert cut.known.tolist() == [MINUTE, 0, MINUTE]


def test_records_alone_are_their_own_energies():
    cut = curve_of(NOTHING, records((0, MINUTE, 30), (2 * MINUTE, MINUTE, 50))).cut(minutes(3))

    assert cut.energy.tolist() == [30, 0, 50]
    assert cut.known.tolist() == [MINUTE, 0, MINUTE]
    assert not cut.counted.any()


def test_both_shapes_of_the_same_energy_count_once():
    registers = counted(minutes(3) + 700_000, [30, 40, 50])
    minute_records = records((0, MINUTE, 30), (MINUTE, MINUTE, 40), (2 * MINUTE, MINUTE, 50), (3 * MINUTE, MINUTE, 60))

    cut = curve_of(registers, minute_records).cut(minutes(4))

    assert cut.energy.tolist() == [30, 40, 50, 60]
    assert not cut.counted.any()


def test_what_the_register_counted_beyond_its_records_fills_the_holes_between_them():
    registers = counted([0, 4 * MINUTE], [400])

    cut = curve_of(registers, records((MINUTE, MINUTE, 40), (2 * MINUTE, MINUTE, 60))).cut(minutes(4))

    assert cut.energy.tolist() == [150, 40, 60, 150]
    assert cut.counted.tolist() == [MINUTE, 0, 0, MINUTE]


def test_records_that_say_more_than_the_register_leave_nothing_negative():
    cut = curve_of(counted([0, 3 * MINUTE], [90]), records((MINUTE, MINUTE, 100))).cut(minutes(3))

    assert cut.energy.tolist() == [0, 100, 0]


def test_a_long_step_across_a_quarter_is_an_estimate_and_one_within_it_is_not():
    across = curve_of(counted([10 * MINUTE, 20 * MINUTE], [100])).cut(minutes(30))
    within = curve_of(counted([2 * MINUTE, 12 * MINUTE], [100])).cut(minutes(30))
    at_the_edges = curve_of(counted([700_000, 15 * MINUTE + 700_000], [100])).cut(minutes(30))

    assert across.estimated.sum() == 10 * MINUTE
    assert within.estimated.sum() == at_the_edges.estimated.sum() == 0
    assert within.coarse.sum() == 10 * MINUTE


def off(*rows: tuple[int, int]) -> Off:
    return Off(*np.array(rows, dtype=np.int64).reshape(-1, 2).T)


def test_where_the_device_had_no_power_nothing_flowed_and_that_is_known():
    told = records((0, MINUTE, 30), (40 * MINUTE, MINUTE, 50))

    cut = curve_of(NOTHING, told, off((MINUTE, 39 * MINUTE))).cut(minutes(41))

    assert cut.energy.tolist() == [30, *[0] * 39, 50]
    assert cut.known.tolist() == [MINUTE] * 41
    assert cut.off.tolist() == [0, *[MINUTE] * 39, 0]
    assert not np.array([cut.estimated, cut.coarse, cut.counted]).any()


def test_without_a_word_of_no_power_there_is_nothing_to_say_of_it():
    assert curve_of(NOTHING, records((0, MINUTE, 30))).cut(minutes(1)).off is None
    assert curve_of(counted([0, MINUTE], [10])).cut(minutes(1)).off is None


def test_a_record_of_a_time_in_which_the_device_is_said_to_have_had_no_power_counts():
    told = records((0, MINUTE, 30), (2 * MINUTE, MINUTE, 7), (4 * MINUTE, MINUTE, 50))

    cut = curve_of(NOTHING, told, off((MINUTE, 2 * MINUTE), (2 * MINUTE, 2 * MINUTE))).cut(minutes(5))

    assert cut.energy.tolist() == [30, 0, 7, 0, 50]
    assert cut.off.tolist() == [0, MINUTE, 0, MINUTE, 0]


def test_what_a_register_counted_is_not_spread_over_a_time_without_power():
    cut = curve_of(counted([0, 4 * MINUTE], [100]), NO_RECORDS, off((MINUTE, 2 * MINUTE))).cut(minutes(4))

    assert cut.energy.tolist() == [50, 0, 0, 50]
    assert cut.known.tolist() == [MINUTE] * 4
    assert cut.counted.tolist() == [MINUTE, 0, 0, MINUTE]


def test_of_records_that_overlap_the_first_counts():
    kept = without_overlaps(records((0, 5 * MINUTE, 10), (MINUTE, MINUTE, 2), (5 * MINUTE, MINUTE, 3)))

    assert kept.start.tolist() == [0, 5 * MINUTE]
    assert without_overlaps(NO_RECORDS) is NO_RECORDS


gaps = st.lists(st.integers(1, 400 * SECOND), min_size=1, max_size=30)


@given(gaps, st.data())
def test_however_a_curve_is_cut_the_pieces_add_up(lengths, data):
    at = np.cumsum([0, *lengths])
    energy = data.draw(st.lists(st.integers(0, 10**6), min_size=len(lengths), max_size=len(lengths)))
    cuts = data.draw(st.lists(st.integers(0, int(at[-1])), max_size=20))
    edges = np.unique([0, *cuts, at[-1]])

    cut = curve_of(counted(at, energy)).cut(edges)

    assert cut.energy.sum() == sum(energy)
    assert (cut.energy >= 0).all()
    assert cut.known.sum() == at[-1]


@given(gaps, gaps, st.data())
def test_records_and_registers_together_lose_nothing_of_the_records(lengths, spaces, data):
    at = np.cumsum([0, *lengths])
    energy = data.draw(st.lists(st.integers(0, 10**6), min_size=len(lengths), max_size=len(lengths)))
    starts = np.cumsum(spaces)
    rows = [
        (int(start), min(60 * SECOND, space), 7 * number)
        for number, (start, space) in enumerate(zip(starts, spaces[1:], strict=False))
    ]
    edges = np.unique(np.concatenate((np.arange(0, at[-1] + starts[-1] + 60 * SECOND, 45 * SECOND), starts)))

    cut = curve_of(counted(at, energy), records(*rows)).cut(np.append(edges, at[-1] + starts[-1] + 60 * SECOND))

    from_records = sum(row[2] for row in rows)
    assert cut.energy.sum() >= from_records
    assert (cut.energy >= 0).all()
    assert (cut.known <= np.diff(np.append(edges, at[-1] + starts[-1] + 60 * SECOND))).all()
