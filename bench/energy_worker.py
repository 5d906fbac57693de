"""The process that `bench.energy` measures: `python -m bench.energy_worker REPEATS`, on a database with devices.

Gives each device a plant and a day of registers, then prints a line for each repeat: seconds of reading, seconds of
`aggregate`, peak memory in MB.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta

import django
import numpy as np
from django.db import connection

REGISTERS = """
    INSERT INTO energy_energymeasurement (device_id, timestamp, component, kind, drawn, returned, a_drawn, a_returned,
        b_drawn, b_returned, c_drawn, c_returned, fingerprint, quality, time_source, anomalies)
    SELECT id, %s::timestamptz + n * interval '1 minute', 'emdata:0', 0, 15000 * n + n * n %% 7919, 4000 * n,
        5000 * n, 4000 * n, 5000 * n, 0, 5000 * n + n * n %% 7919, 0, n, 0, 0, 0
    FROM generate_series(0, 1440) n, energy_deviceconfiguration
"""
MARKS = """
    INSERT INTO energy_dirtyquarter (device_id, start)
    SELECT id, %s::timestamptz + n * interval '15 minutes' FROM generate_series(0, 95) n, energy_deviceconfiguration
"""
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
DAY = datetime(2026, 5, 31, 22, tzinfo=UTC)  # midnight in Italy
NOW = DAY + timedelta(days=2)
DEVICES_A_COMMUNITY = 50


def prepare() -> None:
    """A plant and a role for each device, in communities of 50, and a register reading a minute."""
    from cercollettiva.core.models import CERConfiguration, Organisation, Plant
    from cercollettiva.energy import partitions
    from cercollettiva.energy.models import ChannelRole, DeviceConfiguration, DevicePlacement, EnergyMeasurement

    devices = list(DeviceConfiguration.objects.order_by("pk"))
    organisation = Organisation.objects.create(name="Bench")
    communities = [
        CERConfiguration.objects.create(organisation=organisation, name=f"C{n}", code=f"C{n}", slug=f"c{n}")
        for n in range(-(-len(devices) // DEVICES_A_COMMUNITY))
    ]
    plants = Plant.objects.bulk_create(
        Plant(
            name=device.device_id,
            pod_code=f"IT001E{n:08}",
            pod_key=f"IT001E{n:08}",
            plant_type="PROSUMER",
            nominal_power=6,
            active_from=LONG_AGO,
            cer_configuration=communities[n // DEVICES_A_COMMUNITY],
        )
        for n, device in enumerate(devices)
    )
    placements = DevicePlacement.objects.bulk_create(
        DevicePlacement(device=device, plant=plant, active_from=LONG_AGO)
        for device, plant in zip(devices, plants, strict=True)
    )
    ChannelRole.objects.bulk_create(
        [
            ChannelRole(placement=placement, component="em:0", role="EXCHANGE", active_from=LONG_AGO)
            for placement in placements
        ]
    )
    months = [partitions.month_of(DAY), partitions.month_of(NOW)]
    partitions.ensure_months(connection, EnergyMeasurement, months)
    with connection.cursor() as cursor:
        cursor.execute(REGISTERS, [DAY])
        cursor.execute("VACUUM ANALYZE")


def read_and_interpolate() -> float:
    """What cannot be done without: read the same rows in the fastest way we know, and one `np.interp` a device."""
    from cercollettiva.energy.store.columns import Kind, read

    began = time.perf_counter()
    select = {
        "device": (Kind.INT4, "device_id"),
        "at": (Kind.INSTANT, "timestamp"),
        "drawn": (Kind.INT8, "drawn"),
        "returned": (Kind.INT8, "returned"),
    }
    tail = "FROM energy_energymeasurement WHERE timestamp >= %s AND timestamp <= %s ORDER BY device_id, timestamp"
    rows = read("default", select, tail, [DAY, DAY + timedelta(days=1)])
    edges = np.linspace(rows["at"].min(), rows["at"].max(), 97)
    for part in np.split(np.arange(len(rows["at"])), np.flatnonzero(np.diff(rows["device"])) + 1):
        np.interp(edges, rows["at"][part], rows["drawn"][part])
    return time.perf_counter() - began


def aggregate_the_day() -> float:
    from cercollettiva.energy.aggregation import aggregate

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE energy_energyinterval, energy_energyaggregate, energy_dirtyquarter")
        cursor.execute(MARKS, [DAY])
    began = time.perf_counter()
    aggregate(NOW)
    return time.perf_counter() - began


def peak_memory_mb() -> float:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def main(repeats: int) -> None:
    django.setup()
    prepare()
    for _ in range(repeats):
        print(read_and_interpolate(), aggregate_the_day(), peak_memory_mb(), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
