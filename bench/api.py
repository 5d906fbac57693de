"""The API beside its bare SQL: 1,000 plants, the power of their communities, a plant's 48 hours, a month of quarters.

`python -m bench.api` alone measures in the database of DATABASE_URL and prints it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from bench import parts
from tests.support import platform
from tests.support.postgres import PostgresServer

PLANTS = 1000
COMMUNITIES = 4
WITH_QUARTERS = 30  # plants with a year of quarter-hours: a million rows
WITH_VALUES = 10  # plants with 48 hours of values, one every five seconds
REPEATS = 20

DEVICES = """
    INSERT INTO energy_deviceconfiguration (id, device_id, device_type_id, vendor, model, topic_prefix, time_zone,
        firmware, is_active, created_at, updated_at)
    SELECT n, 'bench-' || n, 'SHELLY_PRO_3EM', '', '', 'bench/' || n, 'Europe/Rome', '', true, now(), now()
    FROM generate_series(1, %(plants)s) n;
    INSERT INTO energy_deviceplacement (id, device_id, plant_id, active_from)
    SELECT n, n, n, '2025-01-01' FROM generate_series(1, %(plants)s) n;
    INSERT INTO energy_channelrole (placement_id, device_id, plant_id, component, phases, sign, role, net_per_minute,
        active_from)
    SELECT n, n, n, 'em:0', '', 1, 'EXCHANGE', true, '2025-01-01' FROM generate_series(1, %(plants)s) n;
    INSERT INTO energy_devicestate (device_id, seq, last_seen, online, exchange_power, power_at, values, registers, src)
    SELECT n, n, now() + interval '1 hour', true, random() * 4000 - 2000, now() + interval '1 hour', '{}', '{}', ''
    FROM generate_series(1, %(plants)s) n;
"""
QUARTERS = """
    INSERT INTO energy_energyinterval (device_id, start, energy_in, energy_out, recorded_at, peak_power, mean_power,
        coverage, quality, source)
    SELECT n, at, (random() * 1e6)::int8, (random() * 1e6)::int8, now(), random() * 3000, random() * 900, 1, 0, 2
    FROM generate_series(1, %(with_quarters)s) n,
        generate_series('2025-11-01'::timestamptz, '2026-10-31 23:45', interval '15 minutes') at
"""
VALUES = """
    INSERT INTO energy_devicemeasurement (device_id, timestamp, component, fingerprint, power, voltage, current,
        quality, time_source, anomalies)
    SELECT n, at, 'em:0', 1, random() * 3000, 230, 5, 0, 0, 0
    FROM generate_series(1, %(with_values)s) n,
        generate_series(now() - interval '48 hours', now(), interval '5 seconds') at
"""
# What the views must read at the least, in one statement each.
BARE_COMMUNITIES = """
    SELECT p.cer_configuration_id, p.id, p.plant_type, s.exchange_power, s.power_at, s.last_seen, s.online
    FROM core_plant p
    LEFT JOIN energy_deviceplacement d ON d.plant_id = p.id AND d.active_from <= now()
        AND (d.active_to IS NULL OR d.active_to > now())
    LEFT JOIN energy_devicestate s ON s.device_id = d.device_id
    WHERE p.is_active AND p.cer_configuration_id IN
        (SELECT community_id FROM core_cermembership WHERE user_id = 1 AND active_from <= now())
"""
BARE_VALUES = """
    SELECT device_id, component, timestamp, power, a_power, b_power, c_power FROM energy_devicemeasurement
    WHERE device_id = %s AND timestamp > now() - interval '48 hours' ORDER BY timestamp
"""
BARE_QUARTERS = """
    SELECT start, energy_in, energy_out, produced, peak_power, mean_power, coverage, quality FROM energy_energyinterval
    WHERE device_id = %s AND start >= '2026-05-01' AND start < '2026-06-01' ORDER BY start
