"""Silences on a fake clock: noticed in time, and never where there are none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cercollettiva.monitoring.freshness import (
    LEARNT,
    Rhythms,
    State,
    all_are_quiet,
    judge,
    late_after,
    learn,
    quiet_sites,
)

LOOK = 60.0  # the check looks each minute
DAY = 86_400


def arrivals(period: float, until: float, random: np.random.Generator, *, sigma: float = 0.2, lost: float = 0.01):
    """When the reports of a meter come: each a little early or late, some never."""
    due = np.arange(period, until, period) + random.uniform(0, period)
    came = due + random.normal(0, sigma * period, len(due))
    return np.sort(came[random.random(len(due)) >= lost])


def last_before(times: np.ndarray, looks: np.ndarray) -> np.ndarray:
    index = np.searchsorted(times, looks, side="right")
    return np.where(index > 0, np.append(times, np.nan)[index - 1], np.nan)


def follow(heard: np.ndarray, looks: np.ndarray, seen: Callable[[int, np.ndarray], None]) -> Rhythms:
    """Look at each moment at what was heard by then (one row a look)."""
    every = float(np.median(np.diff(looks)))
    before = looks[0] - every
    known = Rhythms.unknown(heard.shape[1], since=before)
    for number, now in enumerate(looks):
        known = learn(known, heard[number], looked=before, every=every)
        seen(number, judge(known, now))
        before = now
    return known


def test_a_month_of_unpunctual_meters_raises_no_alarm():
    """Normal jitter, sigma 20 % of the period, 1 % of the messages lost: nobody is silent, and rhythms are learnt."""
    seed = 20260601
    print(f"seed {seed}")
    random = np.random.default_rng(seed)
    periods = np.array([300.0, 300.0, 300.0, 900.0, 3600.0] * 20)  # the scale is free: the hard ones are as fast as us
    looks = np.arange(1, 30 * DAY // 300 + 1) * 300.0
    heard = np.column_stack([last_before(arrivals(period, looks[-1], random), looks) for period in periods])
    alarms: list[int] = []

    known = follow(heard, looks, lambda number, state: alarms.extend(np.flatnonzero(state == State.SILENT)))

    assert alarms == []
    assert np.all(np.abs(known.period / periods - 1) < 0.25)


def test_a_thousand_silences_are_noticed_within_two_periods_and_no_return_raises_an_alarm():
    """Each of 1,000 meters stops after a while and comes back; the check looks each minute."""
    seed = 20260602
    print(f"seed {seed}")
    random = np.random.default_rng(seed)
    periods = random.uniform(60, 900, 1000)
    looks = np.arange(1, 28 * 60 + 1) * LOOK
    stops, returns = random.uniform(10, 14, 1000) * 3600, random.uniform(17, 20, 1000) * 3600
    times = [arrivals(period, looks[-1], random, lost=0) for period in periods]
    times = [one[(one < stop) | (one >= back)] for one, stop, back in zip(times, stops, returns, strict=True)]
    missing_from = np.array(
        [one[one < stop][-1] + period for one, stop, period in zip(times, stops, periods, strict=True)]
    )
    heard = np.column_stack([last_before(one, looks) for one in times])
    states = np.zeros(heard.shape, dtype=np.int64)

    follow(heard, looks, lambda number, state: states.__setitem__(number, state))

    after = looks[:, None] >= missing_from
    noticed = np.array([looks[np.argmax(row)] for row in ((states >= State.LATE) & after).T])
    alarmed = np.array([looks[np.argmax(row)] for row in ((states == State.SILENT) & after).T])
    assert np.all(noticed - missing_from <= 2 * periods)
    assert np.all((alarmed > missing_from) & (alarmed - missing_from <= 7 * periods + LOOK))
    back = np.array([one[one >= back][0] for one, back in zip(times, returns, strict=True)])
    assert not np.any((states == State.SILENT) & (looks[:, None] >= back + LOOK))
    assert not np.any((states == State.SILENT) & (looks[:, None] < missing_from))


def test_an_overdue_report_is_noticed_within_two_periods_of_the_last_one():
    known = Rhythms.unknown(3, since=0)._replace(
        heard=np.zeros(3),
        period=np.array([5.0, 60.0, 900.0]),
        spread=np.array([0.0, 60.0, 5000.0]),
        gaps=np.full(3, LEARNT),
    )

    assert np.all(late_after(known) <= 2 * known.period)
    assert judge(known, 1.1 * 5).tolist() == [State.OK] * 3
    assert judge(known, 2 * 900).tolist()[2] == State.LATE


def test_a_clean_minute_is_learnt_though_the_check_sometimes_looks_just_before_it():
    looks = np.arange(1, 400) * LOOK + np.tile([0.3, -0.2, 0.1], 133)
    heard = last_before(np.arange(1, 500) * 60.0, looks)[:, None]

    known = follow(heard, looks, lambda number, state: None)

    assert known.period[0] == pytest.approx(60, abs=0.5)
    assert known.spread[0] < 5
    assert judge(known, known.heard[0] + 300)[0] == State.SILENT


def test_who_was_never_heard_is_new_and_who_was_heard_once_has_two_hours():
    known = Rhythms.unknown(2, since=0)
    known = learn(known, np.array([np.nan, 100.0]), looked=60, every=LOOK)

    assert judge(known, 200.0).tolist() == [State.NEW, State.OK]
    assert judge(known, 100 + 7201.0).tolist() == [State.NEW, State.SILENT]


def test_silence_before_somebody_came_back_does_not_count():
    """A meter that was switched off for a month and on again has its whole time."""
    known = Rhythms.unknown(1, since=0)._replace(
        heard=np.zeros(1), period=np.array([60.0]), spread=np.zeros(1), gaps=np.array([50])
    )
    returned = known._replace(since=np.array([30.0 * DAY]))

    assert judge(known, 30 * DAY + 60.0)[0] == State.SILENT
    assert judge(returned, 30 * DAY + 60.0)[0] == State.OK
    assert learn(returned, np.array([30 * DAY + 65.0]), looked=30 * DAY + 60.0, every=LOOK).period[0] == 60
    assert judge(returned, 30 * DAY + 300.0)[0] == State.SILENT


def test_an_absence_teaches_nothing_and_three_are_a_new_rhythm():
    looks = np.arange(1, 1200) * LOOK
    slow = np.append(np.arange(1, 300) * 60.0, 300 * 60 + np.arange(1, 60) * 900.0)

    known = follow(last_before(slow, looks)[:, None], looks, lambda number, state: None)

    assert known.period[0] == pytest.approx(900, rel=0.15)


def a_crowd(heard: list[float], *, period: float = 60.0) -> Rhythms:
    count = len(heard)
    return Rhythms.unknown(count, since=0)._replace(
        heard=np.array(heard),
        period=np.full(count, period),
        spread=np.zeros(count),
        gaps=np.full(count, 50),
    )


def test_when_nobody_speaks_the_fault_lies_between():
    sites, before = np.array([1, 1, 2, 3]), np.full(4, State.OK)

    assert not all_are_quiet(a_crowd([0, 5, 10, 20]), before, sites, 100.0)
    assert all_are_quiet(a_crowd([0, 5, 10, 20]), before, sites, 20 + 91.0)
    assert not all_are_quiet(a_crowd([0, 5, 10, 100]), before, sites, 20 + 91.0)  # one of them spoke


def test_few_meters_one_site_or_those_that_were_silent_already_say_nothing_about_what_lies_between():
    crowd = a_crowd([0, 5, 10, 20])

    assert not all_are_quiet(crowd, np.full(4, State.OK), np.array([1, 1, 1, 1]), 1000.0)
    silent = np.array([State.SILENT, State.SILENT, State.OK, State.OK])
    assert not all_are_quiet(crowd, silent, np.array([1, 1, 2, 3]), 1000.0)


def test_a_site_is_quiet_when_all_its_meters_are():
    state = np.array(
        [State.SILENT, State.LATE, State.SILENT, State.OK, State.SILENT, State.LATE, State.LATE, State.NEW]
    )
    sites = np.array([1, 1, 2, 2, 3, 4, 4, 3])

    assert quiet_sites(state, sites).tolist() == [1]
