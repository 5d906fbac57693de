"""The hours of plants, from the quarter-hours of the meters that stood there, and of communities from their plants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cercollettiva.core.models import Plant, PlantType
from cercollettiva.domain.pod import AtThePod, at_the_pod
from cercollettiva.domain.quarters import ESTIMATE, ESTIMATED, UNKNOWN
from cercollettiva.energy.aggregation.stays import (
    HOUR_US,
    Keys,
    Stay,
    communities_ever,
    is_among,
    members_wanted,
    place_at,
    places_touched,
    stays_at_plants,
    stays_in_communities,
    time_expected,
)
from cercollettiva.energy.aggregation.totals import (
    VALUES,
    Grouped,
    add_up,
    farthest_from_zero,
    grouped,
    read_quarters,
    read_totals,
    write_totals,
)
from cercollettiva.energy.models import Period, SubjectKind
from cercollettiva.energy.store.columns import Columns, Kind
from cercollettiva.energy.store.intervals import PARTS
from cercollettiva.energy.store.ranges import Ranges, covering, read_ranges

QUARTER_US: Final = 900_000_000

Ints = NDArray[np.int64]


def plant_hours(using: str, hours: Keys, *, now_us: int) -> int:
    """The touched hours of plants, by the rules of the connection point; how many changed."""
    stays = stays_at_plants(using, plants=np.unique(hours.subject).tolist())
    rows = quarters_at_plants(using, hours, stays)
    one = grouped(rows, rows["plant"], rows["start"] // HOUR_US * HOUR_US)
    known = one.rows["known_us"]
    sums = add_up({**one.rows, "coverage": np.ones(len(known))}, one, known, time_expected(one.keys, stays))
    return write_totals(using, SubjectKind.PLANT, Period.HOUR, hours, one.keys, sums, now_us=now_us)


def quarters_at_plants(using: str, hours: Keys, stays: Sequence[Stay]) -> Columns:
    """The quarter-hours of plants in some hours, each once, in no order: what their meters say, by their roles.

    `known_us` adds up over the meters of a plant, so that one that is missing is missed; `exchange_us` is that of the
    meter of the exchange alone.
    """
    pieces = _pieces(using, hours, stays)
    one = grouped(pieces, pieces["plant"], pieces["start"])
    pieces = one.rows
    unit = np.ones(len(pieces["start"]))
    sums = add_up(pieces, one, unit, np.ones(len(one.first)))
    pod = _at_the_pod(using, one.keys.subject, sums)
    worst = one.greatest(pieces["quality"])
    return {
        "plant": one.keys.subject,
        "start": one.keys.start,
        "energy_in": pod.drawn,
        "energy_out": pod.injected,
        "produced": pod.produced,
        "consumed": sums["consumed"],
        **_powers(pieces, one, sums),
        "quality": np.where(pod.estimated, np.maximum(worst, ESTIMATED), worst),
        "source": np.where(pod.estimated, ESTIMATE, sums["source"]),
        "known_us": one.sum(pieces["known_us"]),
        "exchange_us": one.sum(_known_of_exchange(pieces)),
    }


def _at_the_pod(using: str, plants: Ints, sums: Columns) -> AtThePod:
    producers = Plant.objects.using(using).filter(pk__in=np.unique(plants).tolist(), plant_type=PlantType.PRODUCER)
    return at_the_pod(
        is_producer=np.isin(plants, list(producers.values_list("pk", flat=True))),
        drawn=sums["energy_in"],
        injected=sums["energy_out"],
        produced=sums["produced"],
        consumed=sums["consumed"],
    )


def _powers(pieces: Columns, one: Grouped, sums: Columns) -> Columns:
    """Mean and peak of the meters of the exchange where there are any, else of all."""
    known = _known_of_exchange(pieces)
    has_exchange = one.sum(known) > 0
    means = one.sum(np.nan_to_num(pieces["mean_power"]) * known) / np.maximum(one.sum(known), 1)
    peaks = farthest_from_zero(np.where(_is_of_exchange(pieces), pieces["peak_power"], np.nan), one)
    return {
        "mean_power": np.where(has_exchange, means, sums["mean_power"]),
        "peak_power": np.where(has_exchange, peaks, sums["peak_power"]),
    }


def _is_of_exchange(pieces: Columns) -> NDArray[np.bool_]:
    return np.asarray((pieces["energy_in"] != UNKNOWN) | (pieces["energy_out"] != UNKNOWN), dtype=np.bool_)


def _known_of_exchange(pieces: Columns) -> Ints:
    return np.where(_is_of_exchange(pieces), pieces["known_us"], 0)


def _pieces(using: str, hours: Keys, stays: Sequence[Stay]) -> Columns:
    """The quarter-hours of devices, whole or in part, with the plant where they were measured."""
    ranges = covering(*members_wanted(hours, stays), HOUR_US)
    rows, parts = read_quarters(using, ranges), _parts(using, ranges)
    rows["known_us"] = np.round(rows["coverage"] * QUARTER_US).astype(np.int64)
    rows["plant"] = place_at(rows["device"], rows["start"], stays, length_us=QUARTER_US)
    is_cut = np.isin(
        rows["device"] * 2**24 + rows["start"] // QUARTER_US, parts["device"] * 2**24 + parts["start"] // QUARTER_US
    )
    keep = ~is_cut & (rows["plant"] != UNKNOWN)
    pieces = {name: np.concatenate((rows[name][keep], parts[name])) for name in ("plant", "start", "known_us", *VALUES)}
    asked = is_among(pieces["plant"], pieces["start"], hours)
    return {name: column[asked] for name, column in pieces.items()}


def _parts(using: str, ranges: Ranges) -> Columns:
    select = {
        "device": (Kind.INT4, "device_id"),
        "start": (Kind.INSTANT, "start"),
        "plant": (Kind.INT8, "plant_id"),
        "known_us": (Kind.INT8, "known_us"),
        **{name: pair for name, pair in VALUES.items() if name in PARTS.columns},
    }
    rows = read_ranges(using, select, PARTS.name, ranges, subject="device_id", time="start")
    rows["mean_power"] = _net(rows) * 3.6e6 / np.maximum(rows["known_us"], 1)
    rows["peak_power"] = np.full(len(rows["start"]), np.nan)
    rows["coverage"] = rows["known_us"] / QUARTER_US
    return rows


def _net(rows: Columns) -> Ints:
    """Drawn minus injected, as far as they are known. [mWh]"""
    drawn, injected = (np.where(rows[name] == UNKNOWN, 0, rows[name]) for name in ("energy_in", "energy_out"))
    net: Ints = drawn - injected
    return net


def community_hours(using: str, plants: Keys, *, now_us: int) -> Keys:
    """The hours of the communities that some hours of plants belong to: written, and given back for what follows.

    A sum over the points that are known, a lower bound; its coverage is the mean of theirs, a missing one counts 0.
    """
    belonged = communities_ever(using, plants=np.unique(plants.subject).tolist())
    touched = places_touched(plants, belonged)
    stays = stays_in_communities(using, communities=sorted({stay.place for stay in belonged}))
    rows = read_totals(using, SubjectKind.PLANT, Period.HOUR, covering(*members_wanted(touched, stays), HOUR_US))
    communities = place_at(rows["subject"], rows["start"], stays, length_us=HOUR_US)
    inside = (communities != UNKNOWN) & is_among(communities, rows["start"], touched)
    rows = {name: column[inside] for name, column in rows.items()}
    one = grouped(rows, communities[inside], rows["start"])
    points = time_expected(one.keys, stays) / HOUR_US
    sums = add_up(one.rows, one, np.ones(len(one.rows["start"])), points, alike=False)
    sums["mean_power"] = _net(sums) / 1000.0
    sums["peak_power"] = np.full(len(one.first), np.nan)  # the peaks of its points do not come together
    write_totals(using, SubjectKind.COMMUNITY, Period.HOUR, touched, one.keys, sums, now_us=now_us)
    return touched
