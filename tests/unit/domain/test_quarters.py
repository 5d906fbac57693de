"""From channels to quarter-hours: netting of phases, roles, coverage, quality."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cercollettiva.domain.curves import Off, Records, curve_of
from cercollettiva.domain.quarters import (
    DEVICE_OFF,
    ESTIMATED,
    GOOD,
    NOT_NETTED,
    PARTIAL,
    RECORD,
    REGISTERS,
    UNKNOWN,
    Channel,
    Quarters,
    quarters_of,
)
from cercollettiva.domain.registers import Counted

MINUTE = 60_000_000
QUARTER = 15 * MINUTE
HOUR = np.arange(61, dtype=np.int64) * MINUTE


def registers(energies, *, at=None) -> Counted:
    """A register that counted these energies, minute by minute or between the given instants."""
    at = np.arange(len(energies) + 1) * MINUTE if at is None else at
    return Counted(np.array(at, dtype=np.int64), np.array(energies, np.int64), np.zeros(len(energies), np.int8), [])


def channel(forward, backward=None, *, role="EXCHANGE", phases=3, net=True, edges=HOUR) -> Channel:
    def cut(counted):
        return None if counted is None else curve_of(counted).cut(edges)

    return Channel(role, phases, net, cut(forward), cut(backward))


def quarters(*channels: Channel, edges=HOUR) -> Quarters:
    return quarters_of(edges, channels)


def test_phases_are_netted_minute_by_minute():
    drawn, returned = [100, 20] * 30, [30, 50] * 30

    result = quarters(channel(registers(drawn), registers(returned)))

    assert result.start.tolist() == [0, QUARTER, 2 * QUARTER, 3 * QUARTER]
    assert result.drawn.tolist() == [8 * 70, 7 * 70] * 2
    assert result.injected.tolist() == [7 * 30, 8 * 30] * 2
    assert result.quality.tolist() == [GOOD] * 4


def test_a_single_phase_counts_both_directions_as_its_meter_does():
    result = quarters(channel(registers([100] * 60), registers([30] * 60), phases=1))

    assert result.drawn.tolist() == [1500] * 4
    assert result.injected.tolist() == [450] * 4


def test_a_role_may_say_that_phases_are_not_netted():
    assert quarters(channel(registers([100] * 60), registers([30] * 60), net=False)).injected.tolist() == [450] * 4


def test_channels_that_share_the_connection_point_are_netted_together():
    solar = channel(registers([0] * 60), registers([90] * 60), phases=1)
    house = channel(registers([40] * 60), registers([0] * 60), phases=1)

    result = quarters(solar, house)

    assert result.drawn.tolist() == [0] * 4
    assert result.injected.tolist() == [750] * 4


def test_in_a_step_too_long_to_net_both_directions_stand_and_say_so():
    long_step = [0, 15 * MINUTE, 30 * MINUTE, 45 * MINUTE, 60 * MINUTE]

    result = quarters(channel(registers([900, 900, 0, 900], at=long_step), registers([300, 0, 300, 300], at=long_step)))

    assert result.drawn.tolist() == [900, 900, 0, 900]
    assert result.injected.tolist() == [300, 0, 300, 300]
    assert result.quality.tolist() == [NOT_NETTED, GOOD, GOOD, NOT_NETTED]


def test_roles_say_what_is_produced_and_consumed():
    result = quarters(
        channel(registers([100] * 60), registers([0] * 60)),
        channel(registers([70] * 60), role="PRODUCTION"),
        channel(registers([50] * 60), role="LOAD"),
    )

    assert result.produced.tolist() == [1050] * 4
    assert result.consumed.tolist() == [750] * 4


def test_what_no_channel_measures_is_unknown_and_not_zero():
    result = quarters(channel(registers([100] * 60)))

    assert result.drawn.tolist() == [1500] * 4
    assert result.injected.tolist() == result.produced.tolist() == result.consumed.tolist() == [UNKNOWN] * 4


def test_coverage_is_what_the_readings_span():
    at = [5 * MINUTE, 20 * MINUTE, 30 * MINUTE]

    result = quarters(channel(registers([150, 100], at=at), registers([0, 0], at=at)))

    assert result.drawn.tolist() == [100, 150, UNKNOWN, UNKNOWN]
    assert result.known.tolist() == [10 * MINUTE, 15 * MINUTE, 0, 0]
    assert result.quality.tolist() == [PARTIAL, ESTIMATED, PARTIAL, PARTIAL]


def test_a_gap_keeps_its_energy_and_is_flagged():
    at = [0, 7 * MINUTE, 52 * MINUTE, 60 * MINUTE]

    result = quarters(channel(registers([70, 450, 80], at=at), registers([0, 0, 0], at=at)))

    assert result.drawn.sum() == 600
    assert result.quality.tolist() == [ESTIMATED] * 4


def test_a_quarter_without_power_is_zero_and_says_why():
    told = Records(np.array([0, 55 * MINUTE]), np.full(2, 5 * MINUTE), np.array([70, 80]))
    cut = curve_of(registers([]), told, Off(np.array([5 * MINUTE]), np.array([50 * MINUTE]))).cut(HOUR)

    result = quarters(Channel("EXCHANGE", 1, True, cut, None))

    assert result.drawn.tolist() == [70, 0, 0, 80]
    assert result.quality.tolist() == [DEVICE_OFF] * 4
    assert result.known.tolist() == [QUARTER] * 4
    assert result.source.tolist() == [RECORD] * 4
    assert result.peak_w.tolist()[1:3] == result.mean_w.tolist()[1:3] == [0.0, 0.0]


def test_a_gap_longer_than_any_memory_keeps_its_energy_and_all_of_it_is_an_estimate():
    days = 60
    edges = np.arange(days * 1440 + 1, dtype=np.int64) * MINUTE
    at = [0, MINUTE, (days * 1440 - 1) * MINUTE, days * 1440 * MINUTE]

    result = quarters(channel(registers([10, 86_400_000, 20], at=at), phases=1, edges=edges), edges=edges)

    assert len(result.start) == days * 96
    assert result.drawn.sum() == 86_400_030
    assert set(result.quality.tolist()) == {ESTIMATED}
    assert set(result.source.tolist()) == {REGISTERS}


def test_records_are_the_source_only_where_all_comes_from_them():
    minutes = np.arange(30, dtype=np.int64) * MINUTE
    records = Records(minutes, np.full(30, MINUTE), np.full(30, 10))
    cut = curve_of(registers([10] * 60), records).cut(HOUR)

    result = quarters(Channel("EXCHANGE", 3, True, cut, None))

    assert result.source.tolist() == [RECORD, RECORD, REGISTERS, REGISTERS]
    assert result.drawn.tolist() == [150] * 4


def test_the_peak_is_the_minute_farthest_from_zero_and_the_mean_has_its_sign():
    drawn, returned = [100] * 15 + [0] * 45, [0] * 15 + [10] * 44 + [500]

    result = quarters(channel(registers(drawn), registers(returned)))

    assert result.mean_w[0] == pytest.approx(6.0)
    assert result.peak_w.tolist() == pytest.approx([6.0, -0.6, -0.6, -30.0])
    assert math.isnan(quarters(channel(registers([900], at=[0, 60 * MINUTE]))).peak_w[0])


def test_a_part_of_a_quarter_is_complete_when_its_own_time_is_known():
    edges = np.array([20, 21, 30, 45], dtype=np.int64) * MINUTE

    result = quarters(channel(registers([10] * 60), edges=edges), edges=edges)

    assert result.length.tolist() == [10 * MINUTE, 15 * MINUTE]
    assert result.quality.tolist() == [GOOD, GOOD]
    assert result.drawn.tolist() == [100, 150]


energies = st.lists(st.integers(0, 5000), min_size=60, max_size=60)


@given(energies, energies, st.booleans())
def test_netting_keeps_drawn_minus_injected_exactly(drawn, returned, shifted):
    at = np.arange(61) * MINUTE + (13_000_007 if shifted else 0)
    edges = np.arange(76, dtype=np.int64) * MINUTE

    result = quarters(channel(registers(drawn, at=at), registers(returned, at=at), edges=edges), edges=edges)

    known = result.drawn != UNKNOWN
    assert (result.drawn[known] - result.injected[known]).sum() == sum(drawn) - sum(returned)


@given(energies)
def test_one_source_is_conserved_exactly_from_registers_to_quarters(drawn):
    edges = np.arange(76, dtype=np.int64) * MINUTE
    at = np.arange(61) * MINUTE + 17_000_011

    result = quarters(channel(registers(drawn, at=at), phases=1, edges=edges), edges=edges)

    assert result.drawn[result.drawn != UNKNOWN].sum() == sum(drawn)
