"""The hourly energies of a community as the calculation wants them, read from rows.

Hours come from the totals of its connection points. Where one joins or leaves inside an hour, that hour is read in
quarters, and only the quarters of its stay count. What the distributor or the GSE has measured takes their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.domain.calendar import Range
from cercollettiva.domain.quarters import UNKNOWN
from cercollettiva.domain.registers import Bools, Ints
from cercollettiva.domain.settlement.errors import MissingPlantData, gettext_noop
from cercollettiva.domain.settlement.storage import withdrawn_for_sharing
from cercollettiva.domain.sharing import Floats
from cercollettiva.energy.aggregation.plants import quarters_at_plants
from cercollettiva.energy.aggregation.stays import Keys, stays_at_plants
from cercollettiva.energy.models import Period, SubjectKind
from cercollettiva.energy.store.columns import Columns, Kind, microseconds
from cercollettiva.energy.store.ranges import Ranges, read_ranges
from cercollettiva.settlement.official import Measures, Official, official_measures

HOUR_US: Final = 3_600_000_000
QUARTER_US: Final = 900_000_000
EFFICIENCY: Final = gettext_noop("il rendimento medio dell'accumulo")
FOR_EVER_US: Final = 2**62
COMPLETE: Final = 0.999
MWH_OF_KWH: Final = 1e6
SELECT: Final = {
    "subject": (Kind.INT8, "subject_id"),
    "start": (Kind.INSTANT, "start"),
    "energy_in": (Kind.INT8, "energy_in"),
    "energy_out": (Kind.INT8, "energy_out"),
    "coverage": (Kind.FLOAT4, "coverage"),
}


class HourlyEnergies(NamedTuple):
    """Energies of the connection points of a community, in the order of their PODs. (points, hours)"""

    plants: list[Plant]
    drawn: Floats  # [kWh], zero where it is not known
    injected: Floats
    drawn_known: Bools  # true also outside the stay in the community, where nothing is expected
    injected_known: Bools
    quarters: Ints  # of the period in which each was in the community. (points,)
    drawn_source: Ints  # of core.PlantMeasurementSource, METERS where the meters say it, ABSENT outside the stay
    injected_source: Ints
    versions: tuple[str, ...]  # of the official measures


def energies_of(community: CERConfiguration, period: Range) -> HourlyEnergies:
    """What the points of a community drew and injected in the hours of a period, while they were in it."""
    plants = _plants(community, period)
    rows = {plant.pk: row for row, plant in enumerate(plants)}
    first, hours = microseconds(period.start), period.hours
    stays = [_stay(plant, period) for plant in plants]
    shape = len(plants), hours
    energies = _Arrays(np.zeros(shape), np.zeros(shape), np.ones(shape, np.bool_), np.ones(shape, np.bool_))
    whole, cut = [], []
    for row, (start, end) in enumerate(stays):
        inner = -(-start // HOUR_US) * HOUR_US, end // HOUR_US * HOUR_US
        places = slice((max(start, first) - first) // HOUR_US, -(-(end - first) // HOUR_US))
        energies.drawn_known[row, places] = energies.injected_known[row, places] = False
        if inner[0] < inner[1]:
            whole.append((plants[row].pk, *inner))
        cut += [(row, edge // HOUR_US * HOUR_US) for edge in (start, end) if edge % HOUR_US]
    _fill_hours(energies, rows, whole, first)
    _fill_cut_hours(energies, plants, sorted(set(cut)), stays, first)
    measures = official_measures(rows, stays, first, hours)
    _overrule(energies.drawn, energies.drawn_known, measures.drawn)
    _count_storage(energies.drawn, measures, plants)
    _overrule(energies.injected, energies.injected_known, measures.injected)
    quarters = np.array([(end - start) // QUARTER_US for start, end in stays])
    sources = measures.drawn.source, measures.injected.source
    return HourlyEnergies(plants, *energies, quarters, *sources, measures.versions)


class _Arrays(NamedTuple):
    drawn: Floats
    injected: Floats
    drawn_known: Bools
    injected_known: Bools


def _plants(community: CERConfiguration, period: Range) -> list[Plant]:
    """Those with a stay in the community inside the period, by POD and start."""
    rows = Plant.objects.filter(cer_configuration=community, active_from__lt=period.end).select_related("owner")
    inside = [plant for plant in rows if plant.active_to is None or plant.active_to > period.start]
    return sorted(inside, key=lambda plant: (plant.pod_key, plant.active_from))


def _stay(plant: Plant, period: Range) -> tuple[int, int]:
    """The quarter-hours of a plant's stay inside the period: those that lie in it whole. [us]"""
    start = max(microseconds(plant.active_from), microseconds(period.start))
    end = min(_end(plant.active_to), microseconds(period.end))
    start, end = -(-start // QUARTER_US) * QUARTER_US, end // QUARTER_US * QUARTER_US
    return start, max(start, end)


def _end(moment: datetime | None) -> int:
    return FOR_EVER_US if moment is None else microseconds(moment)


def _fill_hours(energies: _Arrays, rows: dict[int, int], whole: Sequence[tuple[int, int, int]], first: int) -> None:
    """The hours that lie whole in a stay, from the totals. One query."""
    ranges = Ranges(*(np.array(side, dtype=np.int64) for side in zip(*whole, strict=True))) if whole else None
    if ranges is None:
        return
    found = read_ranges(
        "default",
        SELECT,
        "energy_energyaggregate",
        ranges,
        subject="subject_id",
        time="start",
        where="subject_kind = %s AND period = %s",
        params=(SubjectKind.PLANT.value, Period.HOUR.value),
    )
    place = _places(rows, found["subject"]), (found["start"] - first) // HOUR_US
    _put(energies, place, found, found["coverage"] >= COMPLETE)
    _know_by_exchange(energies, rows, found, first)


def _know_by_exchange(energies: _Arrays, rows: dict[int, int], found: Columns, first: int) -> None:
    """Hours that lack a meter behind the connection point alone: what passed it is known by that of the exchange."""
    is_partial = (found["coverage"] < COMPLETE) & ((found["energy_in"] != UNKNOWN) | (found["energy_out"] != UNKNOWN))
    meters = stays_at_plants("default", plants=np.unique(found["subject"][is_partial]).tolist())
    plants, count = np.unique(
        [place for _, place in {(stay.member, stay.place) for stay in meters}], return_counts=True
    )
    asked = is_partial & np.isin(found["subject"], plants[count > 1])
    if not asked.any():
        return
    quarters = quarters_at_plants("default", Keys(found["subject"][asked], found["start"][asked]), meters)
    place = _places(rows, quarters["plant"]), (quarters["start"] - first) // HOUR_US
    for known, name in ((energies.drawn_known, "energy_in"), (energies.injected_known, "energy_out")):
        time = np.zeros(known.shape, dtype=np.int64)
        np.add.at(time, place, np.where(quarters[name] == UNKNOWN, 0, quarters["exchange_us"]))
        known[time >= COMPLETE * HOUR_US] = True


def _overrule(values: Floats, known: Bools, measured: Official) -> None:
    """Official measures take the place of what meters say."""
    values[measured.is_official] = measured.energy[measured.is_official]
    known[measured.is_official] = True


def _count_storage(drawn: Floats, measures: Measures, plants: Sequence[Plant]) -> None:
    """What official measures say of storage, in what its point withdrew; meters do not tell it from consumption."""
    measured = measures.drawn.is_official & (measures.storage.is_official | measures.exempt.is_official)
    for row in np.flatnonzero(measured.any(axis=1)).tolist():
        by_storage, exempt = measures.storage.energy[row], measures.exempt.energy[row]
        if plants[row].storage_efficiency is None and by_storage[measured[row]].any():
            raise MissingPlantData(plants[row].pod_code, EFFICIENCY)
        counted = withdrawn_for_sharing(
            withdrawn=drawn[row],
            by_storage=by_storage,
            exempt=exempt,
            efficiency=float(plants[row].storage_efficiency or 1),
        )
        drawn[row, measured[row]] = counted[measured[row]]


def _places(rows: dict[int, int], subjects: Ints) -> Ints:
    keys = np.array(sorted(rows), dtype=np.int64)
    numbers = np.array([rows[key] for key in keys.tolist()], dtype=np.int64)
    return numbers[np.searchsorted(keys, subjects)]


def _put(energies: _Arrays, place: tuple[Ints, Ints], found: Columns, is_complete: Bools) -> None:
    for values, known, name in (
        (energies.drawn, energies.drawn_known, "energy_in"),
        (energies.injected, energies.injected_known, "energy_out"),
    ):
        there = found[name] != UNKNOWN
        values[place] = np.where(there, found[name], 0) / MWH_OF_KWH
        known[place] = there & is_complete


def _fill_cut_hours(
    energies: _Arrays, plants: list[Plant], cut: list[tuple[int, int]], stays: list[tuple[int, int]], first: int
) -> None:
    """The hours in which a stay begins or ends: the sum of its quarters, known where all of them are."""
    if not cut:
        return
    keys = [(plants[row].pk, hour) for row, hour in cut]
    asked = Keys(*(np.array(side, dtype=np.int64) for side in zip(*keys, strict=True)))
    meters = stays_at_plants("default", plants=sorted({plant for plant, _ in keys}))
    quarters = quarters_at_plants("default", asked, meters)
    for row, hour in cut:
        start, end = max(stays[row][0], hour), min(stays[row][1], hour + HOUR_US)
        own = (quarters["plant"] == plants[row].pk) & (quarters["start"] >= start) & (quarters["start"] < end)
        column = (hour - first) // HOUR_US
        complete = quarters["known_us"][own].sum() >= COMPLETE * (end - start)
        for values, known, name in (
            (energies.drawn, energies.drawn_known, "energy_in"),
            (energies.injected, energies.injected_known, "energy_out"),
        ):
            there = own & (quarters[name] != UNKNOWN)
            values[row, column] = quarters[name][there].sum() / MWH_OF_KWH
            known[row, column] = complete and there.sum() * QUARTER_US == end - start
