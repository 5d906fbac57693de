"""The heat map of a year: its one query and its drawing beside the bare SQL of the same rows.

`python -m bench.heat` alone measures in the database of DATABASE_URL, and prints it.
"""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from statistics import median
from typing import Any

from bench import parts
from tests.support import platform
from tests.support.postgres import PostgresServer

COMMUNITIES = 20
REPEATS = 60
ROWS = """
    INSERT INTO energy_energyaggregate (subject_kind, subject_id, period, start, energy_in, energy_out, produced,
        recorded_at, peak_power, mean_power, coverage, quality, source)
    SELECT 2, community, 0, at, (random() * 1e8)::int8, (random() * 1e8)::int8, NULL,
        now(), NULL, random() * 400, 1, 0, 2
    FROM generate_series(1, %(communities)s) community,
        generate_series('2025-12-31 23:00 UTC'::timestamptz, '2026-12-31 22:00 UTC', '1 hour') at
"""
BARE = """
    SELECT start, energy_in, energy_out, produced, coverage, quality FROM energy_energyaggregate
    WHERE subject_kind = 2 AND subject_id = %s AND period = 0 AND start >= %s AND start < %s ORDER BY start
"""


def run() -> dict[str, Any]:
    """A year of hours of 20 communities on a private PostgreSQL."""
    with PostgresServer() as server:
        platform.manage("migrate", "--verbosity=0", database_url=server.url())
        with platform.connect(server) as connection:
            connection.execute(ROWS, {"communities": COMMUNITIES})
            connection.execute("VACUUM ANALYZE energy_energyaggregate")
        return parts.figures_of("bench.heat", database_url=server.url())


def _measured() -> dict[str, Any]:
    import django

    django.setup()
    from django.db import connection

    from cercollettiva.core.models import CERConfiguration
    from cercollettiva.domain.calendar import Span, range_of
    from cercollettiva.energy.queries import shared_hours
    from cercollettiva.web.energy import heat

    year = range_of(Span.YEAR, datetime(2026, 6, 1, tzinfo=UTC))
    now = datetime(2027, 1, 1, tzinfo=UTC)

    def bare(key: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute(BARE, [key, *year])
            return len(cursor.fetchall())

    def query(key: int) -> int:
        return len(shared_hours(CERConfiguration(pk=key), year).shared)

    def query_and_drawing(key: int) -> int:
        shared = shared_hours(CERConfiguration(pk=key), year).shared
        return heat.heat_map(heat.cells_of(year.start, shared.tolist(), now=now)).rows

    spent: dict[str, list[float]] = {"bare_sql": [], "query": [], "query_and_drawing": []}
    for number in range(REPEATS):
        for name, way in (("bare_sql", bare), ("query", query), ("query_and_drawing", query_and_drawing)):
            began = time.perf_counter()
            if not way(1 + number % COMMUNITIES):
                raise RuntimeError(f"{name} found nothing")
            spent[name].append(time.perf_counter() - began)
    ms = {name: median(times) * 1000 for name, times in spent.items()}
    return {
        "hours": year.hours,
        "ms": {name: round(value, 2) for name, value in ms.items()},
        "query_over_bare_sql": round(ms["query"] / ms["bare_sql"], 2),
        "with_drawing_over_bare_sql": round(ms["query_and_drawing"] / ms["bare_sql"], 2),
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cercollettiva.settings.local")
    print(json.dumps(_measured()))
