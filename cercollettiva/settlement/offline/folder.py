"""A folder with a case: read it, settle it, and write the figures as the format says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from cercollettiva.domain.settlement.attribution import queue
from cercollettiva.domain.settlement.case import Case, Published
from cercollettiva.domain.settlement.cents import six_places
from cercollettiva.domain.settlement.engine import Settlement, settle
from cercollettiva.domain.settlement.plants import Withdrawal
from cercollettiva.settlement.offline.configuration import Configuration, read_configuration
from cercollettiva.settlement.offline.faults import Faults, written
from cercollettiva.settlement.offline.series import HOUR_S, Curves, read_curves, read_prices


def settled_folder(folder: Path) -> dict[str, Any]:
    """The figures of the case in a folder, as the format's JSON; raises BadFile."""
    faults = Faults()
    configuration = read_configuration(folder, faults)
    if configuration is None:
        raise faults.refusal()
    places = {key: place for place, key in enumerate(configuration.written)}
    curves = read_curves(folder, places, {plant.pod for plant in configuration.plants}, faults)
    if curves is None:
        raise faults.refusal()
    prices = read_prices(folder, curves, faults)
    faults.stop_if_any()
    settlement = settle(_case(configuration, curves, prices, places))
    return _as_json(settlement, configuration, _gaps(configuration, curves))


def _case(
    configuration: Configuration, curves: Curves, prices: np.ndarray[Any, np.dtype[np.float64]], places: dict[str, int]
) -> Case:
    """Every POD may withdraw; plants also inject."""
    consumers = {consumer.pod: consumer for consumer in configuration.consumers}
    points = [consumers.get(pod) or Withdrawal(pod=pod, grant_reduction_exempt=False) for pod in places]
    return Case(
        start=datetime.fromtimestamp(curves.first, UTC),
        plants=configuration.plants,
        points=points,
        injected=curves.injected[[places[plant.pod] for plant in configuration.plants]],
        withdrawn=curves.withdrawn,
        price=prices,
        published=Published(trase=configuration.trase_eur_mwh, btau=configuration.btau_eur_mwh),
        kind=configuration.kind,
    )


def _as_json(settlement: Settlement, configuration: Configuration, gaps: list[dict[str, str]]) -> dict[str, Any]:
    plants = {plant.pod: plant for plant in settlement.plants}
    points = {point.pod: point for point in settlement.points}
    order = [configuration.plants[place].pod for place in queue(configuration.plants)]
    return {
        "total": _six(settlement.totals._asdict()),
        "sets": {name: _six(each._asdict()) for name, each in settlement.sets.items()},
        "plants": {
            configuration.written[pod]: _six(
                {name: getattr(plants[pod], name) for name in ("shared", "incentivised", "premium")}
            )
            for pod in order
        },
        "consumers": {
            configuration.written[consumer.pod]: _six(
                {name: getattr(points[consumer.pod], name) for name in ("withdrawn", "shared")}
            )
            for consumer in configuration.consumers
        },
        **({"gaps": gaps} if gaps else {}),
    }


def _six(figures: dict[str, float]) -> dict[str, str]:
    return {name: str(six_places(value)) for name, value in figures.items()}


def _gaps(configuration: Configuration, curves: Curves) -> list[dict[str, str]]:
    """The hours of which a POD has no row, or not all quarters."""
    return [
        {"pod": pod, "start": written(curves.first + int(hour) * HOUR_S)}
        for pod, known in zip(configuration.written.values(), curves.known, strict=True)
        for hour in np.flatnonzero(~known)
    ]
