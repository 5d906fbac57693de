"""Configurations made for tests: a few plants and points over a few hours."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from cercollettiva.domain.settlement.case import Case, Published
from cercollettiva.domain.settlement.plants import Plant, Withdrawal
from cercollettiva.domain.settlement.words import MacroZone, Source

JULY = datetime(2025, 7, 1, tzinfo=UTC)
NEW = date(2023, 2, 3)


def plant(pod: str = "P1", power_kw: float = 100.0, **fields: Any) -> Plant:
    given = {"source": Source.PV, "macro_zone": MacroZone.SOUTH, "entry_into_operation": NEW, **fields}
    return Plant(pod=pod, power_kw=power_kw, **given)


def point(pod: str = "C1", **fields: Any) -> Withdrawal:
    return Withdrawal(pod=pod, **fields)


def case(
    plants: dict[Plant, list[float]], points: dict[Withdrawal, list[float]], price: list[float], **fields: Any
) -> Case:
    """Hours from the first of July 2025, TRASE 10 unless another is given."""
    hours = len(price)
    given = {"start": JULY, "published": Published(trase=10.0, versions=("TRASE 2025-01-01 v1",)), **fields}
    return Case(
        plants=list(plants),
        points=list(points),
        injected=np.array(list(plants.values()), dtype=np.float64).reshape(len(plants), hours),
        withdrawn=np.array(list(points.values()), dtype=np.float64).reshape(len(points), hours),
        price=np.array(price, dtype=np.float64),
        **given,
    )
