"""The history of a plant: a year's day totals beside their bare SQL, and whether a cache would be worth having.

`python -m bench.history` alone measures in the database of DATABASE_URL with the Redis of REDIS_URL, and prints it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any

from bench import parts
from tests.support import platform
from tests.support.postgres import PostgresServer
from tests.support.redis import RedisServer

PLANTS = 50
REPEATS = 100  # each with another plant, the ways in turn
NOW = datetime(2026, 11, 27, 9, 40, tzinfo=UTC)
MONTH = {"periodo": "mese", "data": "2026-10-05"}
ROWS = """
    INSERT INTO energy_energyaggregate (subject_kind, subject_id, period, start, energy_in, energy_out, produced,
        recorded_at, peak_power, mean_power, coverage, quality, source)
    SELECT 1, plant, %(period)s, at, (random() * 1e7)::int8, (random() * 1e7)::int8, (random() * 2e7)::int8,
        now(), random() * 3000, random() * 400, 1, 0, 2
    FROM generate_series(1, %(plants)s) plant,
        (SELECT at AT TIME ZONE 'Europe/Rome' AS at
         FROM generate_series('2025-01-01'::timestamp, '2026-12-31', %(step)s::interval) at) times
    ON CONFLICT DO NOTHING
"""
BARE = """
    SELECT start, energy_in, energy_out, produced, peak_power, mean_power, coverage, quality FROM energy_energyaggregate
    WHERE subject_kind = 1 AND subject_id = %s AND period = 1 AND start >= %s AND start < %s ORDER BY start
"""
NEWEST = """
    SELECT max(recorded_at) FROM energy_energyaggregate
    WHERE subject_kind = 1 AND subject_id = %s AND period = 1 AND start >= %s AND start < %s
"""


def run() -> dict[str, Any]:
    """Two years of days, hours and months of 50 plants on a private PostgreSQL and a private Redis."""
    with PostgresServer() as server, RedisServer() as redis:
        platform.manage("migrate", "--verbosity=0", database_url=server.url())
        with platform.connect(server) as connection:
            for period, step in ((0, "1 hour"), (1, "1 day"), (3, "1 month")):
                connection.execute(ROWS, {"period": period, "step": step, "plants": PLANTS})
            connection.execute("VACUUM ANALYZE energy_energyaggregate")
        return parts.figures_of("bench.history", database_url=server.url(), REDIS_URL=redis.url)


def _measured() -> dict[str, Any]:
    import django

    django.setup()
    from django.core.cache.backends.redis import RedisCache
    from django.db import connection

    from cercollettiva.core.models import Plant
    from cercollettiva.domain.calendar import Span, range_of, step
    from cercollettiva.energy.queries import aggregate_by_period
    from cercollettiva.web.history.page import history_of

    def measure(start: datetime, end: datetime) -> dict[str, Any]:
        def bare(plant: Plant) -> int:
            with connection.cursor() as cursor:
                cursor.execute(BARE, [plant.pk, start, end])
                return len(cursor.fetchall())

        def totals(plant: Plant) -> int:
            return len(aggregate_by_period(plant, Span.DAY, start, end))

        def cached(plant: Plant) -> int:
            return len(cache.get(f"totals-{plant.pk}"))

        def newest_then_cached(plant: Plant) -> int:
            """A cache that may not be wrong asks first whether something was written since."""
            with connection.cursor() as cursor:
                cursor.execute(NEWEST, [plant.pk, start, end])
                cursor.fetchone()
            return cached(plant)

        for plant in plants:
            cache.set(f"totals-{plant.pk}", aggregate_by_period(plant, Span.DAY, start, end), None)
        ways = {"bare_sql": bare, "totals": totals, "redis": cached, "redis_if_nothing_is_newer": newest_then_cached}
        spent = _medians(ways, plants)
        return {
            "days": totals(plants[0]),
            "ms": {name: round(value * 1000, 2) for name, value in spent.items()},
            "over_bare_sql": round(spent["totals"] / spent["bare_sql"], 2),
            "over_a_cache_that_may_be_wrong": round(spent["totals"] / spent["redis"], 2),
            "over_a_cache_that_may_not": round(spent["totals"] / spent["redis_if_nothing_is_newer"], 2),
        }

    cache = RedisCache(os.environ["REDIS_URL"], {})
    plants = [Plant(pk=number, plant_type="PROSUMER") for number in range(1, PLANTS + 1)]
    month = range_of(Span.MONTH, datetime(2026, 10, 5, tzinfo=UTC))
    section = _medians({"section": lambda plant: len(history_of(plant, MONTH, NOW).rows)}, plants)
    return {
        "year_of_days": measure(*range_of(Span.YEAR, NOW)),
        "month_and_the_one_before": measure(step(month, Span.MONTH, -1).start, month.end),
        "section_of_a_month_ms": round(section["section"] * 1000, 2),
    }


def _medians(ways: dict[str, Callable[[Any], int]], plants: list[Any]) -> dict[str, float]:
    """The median time of each way, all of them in turn so that other work disturbs them alike. [s]"""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(REPEATS):
        for name, way in ways.items():
            began = time.perf_counter()
            found = way(plants[number % len(plants)])
            spent[name].append(time.perf_counter() - began)
            if not found:
                raise RuntimeError(f"{name} found nothing")
    return {name: median(times) for name, times in spent.items()}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cercollettiva.settings.local")
    print(json.dumps(_measured()))
