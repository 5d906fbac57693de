"""Estimates from the database: what they cost beside reading the rows they need, and shared by two workers.

`python -m bench.settlement_rows MEMBERS PLANTS COMMUNITIES` alone makes a month of hours in the empty database of
DATABASE_URL, measures and prints it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from bench import parts
from tests.support import platform
from tests.support.postgres import PostgresServer

if TYPE_CHECKING:
    from cercollettiva.core.models import CERConfiguration
    from cercollettiva.users.models import CustomUser

REPEATS = 5
MEMBERS, PLANTS, COMMUNITIES = 1000, 100, 1000
POINTS_OF_A_SMALL_ONE = 10
BEGIN = datetime(2026, 6, 30, 22, tzinfo=UTC)  # July in Italy
END = datetime(2026, 7, 31, 22, tzinfo=UTC)
NOW = datetime(2026, 8, 1, 7, tzinfo=UTC)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
ROWS = """
    INSERT INTO energy_energyaggregate (subject_kind, subject_id, period, start, energy_in, energy_out, produced,
        recorded_at, peak_power, mean_power, coverage, quality, source)
    SELECT 1, id, 0, at, (random() * 1e6)::int8,
        CASE WHEN plant_type = 'CONSUMER' THEN 0 ELSE (random() * 8e6)::int8 END, NULL,
        now(), NULL, random() * 400, 1, 0, 2
    FROM core_plant, generate_series(%(begin)s, %(end)s - interval '1 hour', '1 hour') at
"""
HOURS_OF_A_COMMUNITY = """
    FROM energy_energyaggregate WHERE subject_kind = 1 AND period = 0
    AND subject_id IN (SELECT id FROM core_plant WHERE cer_configuration_id = %s) AND start >= %s AND start < %s
