"""What watching costs with 10,000 meters: the check of every minute in queries and seconds, the health pages in CPU.

`python -m bench.freshness` alone writes into the database of DATABASE_URL, which must be empty, and measures.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from datetime import datetime, timedelta
from typing import Any

from bench import parts
from tests.support import platform
from tests.support.postgres import PostgresServer

METERS = 10_000
LOOKS = 8
HEALTH_PAGES = ("health", "health/database", "health/mqtt", "health/queue", "health/system", "live", "ready")


def run() -> dict[str, Any]:
    """CPU of this process alone: PostgreSQL works beside it."""
    with PostgresServer(settings={"log_statement": "none"}) as server:
        platform.manage("migrate", "--verbosity=0", database_url=server.url())
        return parts.figures_of("bench.freshness", database_url=server.url())


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cercollettiva.settings.local")
    import django

    django.setup()
    from django.utils import timezone

    now = timezone.now().replace(second=0, microsecond=0)
    _meters(now)
    print(json.dumps({**_looks(now), "health_cpu_ms": _health()}))


def _looks(now: datetime) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from cercollettiva.energy.models import DeviceState
    from cercollettiva.monitoring.watch import check

    walls, cpus, queries = [], [], []
    for minute in range(1, LOOKS + 1):
        moment = now + timedelta(minutes=minute)
        registers = {"emdata:0": {"at": moment.isoformat(), "drawn": minute, "returned": 0}}
        DeviceState.objects.update(last_seen=moment, registers=registers)
        with CaptureQueriesContext(connection) as asked:
            wall, cpu = time.perf_counter(), time.process_time()
            seen = check(moment + timedelta(seconds=1), broker_answers=lambda: True)
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
        queries.append(len(asked))
        assert seen is not None
        assert seen.meters == METERS
    return {
        "meters": METERS,
        "queries": sorted(set(queries[1:])),
        "seconds": round(statistics.median(walls), 3),
        "cpu_seconds": round(statistics.median(cpus), 3),
    }


def _health() -> dict[str, float]:
    """Medians of the CPU of a request whose questions are all asked anew, in whatever thread."""
    from django.test import Client

    from cercollettiva.monitoring.health import PROBES, READY
    from cercollettiva.monitoring.metrics import COUNTS

    client, spent = Client(SERVER_NAME="localhost"), {}
    for page in HEALTH_PAGES:
        took = []
        for _ in range(LOOKS + 1):
            for probe in (*PROBES.values(), *READY, COUNTS):
                probe.forget()
            began = time.process_time()
            answer = client.get(f"/monitoring/{page}/")
            assert answer.status_code in (200, 503), answer.status_code  # 503: there is no broker here
            took.append((time.process_time() - began) * 1000)
        spent[page] = round(statistics.median(took[1:]), 1)  # the first one imports
    return spent


def _meters(now: datetime) -> None:
    """Ten thousand meters at ten thousand plants."""
    from cercollettiva.core.models import Plant
    from cercollettiva.energy.models import DeviceConfiguration, DevicePlacement, DeviceState

    long_ago = now - timedelta(days=365)
    plants = [
        Plant(
            name=f"Casa {n}",
            pod_code=f"IT001E{n:08}",
            pod_key=f"IT001E{n:08}",
            plant_type="PROSUMER",
            nominal_power=6,
            active_from=long_ago,
        )
        for n in range(METERS)
    ]
    plants = Plant.objects.bulk_create(plants)
    devices = [
        DeviceConfiguration(device_id=f"shelly-{n}", device_type_id="SHELLY_PRO_3EM", topic_prefix=f"cer/{n}")
        for n in range(METERS)
    ]
    devices = DeviceConfiguration.objects.bulk_create(devices)
    DevicePlacement.objects.bulk_create(
        DevicePlacement(device=device, plant=plant, active_from=long_ago)
        for device, plant in zip(devices, plants, strict=True)
    )
    volts = {f"{line}_voltage": 230.0 for line in "abc"}
    power = {"em:0": {"at": now.isoformat(), "power": 500.0, **volts}}
    DeviceState.objects.bulk_create(DeviceState(device=device, last_seen=now, values=power) for device in devices)


if __name__ == "__main__":
    main()
