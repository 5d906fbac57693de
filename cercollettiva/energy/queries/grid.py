"""Quarter-hours of a device, a plant or a community: every one of a time, those that are not known too."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.domain.calendar import QUARTER, Range, quarter_of
from cercollettiva.domain.quarters import PARTIAL, UNKNOWN
from cercollettiva.energy.aggregation.plants import quarters_at_plants
from cercollettiva.energy.aggregation.stays import HOUR_US, Keys, stays_at_plants
from cercollettiva.energy.aggregation.totals import read_quarters
from cercollettiva.energy.models import DeviceConfiguration, DevicePlacement, IntervalQuality
from cercollettiva.energy.queries.periods import PeriodTotal
from cercollettiva.energy.queries.quarters import COMPLETE, QUARTER_US
from cercollettiva.energy.store.columns import Columns, instant, microseconds
from cercollettiva.energy.store.ranges import Ranges

_COLUMNS: Final = ("start", "energy_in", "energy_out", "produced", "peak_power", "mean_power", "coverage", "quality")
_ENERGIES: Final = ("energy_in", "energy_out", "produced")
_QUALITIES: Final = {quality.value: quality for quality in IntervalQuality}

Ints = NDArray[np.int64]


def quarters_between(start: datetime, end: datetime) -> Range:
    """The whole quarter-hours that touch [start, end)."""
    last = quarter_of(end)
    return Range(quarter_of(start), last if last == end else last + QUARTER)


def device_grid(device: DeviceConfiguration, stays: Iterable[DevicePlacement], asked: Range) -> list[PeriodTotal]:
    """The quarter-hours of a device that begin while it stood where the asker may see it. One query."""
    starts = np.arange(microseconds(asked.start), microseconds(asked.end), QUARTER_US, dtype=np.int64)
    if not len(starts):
        return []
    whole = Ranges(np.array([device.pk], dtype=np.int64), starts[:1], starts[-1:] + QUARTER_US)
    rows = read_quarters("default", whole)
    seen = np.zeros(len(rows["start"]), dtype=np.bool_)
    for stay in stays:
        until = np.iinfo(np.int64).max if stay.active_to is None else microseconds(stay.active_to)
        seen |= (rows["start"] >= microseconds(stay.active_from)) & (rows["start"] < until)
    told, places = _nothing(len(starts)), (rows["start"][seen] - starts[0]) // QUARTER_US
    for name in told:
        told[name][places] = rows[name][seen]
    return _told(told, starts)


def plants_grid(plants: Sequence[Plant], asked: Range, *, is_sum: bool = False) -> list[PeriodTotal]:
    """What passed one or more connection points together, by their meters in their roles. Seven queries at most.

    A community is the sum of its plants while they belong to it: a lower bound where one is not known, and it says so.
    """
    places = np.array([plant.pk for plant in plants], dtype=np.int64)
    starts = np.arange(microseconds(asked.start), microseconds(asked.end), QUARTER_US, dtype=np.int64)
    if not len(places):
        return _told(_nothing(len(starts)), starts)
    hours = np.unique(starts // HOUR_US * HOUR_US)
    stays = stays_at_plants("default", plants=places.tolist())
    meters = _meters(stays, places, starts)
    wanted = Keys(np.repeat(places, len(hours)), np.tile(hours, len(places)))
    rows = quarters_at_plants("default", wanted, stays)
    rows = _while_they_belong(rows, plants, starts, is_sum=is_sum)
    together = _together(rows, places, starts, meters, _belonging(plants, starts, is_sum=is_sum), is_sum=is_sum)
    return _told(together, starts)


def community_plants(community: CERConfiguration, asked: Range) -> list[Plant]:
    """The plants that belonged to a community at some time of a range. One query."""
    inside = Q(active_to__isnull=True) | Q(active_to__gt=asked.start)
    return list(Plant.objects.filter(inside, cer_configuration=community, active_from__lt=asked.end).order_by("pk"))


def _meters(stays: Sequence[Any], places: Ints, starts: Ints) -> Ints:
    """How many meters should have spoken, by plant and quarter."""
    counts = np.zeros((len(places), len(starts)), dtype=np.int64)
    for stay in stays:
        place = np.searchsorted(places, stay.place)
        if place < len(places) and places[place] == stay.place:
            counts[place] += (stay.start < starts + QUARTER_US) & (stay.end > starts)
    return counts


def _belonging(plants: Sequence[Plant], starts: Ints, *, is_sum: bool) -> Ints:
    """How many plants there are in each quarter: a community has others at other times."""
    if not is_sum:
        return np.ones(len(starts), dtype=np.int64)
    there: Ints = np.sum([_is_there(plant, starts) for plant in plants], axis=0)
    return there


def _is_there(plant: Plant, starts: Ints) -> NDArray[np.bool_]:
    since = microseconds(plant.active_from)
    until = np.iinfo(np.int64).max if plant.active_to is None else microseconds(plant.active_to)
    return (starts + QUARTER_US > since) & (starts < until)


def _while_they_belong(rows: Columns, plants: Sequence[Plant], starts: Ints, *, is_sum: bool) -> Columns:
    keep = (rows["start"] >= starts[0]) & (rows["start"] <= starts[-1])
    if is_sum:
        there = {plant.pk: plant for plant in plants}
        for pk in np.unique(rows["plant"]).tolist():
            own = rows["plant"] == pk
            keep &= ~own | _is_there(there[pk], rows["start"])
    return {name: column[keep] for name, column in rows.items()}


def _nothing(count: int) -> Columns:
    return {
        **{name: np.full(count, UNKNOWN, dtype=np.int64) for name in _ENERGIES},
        "peak_power": np.full(count, np.nan),
        "mean_power": np.full(count, np.nan),
        "coverage": np.zeros(count),
        "quality": np.full(count, IntervalQuality.MISSING.value, dtype=np.int64),
    }


def _together(rows: Columns, places: Ints, starts: Ints, meters: Ints, points: Ints, *, is_sum: bool) -> Columns:
    """The quarters of all plants added up on the grid of times."""
    column = (rows["start"] - starts[0]) // QUARTER_US
    place = np.searchsorted(places, rows["plant"])
    count = len(starts)
    told = _nothing(count)
    for name in _ENERGIES:
        known = rows[name] != UNKNOWN
        sums = np.zeros(count, dtype=np.int64)
        np.add.at(sums, column[known], rows[name][known])
        told[name] = np.where(np.bincount(column[known], minlength=count) > 0, sums, UNKNOWN)
    coverage = np.minimum(rows["known_us"] / (QUARTER_US * np.maximum(meters[place, column], 1)), 1.0)
    told["coverage"] = np.bincount(column, weights=coverage, minlength=count) / np.maximum(points, 1)
    present = np.bincount(column, minlength=count) > 0
    worst = np.zeros(count, dtype=np.int64)
    np.maximum.at(worst, column, rows["quality"])
    worst = np.where(told["coverage"] < COMPLETE, np.maximum(worst, PARTIAL), worst)
    told["quality"] = np.where(present, worst, IntervalQuality.MISSING.value)
    if not is_sum:
        told["peak_power"][column], told["mean_power"][column] = rows["peak_power"], rows["mean_power"]
    else:  # the peaks of several points do not come together
        told["mean_power"] = _mean_of(told)
    return told


def _mean_of(told: Columns) -> NDArray[np.float64]:
    """Drawn less injected over a quarter of an hour. [W]"""
    drawn, injected = (np.where(told[name] == UNKNOWN, np.nan, told[name]) for name in ("energy_in", "energy_out"))
    both = np.isnan(drawn) & np.isnan(injected)
    net = (np.nan_to_num(drawn) - np.nan_to_num(injected)) * 4 / 1000
    return np.where(both, np.nan, net)


def _told(columns: Columns, starts: Ints) -> list[PeriodTotal]:
    first = instant(starts[0])
    lists = [columns[name].tolist() for name in _COLUMNS[1:]]
    told = []
    for number, (drawn, injected, produced, peak, mean, coverage, quality) in enumerate(zip(*lists, strict=True)):
        start = first + number * QUARTER
        told.append(
            PeriodTotal(
                start,
                start + QUARTER,
                *(_known(drawn), _known(injected), _known(produced)),
                None if math.isnan(peak) else peak,
                None if math.isnan(mean) else mean,
                min(coverage, 1.0),
                _QUALITIES[quality],
            )
        )
    return told


def _known(mwh: int) -> int | None:
    return None if mwh == UNKNOWN else mwh
