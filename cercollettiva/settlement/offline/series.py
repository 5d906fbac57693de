"""`curves.csv` and `prices.csv`: rows in any order become hours, and what is missing is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from cercollettiva.domain.identifiers import InvalidIdentifier, pod_key
from cercollettiva.domain.registers import Bools, Ints
from cercollettiva.domain.sharing import Floats
from cercollettiva.settlement.offline.faults import Faults, Refused, energy, instant, number, written
from cercollettiva.settlement.offline.reading import rows_of

CURVES: Final = "curves.csv"
PRICES: Final = "prices.csv"
COLUMNS: Final = ("start", "pod", "injected_kwh", "withdrawn_kwh")
HOUR_S: Final = 3600
QUARTER_S: Final = 900
QUARTERS: Final = 4
MOST_HOURS: Final = 25 * 366 * 24  # more is a slip of the pen in a date


@dataclass
class Rows:
    """The rows of the curves, each with its line."""

    place: list[int] = field(default_factory=list)  # of the POD
    start: list[int] = field(default_factory=list)  # [s]
    injected: list[float] = field(default_factory=list)  # [kWh]
    withdrawn: list[float] = field(default_factory=list)
    line: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Curves:
    """Hourly energies of PODs, from the first hour with a row to the last. (pods, hours) [kWh]"""

    first: int  # [s]
    injected: Floats
    withdrawn: Floats
    known: Bools  # no part of the hour is missing
    asked_by: Ints  # the first line with a row of the hour; 0 where there is none. (hours,)


def read_curves(folder: Path, places: Mapping[str, int], injecting: set[str], faults: Faults) -> Curves | None:
    """The curves of the PODs that `places` numbers by their keys; only those of plants may inject."""
    rows = Rows()
    seen: dict[tuple[int, int], int] = {}
    keys: dict[str, str] = {}
    for line, fields in rows_of(folder / CURVES, COLUMNS, faults):
        try:
            place, at, injected, withdrawn = _row(fields, places, keys, injecting)
            _not_repeated(fields, (place, at), line, seen)
        except (Refused, InvalidIdentifier) as error:
            faults.add(CURVES, line, str(error))
            continue
        rows.place.append(place)
        rows.start.append(at)
        rows.injected.append(injected)
        rows.withdrawn.append(withdrawn)
        rows.line.append(line)
    faults.stop_if_any()
    return _hours(rows, len(places), faults)


def _row(
    fields: list[str], places: Mapping[str, int], keys: dict[str, str], injecting: set[str]
) -> tuple[int, int, float, float]:
    """The place of the POD, the start and the energies of a row; `keys` remembers PODs that were read."""
    start, pod, injected, withdrawn = fields
    if pod not in keys:
        keys[pod] = pod_key(pod)
    key = keys[pod]
    if key not in places:
        raise Refused(f"POD {pod.strip()} sconosciuto: non è in configuration.toml")
    flows = _named("injected_kwh", injected), _named("withdrawn_kwh", withdrawn)
    if flows[0] and key not in injecting:
        raise Refused(f"injected_kwh: {pod.strip()} immette energia e non è tra gli impianti")
    return places[key], _start(start), *flows


def _not_repeated(fields: list[str], key: tuple[int, int], line: int, seen: dict[tuple[int, int], int]) -> None:
    if before := seen.get(key):
        raise Refused(f"riga ripetuta: {fields[1].strip()} {fields[0].strip()} è già alla riga {before}")
    seen[key] = line


def _start(text: str) -> int:
    at = instant(text)
    if at % QUARTER_S:
        raise Refused(f"{text.strip()} non è l'inizio di un'ora o di un quarto d'ora")
    return at


def _named(column: str, text: str) -> float:
    try:
        return energy(text)
    except Refused as error:
        raise Refused(f"{column}: {error}") from None


def _hours(rows: Rows, pods: int, faults: Faults) -> Curves | None:
    """Rows to hours."""
    if not rows.start:
        faults.add(CURVES, 1, "nessuna riga")
        return None
    place, start = np.array(rows.place), np.array(rows.start)
    first = int(start.min()) // HOUR_S * HOUR_S
    hours = (int(start.max()) - first) // HOUR_S + 1
    if hours > MOST_HOURS:
        last = rows.line[int(start.argmax())]
        faults.add(CURVES, last, f"tra {written(int(start.min()))} e {written(int(start.max()))} ci sono troppi anni")
        return None
    hour = (start - first) // HOUR_S
    known = _known(rows, place, hour, (pods, hours), faults)
    energies = []
    ordered = np.lexsort((start, place))  # quarters are added in the order of time, whatever that of the rows is
    for values in (rows.injected, rows.withdrawn):
        total = np.zeros((pods, hours))
        np.add.at(total, (place[ordered], hour[ordered]), np.array(values)[ordered])
        energies.append(total)
    asked_by = np.full(hours, np.iinfo(np.int64).max)
    np.minimum.at(asked_by, hour, np.array(rows.line))
    return Curves(first, energies[0], energies[1], known, np.where(asked_by == np.iinfo(np.int64).max, 0, asked_by))


def _known(rows: Rows, place: Ints, hour: Ints, shape: tuple[int, int], faults: Faults) -> Bools:
    """Where a row stands for the whole hour, or all four quarters are there. (pods, hours)

    A row on the hour that is alone in it is the hour's where its POD has no quarters yet, or the next hour or the one
    before has such a row too; else it is a quarter, and three are missing. An hour's row with some quarters beside it
    would count twice: it is a fault.
    """
    whole, parts = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    on_the_hour = np.array(rows.start) % HOUR_S == 0
    np.add.at(whole, (place[on_the_hour], hour[on_the_hour]), 1)
    np.add.at(parts, (place[~on_the_hour], hour[~on_the_hour]), 1)
    alone = (whole == 1) & (parts == 0)
    beside_one = np.zeros(shape, dtype=np.bool_)
    beside_one[:, 1:] |= alone[:, :-1]
    beside_one[:, :-1] |= alone[:, 1:]
    twice = (whole == 1) & (parts > 0) & (parts < QUARTERS - 1) & beside_one
    for row in np.flatnonzero(twice[place, hour] & ~on_the_hour).tolist():
        if not faults.are_many:
            faults.add(CURVES, rows.line[row], f"{written(rows.start[row])} sta in un'ora che ha già la sua riga")
    is_of_an_hour = alone & (beside_one | (np.cumsum(parts > 0, axis=1) == 0))
    return np.asarray(is_of_an_hour | (whole + parts == QUARTERS), dtype=np.bool_)


def read_prices(folder: Path, curves: Curves, faults: Faults) -> Floats:
    """The price of each hour of the curves; one that is asked for and missing is a fault. [EUR/MWh]"""
    found: dict[int, tuple[float, int]] = {}
    last_line = 1
    for line, (start, price) in rows_of(folder / PRICES, ("start", "pz_eur_mwh"), faults):
        last_line = line
        try:
            at = _price_start(start, found)
            found[at] = number(price), line
        except Refused as error:
            faults.add(PRICES, line, str(error))
    faults.stop_if_any()
    prices = np.zeros(len(curves.asked_by))
    for place, asked_by in enumerate(curves.asked_by.tolist()):
        at = curves.first + place * HOUR_S
        if at in found:
            prices[place] = found[at][0]
        elif asked_by and not faults.are_many:
            before = found.get(at - HOUR_S, (0.0, last_line))[1]
            what = f"manca il prezzo delle {written(at)}, chiesto da {CURVES}:{asked_by}"
            faults.add(PRICES, before, what)
    return prices


def _price_start(text: str, found: Mapping[int, tuple[float, int]]) -> int:
    at = instant(text)
    if at % HOUR_S:
        raise Refused(f"{text.strip()} non è l'inizio di un'ora: i prezzi sono orari")
    if at in found:
        raise Refused(f"riga ripetuta: {text.strip()} è già alla riga {found[at][1]}")
    return at
