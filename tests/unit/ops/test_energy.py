"""What the simulated energy must be: Italian in its shape, exact to the mWh, the same from every window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cercollettiva.ops.simulation.energy import BLOCK_MINUTES, CommunityEnergy
from cercollettiva.ops.simulation.italian_time import ITALY, DayKind, day_kind
from cercollettiva.ops.simulation.lucernaia import COMMUNITY
from cercollettiva.ops.simulation.noise import key_of, uniform, uniform_at
from tests.unit.ops.conftest import ORIGIN

PLANTS = [point for point in COMMUNITY.points if point.array]
FAMILIES = [point.pod for point in COMMUNITY.points if point.load.profile == "family"]
HOME_WITH_ONE_PHASE_INVERTER = next(point for point in PLANTS if point.phases == "abc" and point.array.kwp < 10)
MINUTE, QUARTER, HOUR = timedelta(minutes=1), timedelta(minutes=15), timedelta(hours=1)


def italian(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ITALY)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_a_plant_yields_what_roofs_in_the_po_valley_yield(year, plant):
    kwh = year[plant.pod].produced.sum() / 1e6

    assert 900 <= kwh / plant.array.kwp <= 1250


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_winter_months_are_at_most_two_fifths_of_summer_months(energy, plant):
    def produced(start, end):
        return energy.intervals(plant.pod, start, end, step=HOUR).produced.sum()

    winter = [produced(italian(2025, 12, 1), italian(2026, 1, 1)), produced(italian(2026, 1, 1), italian(2026, 2, 1))]
    summer = [produced(italian(2026, 6, 1), italian(2026, 7, 1)), produced(italian(2026, 7, 1), italian(2026, 8, 1))]

    assert max(winter) / min(summer) <= 0.4
    assert max(winter) / min(summer) >= 0.1


def test_no_plant_produces_in_the_dark_or_beyond_its_inverter(energy):
    day = energy.history(italian(2026, 6, 21), italian(2026, 6, 22), step=MINUTE)

    for plant in PLANTS:
        produced = day[plant.pod].produced
        assert produced[: 5 * 60].sum() == 0
        assert produced[22 * 60 :].sum() == 0
        assert produced.max() * 60 / 1e6 <= plant.array.inverter_kw + 0.001


def test_clouds_make_days_differ_and_cross_the_town_together(year):
    school, farm = (year[plant.pod].produced[: 364 * 96].reshape(364, 96).sum(axis=1) for plant in PLANTS[:2])
    may = slice(212, 243)

    assert school[may].min() < 0.6 * school[may].max()
    assert np.corrcoef(school, farm)[0, 1] > 0.98
    assert not np.array_equal(school * 45, farm * 60)


@pytest.mark.parametrize(("start", "end"), [((2026, 1, 7), (2026, 2, 4)), ((2026, 6, 3), (2026, 7, 1))])
def test_families_use_most_around_eight_in_the_evening_by_the_italian_clock(energy, start, end):
    flows = energy.history(italian(*start), italian(*end), step=HOUR)

    by_hour = sum(flows[pod].consumed for pod in FAMILIES).reshape(-1, 24).mean(axis=0)

    assert int(by_hour.argmax()) in (19, 20)
    assert by_hour[2:5].mean() < 0.35 * by_hour.max()
    assert by_hour[2:5].min() > 0


def test_the_evening_peak_does_not_move_with_the_clock(energy):
    peaks = []
    for first in (italian(2026, 3, 22), italian(2026, 3, 30)):
        evening = first.replace(hour=17)
        flows = energy.history(evening, evening + 6 * timedelta(days=1), step=QUARTER)
        by_quarter = sum(flows[pod].consumed for pod in FAMILIES).reshape(6, 96).sum(axis=0)
        peaks.append(np.average(np.arange(24), weights=by_quarter[:24] ** 2.0))

    assert abs(peaks[0] - peaks[1]) < 1.5  # quarters; the clock moved by four


def test_the_community_draws_most_from_the_grid_in_the_evening(energy):
    flows = energy.history(italian(2026, 4, 1), italian(2026, 10, 1), step=HOUR)

    drawn = sum(flow.drawn for flow in flows.values()).reshape(-1, 24).mean(axis=0)

    assert int(drawn.argmax()) in (18, 19, 20)


def test_sundays_differ_from_working_days(energy):
    days = [italian(2026, 5, day) for day in range(1, 32)]
    kinds = np.array([day_kind(day.date()) for day in days])
    flows = energy.history(days[0], days[-1] + timedelta(days=1), step=timedelta(days=1))

    def mean_of(pod, kind):
        return float(flows[pod].consumed[kinds == kind].mean())

    pods = {point.load.profile: point.pod for point in COMMUNITY.points}

    assert mean_of(pods["school"], DayKind.HOLIDAY) < 0.5 * mean_of(pods["school"], DayKind.WORKING)
    assert mean_of(pods["bakery"], DayKind.HOLIDAY) < 0.5 * mean_of(pods["bakery"], DayKind.WORKING)
    assert mean_of(pods["parish"], DayKind.HOLIDAY) > 1.2 * mean_of(pods["parish"], DayKind.WORKING)
    assert mean_of(FAMILIES[0], DayKind.HOLIDAY) > 1.03 * mean_of(FAMILIES[0], DayKind.WORKING)


def test_street_lights_burn_longer_in_winter(energy):
    town_hall = COMMUNITY.points[1]

    def lit(day):
        flows = energy.intervals(town_hall.pod, day, day + timedelta(days=1), step=QUARTER)
        return int((flows.consumed * 4 / 1e6 > town_hall.load.lights_kw).sum())

    assert lit(italian(2025, 12, 21)) >= lit(italian(2026, 6, 21)) + 4 * 5


@pytest.mark.parametrize(
    ("day", "quarters"),
    [((2026, 3, 29), 92), ((2025, 10, 26), 100), ((2026, 10, 25), 100), ((2026, 3, 28), 96)],
)
def test_a_local_day_has_its_number_of_quarters_and_loses_nothing(energy, day, quarters):
    start = italian(*day)
    end = start + timedelta(days=1)  # wall time: the same hour of the next day
    after = end.astimezone(UTC)

    for point in COMMUNITY.points:
        flows = energy.intervals(point.pod, start, end)
        registers = energy.registers_at(point.pod, [start, after])
        for flow, register in zip(flows, registers, strict=True):
            assert len(flow) == quarters
            assert flow.sum() == register[1] - register[0]


def test_the_hour_that_comes_twice_is_two_hours(energy):
    two = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 02:00 in Italy, the first time

    flows = energy.intervals(FAMILIES[0], two, two + 2 * HOUR, step=HOUR)

    assert flows.consumed[0] != flows.consumed[1]
    assert flows.consumed.min() > 0


@settings(max_examples=40, deadline=None)
@given(
    quarter=st.integers(0, 4 * 24 * 420),
    length=st.integers(1, 4 * 24 * 9),
    point=st.sampled_from(COMMUNITY.points),
)
def test_registers_differ_by_the_energy_of_the_quarters_to_the_mwh(energy, quarter, length, point):
    start = ORIGIN.astimezone(UTC) + quarter * QUARTER
    times = [start + step * QUARTER for step in range(length + 1)]

    registers = energy.registers_at(point.pod, times)
    flows = energy.intervals(point.pod, start, times[-1])

    for register, flow in zip(registers, flows, strict=True):
        assert register.dtype == flow.dtype == np.int64
        assert np.array_equal(np.diff(register), flow)


@settings(max_examples=25, deadline=None)
@given(
    first=st.integers(0, 60 * 24 * 300),
    length=st.integers(1, 60 * 24 * 8),
    shift=st.integers(0, 60 * 24 * 8),
)
def test_any_two_windows_agree_where_they_overlap(energy, first, length, shift):
    pod = PLANTS[0].pod
    start = ORIGIN.astimezone(UTC) + first * MINUTE
    other = CommunityEnergy(COMMUNITY, origin=start)  # made alone, from nothing

    wide = energy.intervals(pod, start, start + (length + shift) * MINUTE, step=MINUTE)
    narrow = other.intervals(pod, start + shift * MINUTE, start + (length + shift) * MINUTE, step=MINUTE)

    for long, short in zip(wide, narrow, strict=True):
        assert np.array_equal(long[shift:], short)


def test_history_of_all_points_is_that_of_each(energy):
    start = italian(2026, 2, 3, 4, 5)
    end = start + 3 * timedelta(minutes=BLOCK_MINUTES) + 21 * MINUTE

    together = energy.history(start, end, step=timedelta(minutes=7))

    for point in COMMUNITY.points:
        alone = energy.intervals(point.pod, start, end, step=MINUTE)
        for flow, fine in zip(together[point.pod], alone, strict=True):
            assert np.array_equal(flow, fine.reshape(-1, 7).sum(axis=1))


def test_each_minute_is_netted_at_the_connection_point(energy):
    flows = energy.history(italian(2026, 5, 4), italian(2026, 5, 11), step=MINUTE)

    for flow in flows.values():
        assert np.array_equal(flow.drawn - flow.injected, flow.consumed - flow.produced)
        assert not np.any((flow.drawn > 0) & (flow.injected > 0))
        assert min(part.min() for part in flow) >= 0


def test_the_phases_of_a_meter_add_up_to_its_point(energy):
    start = italian(2026, 5, 4)
    first = int(start.timestamp()) // 60

    for point in COMMUNITY.points:
        for meter in point.meters:
            phases = energy.meter_minutes(meter, first, first + 1440)
            flow = energy.intervals(point.pod, start, start + timedelta(days=1), step=MINUTE)
            expected = flow.produced if meter.role == "PRODUCTION" else flow.drawn - flow.injected
            assert np.array_equal((phases.drawn - phases.returned).sum(axis=0), expected)


def test_a_single_phase_inverter_returns_on_one_phase_while_the_others_draw(energy):
    noon = int(italian(2026, 6, 10, 12).timestamp()) // 60

    phases = energy.meter_minutes(HOME_WITH_ONE_PHASE_INVERTER.meters[0], noon, noon + 60)

    assert phases.returned.sum(axis=1)[[0, 2]].tolist() == [0, 0]
    assert phases.returned[1].min() > 0
    assert phases.drawn[[0, 2]].min() > 0


def test_without_netting_that_home_would_look_like_more_of_both(energy):
    start = italian(2026, 5, 1)
    first = int(start.timestamp()) // 60

    phases = energy.meter_minutes(HOME_WITH_ONE_PHASE_INVERTER.meters[0], first, first + 31 * 1440)
    netted = energy.intervals(HOME_WITH_ONE_PHASE_INVERTER.pod, start, start + timedelta(days=31))

    assert phases.returned.sum() > 1.1 * netted.injected.sum()
    assert phases.drawn.sum() > 1.1 * netted.drawn.sum()


def test_another_seed_is_another_year(energy):
    other = CommunityEnergy(COMMUNITY, origin=ORIGIN, seed=2)
    window = (PLANTS[0].pod, italian(2026, 5, 1), italian(2026, 5, 2))

    assert not np.array_equal(other.intervals(*window).produced, energy.intervals(*window).produced)


def test_registers_start_from_nothing_and_do_not_exist_before(energy):
    assert [int(register[0]) for register in energy.registers_at(FAMILIES[0], [ORIGIN])] == [0, 0, 0, 0]

    with pytest.raises(ValueError, match="not there yet"):
        energy.registers_at(FAMILIES[0], [ORIGIN - MINUTE])


@pytest.mark.parametrize("step", [timedelta(seconds=30), timedelta(0), timedelta(minutes=7)])
def test_steps_that_do_not_fit_are_refused(energy, step):
    with pytest.raises(ValueError, match="step"):
        energy.history(italian(2026, 1, 1), italian(2026, 1, 1, 1), step=step)


def test_an_empty_window_is_empty(energy):
    flows = energy.intervals(FAMILIES[0], italian(2026, 1, 1), italian(2026, 1, 1))

    assert [len(flow) for flow in flows] == [0, 0, 0, 0]


@given(key=st.integers(0, 2**64 - 1), index=st.integers(-(2**40), 2**40))
def test_noise_of_one_index_is_that_of_the_array(key, index):
    assert uniform_at(key, index) == uniform(key, np.array([index], dtype=np.int64))[0]


def test_noise_is_spread_evenly():
    values = uniform(key_of("spread"), np.arange(100_000, dtype=np.int64))

    assert 0.0 <= values.min() <= values.max() < 1.0
    assert np.histogram(values, bins=10, range=(0, 1))[0].min() > 9_700
