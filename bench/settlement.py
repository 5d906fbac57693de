"""A month of 1,000 members and 100 plants through the engine, beside a bare kernel on the same arrays; a year's memory.

`bare` attributes, prices and shares like the engine, written straight, without options, checks or names: what a plain
solution could not do without. `python -m bench settlement` prints the figures.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from cercollettiva.domain.settlement.case import Case, Published
from cercollettiva.domain.settlement.engine import settle
from cercollettiva.domain.settlement.plants import Plant, Withdrawal
from cercollettiva.domain.settlement.words import LegalForm, MacroZone, Source
from cercollettiva.domain.sharing import Floats

MONTH, YEAR = 744, 8760
REPEATS = 7


def run() -> dict[str, Any]:
    month = made(members=1000, plants=100, hours=MONTH)
    engine, kernel = in_turn(lambda: settle(month), lambda: bare(month))
    agree = abs(settle(month).totals.premium - bare(month)[0]) < 1e-6
    if not agree:
        raise RuntimeError("the kernel and the engine disagree")
    small = made(members=8, plants=2, hours=MONTH)
    hundred, thousand = (timed(lambda count=count: [settle(small) for _ in range(count)]) for count in (100, 1000))
    began = time.perf_counter()
    settle(made(members=1000, plants=100, hours=YEAR))
    year = time.perf_counter() - began
    return {
        "engine_month_ms": round(engine * 1000, 1),
        "kernel_month_ms": round(kernel * 1000, 1),
        "year_s": round(year, 2),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "communities_of_ten_pods": {"hundred_s": round(hundred, 2), "thousand_s": round(thousand, 2)},
        "ratios": {
            "engine_to_kernel": round(engine / kernel, 2),
            "thousand_to_ten_times_hundred": round(thousand / hundred / 10, 2),
        },
    }


def made(*, members: int, plants: int, hours: int) -> Case:
    random = np.random.default_rng(11)
    return Case(
        start=datetime(2025, 7, 1, tzinfo=UTC),
        plants=[
            Plant(
                pod=f"P{number:04}",
                power_kw=float(20 + 9 * number),
                source=Source.PV,
                macro_zone=MacroZone.NORTH,
                entry_into_operation=date(2022, 1, 1 + number % 28),
                grant_share=0.2 if number % 5 == 0 else 0.0,
            )
            for number in range(plants)
        ],
        points=[Withdrawal(pod=f"C{number:04}", legal_form=list(LegalForm)[number % 5]) for number in range(members)],
        injected=random.random((plants, hours)) * 8,
        withdrawn=random.random((members, hours)),
        price=random.random(hours) * 200,
        published=Published(trase=10.57),
    )


def bare(case: Case) -> tuple[float, float, Floats]:
    """Premium, valorisation, and each member's part of what was shared."""
    powers = np.array([plant.power_kw for plant in case.plants])
    grants = np.array([plant.grant_share for plant in case.plants])
    exempt_rows = np.array([point.legal_form != LegalForm.BUSINESS for point in case.points])
    order = np.argsort([plant.entry_into_operation.toordinal() for plant in case.plants], kind="stable")
    withdrawn = case.withdrawn.sum(axis=0)
    shared = np.minimum(case.injected.sum(axis=0), withdrawn)
    queue = case.injected[order]
    parts = np.empty_like(queue)
    parts[order] = np.clip(shared - (np.cumsum(queue, axis=0) - queue), 0.0, queue)
    base = np.where(powers <= 200, 80.0, np.where(powers <= 600, 70.0, 60.0))[:, None]
    tariff = np.minimum(base + 40.0, base + np.maximum(0.0, 180.0 - case.price)) + 10.0
    exempt = case.withdrawn[exempt_rows].sum(axis=0) / withdrawn
    tariff = tariff * (1.0 - (grants * 1.25)[:, None] * (1.0 - exempt)) * (powers <= 1000.0)[:, None]
    premium = float((parts * tariff).sum() / 1000.0)
    return premium, float(shared.sum() * 10.57 / 1000.0), case.withdrawn @ (shared / withdrawn)


def in_turn(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """The medians of both, measured in turn so that a busy machine slows both."""
    pairs = [(timed(one), timed(other)) for _ in range(REPEATS)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def timed(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began