"""


def run() -> dict[str, Any]:
    with PostgresServer() as server:
        platform.manage("migrate", "--verbosity=0", database_url=server.url())
        return parts.figures_of("bench.settlement_rows", MEMBERS, PLANTS, COMMUNITIES, database_url=server.url())


def prepare(members: int, plants: int, communities: int) -> None:
    """One large community and many small ones, with owners, hours of July, prices and parameters."""
    from django.db import connection

    from cercollettiva.settlement.models import TariffParameter, ZonalPrice

    hours = (END - BEGIN) // timedelta(hours=1)
    starts = [BEGIN + hour * timedelta(hours=1) for hour in range(hours)]
    ZonalPrice.objects.bulk_create(ZonalPrice(zone="NORD", start=at, price=90, source="bench") for at in starts)
    TariffParameter.objects.create(name="TRASE", valid_from=date(2026, 1, 1), value=10, source="bench")
    make_community(0, members, plants)
    for number in range(1, communities + 1):
        make_community(number, POINTS_OF_A_SMALL_ONE - 2, 2)
    with connection.cursor() as cursor:
        cursor.execute(ROWS, {"begin": BEGIN, "end": END})
        cursor.execute("VACUUM ANALYZE")


def make_community(number: int, members: int, plants: int) -> None:
    """Members with a home each; the first of them have a roof too."""
    from cercollettiva.core.models import CERConfiguration, Organisation
    from cercollettiva.users.models import CustomUser

    organisation = Organisation.objects.create(name=f"Bench {number}")
    community = CERConfiguration.objects.create(
        organisation=organisation, name=f"C{number}", code=f"C{number}", slug=f"c{number}", market_zone="NORD"
    )
    people = CustomUser.objects.bulk_create(
        CustomUser(email=f"p{number}-{place}@example.org") for place in range(members)
    )
    let_in(community, people, prosumers=plants)
    build(community, people, plants=plants)


def let_in(community: CERConfiguration, people: list[CustomUser], *, prosumers: int) -> None:
    from cercollettiva.core.models import CERMembership, MembershipState, MemberType

    CERMembership.objects.bulk_create(
        CERMembership(
            user=person,
            community=community,
            member_type=MemberType.PROSUMER if place < prosumers else MemberType.CONSUMER,
            state=MembershipState.APPROVED,
            active_from=LONG_AGO,
        )
        for place, person in enumerate(people)
    )


def build(community: CERConfiguration, people: list[CustomUser], *, plants: int) -> None:
    from cercollettiva.core.models import Plant, PlantSource, PlantType

    roof = {
        "plant_type": PlantType.PRODUCER,
        "source": PlantSource.PV,
        "region": "Veneto",
        "entry_into_operation": date(2024, 5, 1),
    }
    home = {"plant_type": PlantType.CONSUMER}
    kinds = [(roof, people[place % len(people)]) for place in range(plants)] + [(home, person) for person in people]
    Plant.objects.bulk_create(
        Plant(
            name=f"{community.name}-{place}",
            pod_code=f"IT001E{community.pk:04}{place:04}",
            pod_key=f"IT001E{community.pk:04}{place:04}",
            nominal_power=20,
            active_from=LONG_AGO,
            cer_configuration=community,
            owner=owner,
            **kind,
        )
        for place, (kind, owner) in enumerate(kinds)
    )


def _measured(members: int, plants: int, communities: int) -> dict[str, Any]:
    import django

    django.setup()

    from cercollettiva.core.models import CERConfiguration
    from cercollettiva.domain.calendar import Range
    from cercollettiva.energy.store.columns import read
    from cercollettiva.settlement.cases import community_case
    from cercollettiva.settlement.energies import SELECT
    from cercollettiva.settlement.estimates import estimate, settled_and_divided

    prepare(members, plants, communities)
    large, *small = CERConfiguration.objects.order_by("pk")
    month = Range(BEGIN, END)

    def bare(community: int) -> int:
        """The same rows in the fastest way we know, into arrays and no further."""
        return len(read("default", SELECT, HOURS_OF_A_COMMUNITY, [community, BEGIN, END])["subject"])

    def calculate() -> int:
        return len(settled_and_divided(community_case(large, month))[1].lines)

    spent: dict[str, list[float]] = {"reading": [], "calculating": []}
    for _ in range(REPEATS):
        for name, way in (("reading", lambda: bare(large.pk)), ("calculating", calculate)):
            began = time.perf_counter()
            if not way():
                raise RuntimeError(f"{name} found nothing")
            spent[name].append(time.perf_counter() - began)
    reading, calculating = (median(times) for times in spent.values())
    began = time.perf_counter()
    run = estimate(large, month, now=NOW)
    stored = time.perf_counter() - began
    if run.refusal:
        raise RuntimeError(run.refusal)
    return {
        "points": members + plants,
        "reading_ms": round(reading * 1000),
        "reading_and_calculating_ms": round(calculating * 1000),
        "and_storing_each_part_ms": round(stored * 1000),
        "over_reading": round(calculating / reading, 2),
        **_shared_out([community.pk for community in small]),
    }


def _shared_out(keys: list[int]) -> dict[str, Any]:
    """Seconds of one worker for a tenth and for half of the communities, and of two workers for a half each."""
    tenth, half = len(keys) // 10, len(keys) // 2
    parts = [keys[:tenth], keys[tenth : tenth + half], keys[tenth : tenth + half]]
    few, many = _seconds(parts[:1]), _seconds(parts[1:2])
    both = _seconds([parts[2][::2], parts[2][1::2]])
    return {
        "one_worker": {f"{tenth}_communities_s": round(few, 2), f"{half}_communities_s": round(many, 2)},
        "over_linear": round(many / few / (half / tenth), 2),
        "two_workers_to_one": round(both / many, 2),
    }


def _seconds(parts: list[list[int]]) -> float:
    """How long the slowest of the processes works, each on communities of its own."""
    command = [sys.executable, "-m", "bench.settlement_rows", "worker"]
    workers = [
        subprocess.Popen([*command, *map(str, part)], cwd=platform.ROOT, stdout=subprocess.PIPE, text=True)
        for part in parts
    ]
    return max(float(worker.communicate()[0]) for worker in workers)


def _work(keys: list[int]) -> float:
    import django

    django.setup()

    from cercollettiva.core.models import CERConfiguration
    from cercollettiva.domain.calendar import Range
    from cercollettiva.settlement.estimates import estimate
    from cercollettiva.settlement.models import SettlementRun

    SettlementRun.objects.filter(community__in=keys).delete()
    began = time.perf_counter()
    for community in CERConfiguration.objects.filter(pk__in=keys).order_by("pk"):
        run = estimate(community, Range(BEGIN, END), now=NOW)
        if run.refusal:
            raise RuntimeError(run.refusal)
    return time.perf_counter() - began


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cercollettiva.settings.local")
    if sys.argv[1] == "worker":
        print(_work([int(key) for key in sys.argv[2:]]))
    else:
        print(json.dumps(_measured(*map(int, sys.argv[1:]))))
