"""The sky over the community: where the sun stands, what the clouds leave of it, how warm the air is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cercollettiva.ops.simulation.italian_time import LocalClock
from cercollettiva.ops.simulation.noise import key_of, smooth

Floats = NDArray[np.float64]

DRIFT_MINUTES = 12  # a cloud crosses the town in twice this: each roof sees the same sky, earlier or later
_GROUND_ALBEDO = 0.2
_CLOUDS_BY_MONTH = (0.46, 0.36, 0.26, 0.25, 0.24, 0.20, 0.14, 0.16, 0.22, 0.34, 0.47, 0.49)
_WARMTH_BY_MONTH = (2.4, 4.8, 9.6, 13.6, 18.4, 22.9, 25.4, 24.9, 20.1, 14.6, 8.3, 3.4)  # degrees Celsius, Po valley


class Sky(NamedTuple):
    """Sun and weather at each minute of a window; the light has `DRIFT_MINUTES` more at either end."""

    up: Floats  # sine of the sun's elevation, 0 below the horizon
    east: Floats  # the sun's direction, cosines
    south: Floats
    beam: Floats  # on a plane that faces the sun [W/m2]
    diffuse: Floats  # on level ground [W/m2]
    warmth: Floats  # air, without the drift [degrees Celsius]
    is_dark: NDArray[np.bool_]  # street lights are on, without the drift


def sky(minutes: NDArray[np.int64], clock: LocalClock, *, latitude: float, longitude: float, seed: int) -> Sky:
    """The sky at consecutive minutes from 1970-01-01 UTC. [degrees]"""
    wide = np.arange(minutes[0] - DRIFT_MINUTES, minutes[-1] + 1 + DRIFT_MINUTES, dtype=np.int64)
    elevation, east, south = _sun(wide, latitude=latitude, longitude=longitude)
    up = np.maximum(elevation, 0.0)
    beam, diffuse = _clear_sky(up)
    normal = by_month(_CLOUDS_BY_MONTH, clock)
    cloud = _clouds(wide, np.pad(normal, DRIFT_MINUTES, mode="edge"), seed)
    beam = beam * (1.0 - cloud) ** 1.5 * _passing_clouds(wide, cloud, seed)
    diffuse = diffuse * (1.0 + 1.6 * cloud) * (1.0 - 0.62 * cloud)
    middle = slice(DRIFT_MINUTES, -DRIFT_MINUTES)
    warmth = _warmth(minutes, clock, cloud[middle], seed)
    return Sky(up, east, south, beam, diffuse, warmth, elevation[middle] < -0.045)


def light_on(sky: Sky, *, tilt: float, azimuth: float, drift: int) -> Floats:
    """Light on a plane under its own clouds; azimuth from south, westward positive. [degrees, min, W/m2]"""
    seen = slice(DRIFT_MINUTES + drift, len(sky.up) - DRIFT_MINUTES + drift)
    here = slice(DRIFT_MINUTES, len(sky.up) - DRIFT_MINUTES)
    slope, turn = np.radians(tilt), np.radians(azimuth)
    facing = (
        sky.up[here] * np.cos(slope)
        + sky.south[here] * (np.sin(slope) * np.cos(turn))
        - sky.east[here] * (np.sin(slope) * np.sin(turn))
    )
    facing = np.where(sky.up[here] > 0.0, np.maximum(facing, 0.0), 0.0)
    beam, diffuse = sky.beam[seen], sky.diffuse[seen]
    level = beam * sky.up[here] + diffuse
    view = (1.0 + np.cos(slope)) / 2.0
    light: Floats = beam * facing + diffuse * view + level * (_GROUND_ALBEDO * (1.0 - view))
    return light


def _sun(minutes: NDArray[np.int64], *, latitude: float, longitude: float) -> tuple[Floats, Floats, Floats]:
    """Direction of the sun: cosines upward, eastward, southward (Spencer's series, good to a few minutes)."""
    days = minutes / 1440.0
    angle = 2.0 * np.pi * ((days - 0.5) % 365.2425) / 365.2425
    declination = 0.006918 - 0.399912 * np.cos(angle) + 0.070257 * np.sin(angle)
    declination += -0.006758 * np.cos(2 * angle) + 0.000907 * np.sin(2 * angle)
    early = 0.000075 + 0.001868 * np.cos(angle) - 0.032077 * np.sin(angle)
    early += -0.014615 * np.cos(2 * angle) - 0.040849 * np.sin(2 * angle)
    hour = 2.0 * np.pi * (days % 1.0) - np.pi + np.radians(longitude) + early
    place = np.radians(latitude)
    level = np.cos(declination) * np.cos(hour)
    up = np.sin(place) * np.sin(declination) + np.cos(place) * level
    south = np.sin(place) * level - np.cos(place) * np.sin(declination)
    return up, -np.cos(declination) * np.sin(hour), south


def _clear_sky(up: Floats) -> tuple[Floats, Floats]:
    """Beam on a plane that faces the sun and diffuse on level ground, no clouds (Meinel's formula). [W/m2]"""
    air_mass = 1.0 / np.maximum(up, 0.02)
    beam = np.where(up > 0.0, 1353.0 * 0.7 ** (air_mass**0.678), 0.0)
    return beam, 0.16 * beam * np.sqrt(up) + 35.0 * up


def _clouds(minutes: NDArray[np.int64], normal: Floats, seed: int) -> Floats:
    """Share of the sky under cloud, 0 to 1: spells of several days, a day's own mood, hours."""
    spells = smooth(key_of(seed, "spells"), minutes, every=3 * 1440)
    mood = smooth(key_of(seed, "mood"), minutes, every=1620)
    hours = smooth(key_of(seed, "hours"), minutes, every=310)
    mixed = 0.38 * spells + 0.42 * mood + 0.20 * hours
    return 1.0 / (1.0 + np.exp(-(mixed - 0.5 + 0.55 * (normal - 0.5)) * 12.0))


def _passing_clouds(minutes: NDArray[np.int64], cloud: Floats, seed: int) -> Floats:
    """What passing clouds leave of the beam: they come when the sky is neither clear nor covered."""
    fine = 0.62 * smooth(key_of(seed, "clouds"), minutes, every=26)
    fine += 0.38 * smooth(key_of(seed, "wisps"), minutes, every=7)
    under = np.clip((fine - 0.38) * 6.0, 0.0, 1.0)
    left: Floats = 1.0 - 0.75 * (4.0 * cloud * (1.0 - cloud)) * under
    return left


def _warmth(minutes: NDArray[np.int64], clock: LocalClock, cloud: Floats, seed: int) -> Floats:
    """Air temperature: month, spells of days, and a day that swings less under cloud. [degrees Celsius]"""
    spell = 9.0 * (smooth(key_of(seed, "warm spells"), minutes, every=4 * 1440) - 0.5)
    swing = (5.5 - 3.5 * cloud) * np.cos(2.0 * np.pi * (clock.minute - 900) / 1440.0)
    warmth: Floats = by_month(_WARMTH_BY_MONTH, clock) + spell + swing
    return warmth


def by_month(values: tuple[float, ...], clock: LocalClock) -> Floats:
    """Monthly values as a curve over the year, each reached in the middle of its month."""
    middles = np.arange(-15.0, 397.0, 30.4375)
    around = np.array((values[-1], *values, values[0]))
    curve: Floats = np.interp(clock.day_of_year, middles, around)
    return curve
