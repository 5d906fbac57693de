"""What the check of every minute costs with 10,000 meters: queries, and seconds of wall and CPU time."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from typing import Any

from django.db import connection, reset_queries
from django.test.utils import override_settings
from django.utils import timezone

from cercollettiva.core.models import Plant
from cercollettiva.energy.models import DeviceConfiguration, DevicePlacement, DeviceState
from cercollettiva.monitoring.watch import check

METERS = 10_000
LOOKS = 10


def run() -> dict[str, Any]:
    now = timezone.now().replace(second=0, microsecond=0)
    _meters(now)
    walls, cpus, queries = [], [], []
    for minute in range(1, LOOKS + 1):
        moment = now + timedelta(minutes=minute)
        registers = {"emdata:0": {"at": moment.isoformat(), "drawn": minute, "returned": 0}}
        DeviceState.objects.update(last_seen=moment, registers=registers)
        with override_settings(DEBUG=True):
            reset_queries()
            wall, cpu = time.perf_counter(), time.process_time()
            seen = check(moment + timedelta(seconds=1), broker_answers=lambda: True)
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
            queries.append(len(connection.queries))
        assert seen is not None
        assert seen.meters == METERS
    return {
        "meters": METERS,
        "queries": {"least": min(queries[1:]), "most": max(queries[1:])},
        "seconds": round(statistics.median(walls), 3),
        "cpu_seconds": round(statistics.median(cpus), 3),
    }


def _meters(now: Any) -> None:
    """Ten thousand meters at ten thousand plants, each with a reading."""
    long_ago = now - timedelta(days=365)
    plants = [Plant(name=f"Casa {n}", pod_code=f"IT001E{n:08}", active_from=long_ago) for n in range(METERS)]
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
    power = {
        "em:0": {"at": now.isoformat(), "power": 500.0, "a_voltage": 230.0, "b_voltage": 231.0, "c_voltage": 229.0}
    }
    DeviceState.objects.bulk_create(DeviceState(device=device, last_seen=now, values=power) for device in devices)