"""


def run() -> dict[str, Any]:
    """On a private PostgreSQL."""
    with PostgresServer() as server:
        platform.manage("migrate", "--verbosity=0", database_url=server.url())
        return parts.figures_of("bench.api", database_url=server.url())


def _measured() -> dict[str, Any]:
    import django

    django.setup()
    from django.db import connection
    from django.test import RequestFactory
    from django.test.utils import CaptureQueriesContext
    from django.urls import resolve
    from rest_framework.test import force_authenticate

    user = _fill()

    def view(address: str) -> Callable[[int], Any]:
        def call(plant: int) -> bytes:
            """The view alone, its answer as bytes: session, person and middleware are not in it."""
            path = address.format(plant=plant)
            request = RequestFactory().get(path)
            force_authenticate(request, user)
            match = resolve(path.partition("?")[0])
            response = match.func(request, *match.args, **match.kwargs)
            if hasattr(response, "render"):
                response.render()
            if response.status_code != 200:
                raise RuntimeError(f"{path}: {response.status_code}")
            return b"".join(response.streaming_content) if response.streaming else response.content

        return call

    def bare(statement: str, *, by_plant: bool = True) -> Callable[[int], int]:
        def fetch(plant: int) -> int:
            with connection.cursor() as cursor:
                cursor.execute(statement, [plant] if by_plant else None)
                return len(cursor.fetchall())

        return fetch

    def compared(address: str, fetch: Callable[[int], int], plants: int) -> dict[str, Any]:
        call = view(address)
        call(1), fetch(1)
        with CaptureQueriesContext(connection) as captured:
            call(1)
        spent: dict[str, list[float]] = {"view": [], "bare_sql": []}
        for number in range(REPEATS):
            for name, way in (("view", call), ("bare_sql", fetch)):
                began = time.perf_counter()
                way(number % plants + 1)
                spent[name].append(time.perf_counter() - began)
        medians = {name: median(times) * 1000 for name, times in spent.items()}
        return {
            "rows": fetch(1),
            "queries": len(captured),
            **{f"{name}_ms": round(value, 2) for name, value in medians.items()},
            "over_bare_sql": round(medians["view"] / medians["bare_sql"], 2),
        }

    month = "/api/energy/intervals/?{}&from=2026-05-01T02:00:00%2B02:00&to=2026-06-01T02:00:00%2B02:00"
    return {
        "plants": PLANTS,
        "cer_power": compared("/api/cer-power/", bare(BARE_COMMUNITIES, by_plant=False), 1),
        "plant_data_48_h": compared("/api/plants/{plant}/data/?hours=48", bare(BARE_VALUES), WITH_VALUES),
        "month_of_quarters_of_a_device": compared(month.format("device={plant}"), bare(BARE_QUARTERS), WITH_QUARTERS),
        "month_of_quarters_of_a_plant": compared(month.format("plant={plant}"), bare(BARE_QUARTERS), WITH_QUARTERS),
    }


def _fill() -> Any:
    from datetime import UTC, datetime, timedelta

    from django.db import connection
    from django.utils import timezone

    from cercollettiva.core.models import CERConfiguration, CERMembership, Organisation, Plant
    from cercollettiva.energy import partitions
    from cercollettiva.energy.models import DeviceMeasurement, EnergyInterval
    from cercollettiva.users.models import CustomUser

    long_ago, now = datetime(2025, 1, 1, tzinfo=UTC), timezone.now()
    user = CustomUser.objects.create_user("bench@example.it", None)
    organisation = Organisation.objects.create(name="Bench")
    communities = [
        CERConfiguration.objects.create(organisation=organisation, name=f"CER {n}", code=f"C{n}", slug=f"c{n}")
        for n in range(COMMUNITIES)
    ]
    for community in communities:
        CERMembership.objects.create(
            community=community, user=user, role="ADMIN", state="APPROVED", active_from=long_ago
        )
    Plant.objects.bulk_create(
        Plant(
            id=n,
            name=f"Casa {n}",
            pod_code=f"IT001E{n:08}",
            pod_key=f"IT001E{n:08}",
            plant_type="PROSUMER",
            owner=user,
            cer_configuration=communities[n % COMMUNITIES],
            active_from=long_ago,
        )
        for n in range(1, PLANTS + 1)
    )
    months = {partitions.month_of(datetime(2025, 11, 1, tzinfo=UTC) + timedelta(days=28 * n)) for n in range(14)}
    partitions.ensure_months(connection, EnergyInterval, months)
    partitions.ensure_months(
        connection, DeviceMeasurement, {partitions.month_of(now - timedelta(days=n)) for n in range(3)}
    )
    sizes = {"plants": PLANTS, "with_quarters": WITH_QUARTERS, "with_values": WITH_VALUES}
    with connection.cursor() as cursor:
        for statement in (DEVICES, QUARTERS, VALUES):
            for part in statement.split(";"):
                if part.strip():
                    cursor.execute(part, sizes)
        cursor.execute("ANALYZE")
    return user


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cercollettiva.settings.local")
    print(json.dumps(_measured()))
