"""Quarter-hours of a device or of a connection point, in order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from cercollettiva.core.models import Plant
from cercollettiva.domain.quarters import PARTIAL, UNKNOWN
from cercollettiva.energy.aggregation.plants import quarters_at_plants
from cercollettiva.energy.aggregation.stays import HOUR_US, Keys, Stay, stays_at_plants
from cercollettiva.energy.models import DeviceConfiguration, EnergyInterval, IntervalQuality, IntervalSource
from cercollettiva.energy.store.columns import instant, microseconds

QUARTER_US: Final = 900_000_000
COMPLETE: Final = 0.999


class Quarter(NamedTuple):
    """A quarter-hour from `start`; None where an energy is not known. [mWh]"""

    start: datetime
    energy_in: int | None
    energy_out: int | None
    produced: int | None
    coverage: float
    quality: IntervalQuality
    source: IntervalSource


def quarters_of_device(
    device: DeviceConfiguration, start: datetime | None = None, end: datetime | None = None
) -> list[Quarter]:
    """What a device measured in [start, end), as far as something is known."""
    rows = _within(EnergyInterval.objects.filter(device=device), start, end).order_by("start")
    return [
        Quarter(
            row.start,
            row.energy_in,
            row.energy_out,
            row.produced,
            row.coverage,
            IntervalQuality(row.quality),
            IntervalSource(row.source),
        )
        for row in rows
    ]


def quarters_of_plants(
    plants: Sequence[Plant], start: datetime | None = None, end: datetime | None = None
) -> list[Quarter]:
    """What passed a connection point in [start, end), from its meters in their roles.

    Several rows of `Plant` are one connection point after the other, with another owner or community.
    """
    stays = stays_at_plants("default", plants=[plant.pk for plant in plants])
    stored = _within(EnergyInterval.objects.filter(device__in={stay.member for stay in stays}), start, end)
    starts = stored.order_by("start").values_list("start", flat=True).distinct()
    hours = np.unique([microseconds(moment) // HOUR_US * HOUR_US for moment in starts]).astype(np.int64)
    asked = Keys(np.repeat([plant.pk for plant in plants], len(hours)).astype(np.int64), np.tile(hours, len(plants)))
    rows = quarters_at_plants("default", asked, stays)
    first, last = (None if bound is None else microseconds(bound) for bound in (start, end))
    quarters = []
    for number in np.argsort(rows["start"], kind="stable"):
        at = int(rows["start"][number])
        if (first is None or at >= first) and (last is None or at < last):
            quarters.append(
                _quarter({name: column[number].item() for name, column in rows.items()}, _meters(stays, at))
            )
    return quarters


def _meters(stays: Sequence[Stay], at: int) -> int:
    """How many meters should have spoken in a quarter-hour."""
    return sum(stay.start < at + QUARTER_US and stay.end > at for stay in stays)


def _quarter(row: dict[str, Any], meters: int) -> Quarter:
    coverage = min(row["known_us"] / (QUARTER_US * max(meters, 1)), 1.0)
    quality = int(row["quality"])
    energy_in, energy_out, produced = (
        None if row[name] == UNKNOWN else int(row[name]) for name in ("energy_in", "energy_out", "produced")
    )
    return Quarter(
        instant(row["start"]),
        energy_in,
        energy_out,
        produced,
        coverage,
        IntervalQuality(max(quality, PARTIAL) if coverage < COMPLETE else quality),
        IntervalSource(int(row["source"])),
    )


def _within(rows: QuerySet[EnergyInterval], start: datetime | None, end: datetime | None) -> QuerySet[EnergyInterval]:
    if start is not None:
        rows = rows.filter(start__gte=start)
    return rows if end is None else rows.filter(start__lt=end)


class QuarterGrid(NamedTuple):
    """The quarter-hours of a plant from `start`, one place each; UNKNOWN where nothing is known. [mWh]"""

    start: datetime
    drawn: NDArray[np.int64]
    injected: NDArray[np.int64]
    produced: NDArray[np.int64]


def quarter_grid(plant: Plant, start: datetime, end: datetime) -> QuarterGrid:
    """A year of quarter-hours without an object for each. `start` is the start of an hour. Four queries at most."""
    first, last = microseconds(start), microseconds(end)
    count = max((last - first) // QUARTER_US, 0)
    grids = [np.full(count, UNKNOWN, dtype=np.int64) for _ in range(3)]
    hours = np.arange(first, max(last, first), HOUR_US, dtype=np.int64)
    if len(hours):
        stays = stays_at_plants("default", plants=[plant.pk])
        rows = quarters_at_plants("default", Keys(np.full(len(hours), plant.pk, dtype=np.int64), hours), stays)
        place = (rows["start"] - first) // QUARTER_US
        inside = (place >= 0) & (place < count)
        for grid, name in zip(grids, ("energy_in", "energy_out", "produced"), strict=True):
            grid[place[inside]] = rows[name][inside]
    return QuarterGrid(start, *grids)
