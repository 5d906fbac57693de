"""What the distributor or the GSE says of connection points: where it speaks, the meters of the community do not count.

Only measures of an hour or of quarter-hours have a place here: the total of a day or of a month does not say in which
hours the energy flowed. Measures written by hand are not official.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from cercollettiva.core.models import PlantMeasurement, PlantMeasurementSource
from cercollettiva.domain.registers import Bools, Ints
from cercollettiva.domain.sharing import Floats
from cercollettiva.energy.store.columns import UNKNOWN, Columns, Kind, instant
from cercollettiva.energy.store.ranges import Ranges, read_ranges

HOUR_US: Final = 3_600_000_000
QUARTER_US: Final = 900_000_000
MWH_OF_KWH: Final = 1e6
METERS: Final = -1  # beside the numbers of the sources: the meters of the community
ABSENT: Final = -2  # the point is not in the community in that hour
OFFICIAL: Final = (PlantMeasurementSource.OPERATOR, PlantMeasurementSource.GSE, PlantMeasurementSource.PORTAL)
ENERGIES: Final = ("drawn", "injected", "storage", "exempt")
SELECT: Final = {
    "plant": (Kind.INT8, "plant_id"),
    "start": (Kind.INSTANT, "start"),
    "end": (Kind.INSTANT, '"end"'),
    "drawn": (Kind.INT8, "drawn_mwh"),
    "injected": (Kind.INT8, "injected_mwh"),
    "storage": (Kind.INT8, "storage_mwh"),
    "exempt": (Kind.INT8, "exempt_mwh"),
    "source": (Kind.INT2, "source"),
    "version": (Kind.INT4, "version"),
    "recorded_at": (Kind.INSTANT, "recorded_at"),
}


class Official(NamedTuple):
    """One energy of the points as it was measured officially, hour by hour. (points, hours)"""

    energy: Floats  # [kWh], of use where the source is official
    source: Ints  # of core.PlantMeasurementSource, METERS or ABSENT

    @property
    def is_official(self) -> Bools:
        return np.asarray(self.source >= 0, dtype=np.bool_)


class Measures(NamedTuple):
    """Official measures of the points of a community over a period, and which rows they came from."""

    drawn: Official
    injected: Official
    storage: Official  # drawn by a storage that later injects it
    exempt: Official  # of what was drawn, from network tariffs
    versions: tuple[str, ...]  # empty where there is none


def official_measures(rows_of: dict[int, int], stays: Sequence[tuple[int, int]], first: int, hours: int) -> Measures:
    """The measures of plants, by the row of each, over `hours` from `first`; only the quarters of a stay count. [us]

    For each energy the best source that has one, and of one source the newest version that says something.
    """
    expected = _expected(stays, first, hours)
    found = _read(rows_of, stays)
    found["row"] = np.array([rows_of[int(plant)] for plant in found["plant"]], dtype=np.int64)
    of = {name: _of_energy(found, name, expected, first) for name in ENERGIES}
    return Measures(**of, versions=_versions(found, of["drawn"], of["injected"]))


def _read(rows_of: dict[int, int], stays: Sequence[tuple[int, int]]) -> Columns:
    keys = np.array(list(rows_of), dtype=np.int64)
    bounds = np.array([stays[row] for row in rows_of.values()], dtype=np.int64).reshape(-1, 2)
    places = ", ".join(str(source.value) for source in OFFICIAL)
    return read_ranges(
        "default",
        SELECT,
        PlantMeasurement._meta.db_table,
        Ranges(keys, bounds[:, 0], bounds[:, 1]),
        subject="plant_id",
        time="start",
        where=f"source IN ({places})",
    )


def _expected(stays: Sequence[tuple[int, int]], first: int, hours: int) -> Ints:
    """How many quarters of each hour lie in the stay of each point. (points, hours)"""
    starts = first + np.arange(hours, dtype=np.int64) * HOUR_US
    bounds = np.array(stays, dtype=np.int64).reshape(-1, 2)
    inside = np.minimum(bounds[:, 1:], starts + HOUR_US) - np.maximum(bounds[:, :1], starts)
    return np.asarray(np.maximum(inside, 0) // QUARTER_US, dtype=np.int64)


def _of_energy(found: Columns, name: str, expected: Ints, first: int) -> Official:
    rows = _newest({key: column[found[name] != UNKNOWN] for key, column in found.items()})
    result = Official(np.zeros(expected.shape), np.where(expected > 0, METERS, ABSENT))
    place = rows["row"], (rows["start"] - first) // HOUR_US
    of_an_hour, of_a_quarter = (
        (rows["end"] - rows["start"] == length) & (rows["start"] % length == 0) for length in (HOUR_US, QUARTER_US)
    )
    for source in sorted(OFFICIAL, reverse=True):  # the best last, over the others
        for chosen in (of_an_hour, of_a_quarter):
            _put(result, rows, name, place, chosen & (rows["source"] == source), expected, source)
    return result


def _newest(rows: Columns) -> Columns:
    """Of each plant, time and source the row with the highest version."""
    order = np.lexsort((-rows["version"], rows["source"], rows["end"], rows["start"], rows["row"]))
    rows = {name: column[order] for name, column in rows.items()}
    same = np.ones(len(order), dtype=np.bool_)
    same[:1] = False
    for name in ("row", "start", "end", "source"):
        same[1:] &= rows[name][1:] == rows[name][:-1]
    return {name: column[~same] for name, column in rows.items()}


def _put(
    result: Official, rows: Columns, name: str, place: tuple[Ints, Ints], chosen: Bools, expected: Ints, source: int
) -> None:
    """The sum of the chosen rows where they make up all the quarters of the hour in which the point was there."""
    if not chosen.any():
        return
    where = place[0][chosen], place[1][chosen]
    length = (rows["end"][chosen] - rows["start"][chosen]) // QUARTER_US
    count, total = np.zeros(expected.shape, dtype=np.int64), np.zeros(expected.shape, dtype=np.int64)
    np.add.at(count, where, length)
    np.add.at(total, where, rows[name][chosen])
    complete = (count == expected) & (count > 0)
    result.energy[complete] = total[complete] / MWH_OF_KWH
    result.source[complete] = source


def _versions(found: Columns, drawn: Official, injected: Official) -> tuple[str, ...]:
    said = []
    for source in OFFICIAL:
        count = int((drawn.source == source).sum() + (injected.source == source).sum())
        if count:
            newest = instant(int(found["recorded_at"][found["source"] == source].max()))
            said.append(f"{source.name} {count} h, {newest.isoformat()}")
    return tuple(said)
