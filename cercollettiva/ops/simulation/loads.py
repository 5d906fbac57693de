"""How the members of the community use electricity through the day, the week and the year."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cercollettiva.ops.simulation.italian_time import LocalClock
from cercollettiva.ops.simulation.noise import key_of, smooth, uniform
from cercollettiva.ops.simulation.sky import Floats, Sky, by_month

HOURS_A_YEAR = 8766.0
_BURST_MINUTES = 9  # an oven, a washing machine heating its water, a pump

Hours = tuple[float, ...]  # 24 relative values, each reached on the hour


@dataclass(frozen=True)
class Load:
    """What a connection point uses: a profile and what depends on darkness and weather."""

    profile: str  # a key of PROFILES
    yearly_kwh: float  # of the profile alone
    limit_kw: float  # the meter lets no more through
    lights_kw: float = 0.0  # street lights, from dusk to dawn
    heating_w: float = 0.0  # for each degree below 16
    cooling_w: float = 0.0  # for each degree above 25


@dataclass(frozen=True)
class Profile:
    """Relative use by local hour for working days, Saturdays and holidays, and by month."""

    working: Hours
    saturday: Hours
    holiday: Hours
    months: Hours = (1.0,) * 12
    bursts: float = 0.0  # share of the energy used by what switches on and off
    burst_w: float = 1500.0


def _day(night: float, *spans: tuple[int, int, float]) -> Hours:
    """A day at the level of the night but for some spans (from hour, to hour, level)."""
    hours = [night] * 24
    for start, end, level in spans:
        hours[start:end] = [level] * (end - start)
    return tuple(hours)


_OFFICE_MONTHS = (1.15, 1.12, 1.03, 0.95, 0.92, 1.0, 1.05, 0.78, 0.96, 0.98, 1.05, 1.08)
_SCHOOL_MONTHS = (1.35, 1.35, 1.25, 1.1, 1.15, 0.6, 0.3, 0.22, 0.9, 1.2, 1.4, 1.15)
_FAMILY_MONTHS = (1.14, 1.08, 1.0, 0.93, 0.9, 0.95, 1.05, 0.86, 0.92, 0.97, 1.08, 1.18)

# fmt: off
_FAMILY_WORKING = (.50, .43, .40, .39, .40, .45, .72, 1.05, .92, .74, .70, .74,
                   .95, .95, .80, .75, .78, .95, 1.30, 1.80, 2.15, 1.90, 1.35, .80)
_FAMILY_SATURDAY = (.58, .48, .43, .40, .40, .42, .52, .82, 1.12, 1.22, 1.18, 1.25,
                    1.45, 1.35, 1.08, .98, .98, 1.10, 1.35, 1.72, 1.98, 1.75, 1.35, .95)
_FAMILY_HOLIDAY = (.64, .52, .45, .41, .40, .41, .48, .72, 1.05, 1.28, 1.38, 1.60,
                   1.72, 1.42, 1.08, .95, .95, 1.05, 1.30, 1.65, 1.88, 1.62, 1.20, .80)
# fmt: on

PROFILES = {
    "family": Profile(_FAMILY_WORKING, _FAMILY_SATURDAY, _FAMILY_HOLIDAY, _FAMILY_MONTHS, bursts=0.42),
    "office": Profile(
        _day(0.45, (7, 8, 1.3), (8, 14, 3.0), (14, 18, 1.9), (18, 19, 0.8)),
        _day(0.45, (8, 13, 1.2)),
        _day(0.42),
        _OFFICE_MONTHS,
        bursts=0.05,
        burst_w=2000.0,
    ),
    "school": Profile(
        _day(0.25, (7, 8, 1.5), (8, 13, 3.4), (13, 17, 1.8), (17, 19, 0.7)),
        _day(0.25, (8, 13, 0.9)),
        _day(0.22),
        _SCHOOL_MONTHS,
        bursts=0.05,
        burst_w=3000.0,
    ),
    "farm": Profile(  # two milkings, milk kept cold all day
        _day(0.7, (4, 8, 2.1), (8, 16, 0.9), (16, 18, 2.2), (18, 21, 3.0)),
        _day(0.7, (4, 8, 2.1), (8, 16, 0.8), (16, 18, 2.1), (18, 21, 2.9)),
        _day(0.65, (4, 8, 2.0), (8, 16, 0.6), (16, 18, 2.0), (18, 21, 2.8)),
        (0.9, 0.9, 0.95, 0.97, 1.02, 1.1, 1.2, 1.2, 1.08, 0.98, 0.92, 0.88),
        bursts=0.18,
        burst_w=3500.0,
    ),
    "bakery": Profile(  # the ovens work while the town sleeps; Sunday is for rest
        _day(0.35, (1, 2, 1.4), (2, 8, 3.2), (8, 13, 1.2), (16, 19, 0.8)),
        _day(0.35, (0, 1, 1.5), (1, 8, 3.6), (8, 13, 1.3), (16, 19, 0.8)),
        _day(0.3),
        (1.0, 1.0, 1.02, 1.05, 1.0, 0.98, 0.95, 0.75, 1.0, 1.02, 1.05, 1.18),
        bursts=0.30,
        burst_w=4000.0,
    ),
    "parish": Profile(
        _day(0.35, (8, 10, 0.9), (16, 18, 1.4), (18, 22, 2.8)),
        _day(0.35, (9, 12, 1.2), (15, 20, 2.6)),
        _day(0.35, (8, 13, 4.2), (17, 20, 2.2)),
        (1.5, 1.4, 1.1, 0.9, 0.8, 0.8, 0.8, 0.6, 0.8, 0.9, 1.1, 1.3),
        bursts=0.10,
        burst_w=1800.0,
    ),
    "club": Profile(  # training in the evening, matches at the weekend
        _day(0.3, (15, 18, 1.0), (18, 22, 3.6), (22, 23, 1.6)),
        _day(0.3, (9, 13, 1.3), (14, 19, 2.6), (19, 22, 1.8)),
        _day(0.3, (9, 13, 2.0), (14, 18, 2.8)),
        (1.25, 1.2, 1.1, 1.0, 0.95, 0.8, 0.55, 0.45, 0.95, 1.15, 1.3, 1.3),
        bursts=0.12,
        burst_w=3500.0,
    ),
    "workshop": Profile(
        _day(0.3, (7, 8, 1.5), (8, 12, 3.2), (12, 13, 1.2), (13, 17, 3.0), (17, 18, 1.2)),
        _day(0.3, (8, 12, 1.0)),
        _day(0.28),
        _OFFICE_MONTHS,
        bursts=0.20,
        burst_w=4000.0,
    ),
}


def consumed_w(load: Load, *, name: str, minutes: NDArray[np.int64], clock: LocalClock, sky: Sky, seed: int) -> Floats:
    """Power used at consecutive minutes by the point called `name`. [W]"""
    profile = PROFILES[load.profile]
    pace = _daily_table(load.profile)[clock.kind, clock.minute] * by_month(profile.months, clock)
    pace *= 0.82 + 0.36 * uniform(key_of(seed, name, "day"), clock.day)  # no two days are alike
    mean_w = load.yearly_kwh * 1000.0 / HOURS_A_YEAR * pace
    texture = 0.78 + 0.44 * smooth(key_of(seed, name, "texture"), minutes, every=37)
    flicker = 0.94 + 0.12 * uniform(key_of(seed, name, "flicker"), minutes)
    power = mean_w * (1.0 - profile.bursts) * texture * flicker
    if profile.bursts:
        power += _bursts(profile, mean_w, minutes, key_of(seed, name, "bursts"))
    power += load.lights_kw * 1000.0 * sky.is_dark
    power += load.heating_w * np.maximum(16.0 - sky.warmth, 0.0) * np.minimum(pace + 0.4, 1.4)
    power += load.cooling_w * np.maximum(sky.warmth - 25.0, 0.0) * np.minimum(pace + 0.2, 1.4)
    return np.minimum(power, load.limit_kw * 1000.0)


def _bursts(profile: Profile, mean_w: Floats, minutes: NDArray[np.int64], key: int) -> Floats:
    """Appliances that run for some minutes: the busier the hour, the more often. [W]"""
    cell = minutes // _BURST_MINUTES
    first = int(cell[0])
    cells = np.arange(first, int(cell[-1]) + 1, dtype=np.int64)
    chance = uniform(key, cells)[cell - first]
    size = (0.5 + uniform(key ^ 0x5EED, cells))[cell - first] * profile.burst_w
    often = mean_w * (profile.bursts / profile.burst_w)
    return np.where(chance < often, size, 0.0)


@lru_cache(maxsize=32)
def _daily_table(name: str) -> Floats:
    """A profile minute by minute, one row for each kind of day, with a mean of 1 over an ordinary week."""
    profile = PROFILES[name]
    hours = np.arange(25) * 60.0
    rows = [np.interp(np.arange(1440.0), hours, (*day, day[0])) for day in _days(profile)]
    table = np.array(rows)
    week = table.mean(axis=1) @ np.array([5.0, 1.0, 1.0]) / 7.0
    scaled: Floats = table / week
    return scaled


def _days(profile: Profile) -> tuple[Hours, Hours, Hours]:
    return profile.working, profile.saturday, profile.holiday
