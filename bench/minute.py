"""What a minute costs with a thousand meters that speak: every job of `manage.py work`, beside the ingestor at work.

Each meter tells its powers every ten seconds and its registers once a minute, spread over it, through a real broker.
"""

from __future__ import annotations

import csv
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import parts
from bench.publisher import Publisher, status
from tests.support import platform
from tests.support.processes import Child

DEVICES = int(os.environ.get("MINUTE_DEVICES") or 1000)
MINUTES = int(os.environ.get("MINUTES") or 4)
STATUS_EVERY, REGISTERS_EVERY = 10.0, 60.0  # seconds
EXECUTED = re.compile(r"^(\S+ \d\d:\d\d):\d\d,\d+ .*jobs\.(\w+): \S+ executed in ([\d.]+)s$", re.MULTILINE)


def run() -> dict[str, Any]:
    with parts.database(0) as (server, connection), parts.broker() as broker:
        import_meters(DEVICES, server.url())
        env = {"DATABASE_URL": server.url(), "PYTHONPATH": str(platform.ROOT)}
        work = Child([sys.executable, "-u", str(platform.ROOT / "manage.py"), "work"], name="work", env=env)
        with platform.ingestor(server, broker) as ingest, work:
            cpu = parts.cpu_seconds(work.pid)
            messages = speak(broker.port)
            took = jobs_of(work.log.read_text())
            [quarters] = connection.execute("SELECT count(*) FROM energy_energyinterval").fetchone()  # type: ignore[misc]
            return {
                "meters": DEVICES,
                "messages_per_s": round(messages / (MINUTES * 60)),
                "quarters": quarters,
                "seconds_a_minute": _summed(took),
                "slowest_job": max(((max(several), name) for name, several in _by_job(took).items()), default=None),
                "aggregate_s": _spread(_by_job(took).get("aggregate_if_free", [])),
                "watch_s": _spread(_by_job(took).get("watch_meters", [])),
                "work_cpu_s_a_minute": round((parts.cpu_seconds(work.pid) - cpu) / MINUTES, 2),
                "work_peak_mb": round(parts.peak_memory_mb(work.pid)),
                "ingest_peak_mb": round(parts.peak_memory_mb(ingest.pid)),
            }


def import_meters(devices: int, database_url: str) -> None:
    """Each at a plant of its own, all in one community, by the command that operators have."""
    columns = "pod_code,plant_name,plant_type,nominal_power_kw,device_id,device_type,topic_prefix,component,role"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "meters.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*columns.split(","), "community_code"])
            writer.writerows(_row(number) for number in range(devices))
        platform.manage("import_devices", str(path), database_url=database_url)


def _row(number: int) -> list[str]:
    prefix = platform.PREFIX.format(number)
    device = prefix.rpartition("/")[2]
    return [
        f"IT001E{number:08d}",
        f"Casa {number}",
        "PROSUMER",
        "6",
        device,
        "SHELLY_PRO_3EM",
        prefix,
        "em:0",
        "EXCHANGE",
        "BENCH",
    ]


def speak(port: int) -> int:
    """As many minutes as asked for, and the rest of the last one; how many messages left."""
    publisher, began = Publisher(port), time.time()
    began += 5 - began % 5
    for number, (due, device, is_register) in enumerate(_timetable(began)):
        time.sleep(max(0.0, due - time.time()))
        prefix = platform.PREFIX.format(device)
        if is_register:
            publisher.publish(f"{prefix}/events/rpc", registers(device, due))
        else:
            publisher.publish(f"{prefix}/status/em:0", status(number))
        publisher.flush()
    time.sleep(3)
    return publisher.published


def _timetable(began: float) -> Iterator[tuple[float, int, bool]]:
    """When, who, and whether it is registers."""
    due = []
    for every, is_register in ((STATUS_EVERY, False), (REGISTERS_EVERY, True)):
        for turn in range(int(MINUTES * 60 / every)):
            due += [(began + every * (turn + device / DEVICES), device, is_register) for device in range(DEVICES)]
    yield from sorted(due)


def registers(device: int, at: float) -> bytes:
    """In Wh: some drawn, some returned, growing with time."""
    drawn, returned = 1000.0 + device + (at % 86_400) / 60 * 9.5, 500.0 + (at % 86_400) / 60 * 3.5
    values = {"id": 0, "total_act": round(drawn, 2), "total_act_ret": round(returned, 2)}
    for phase in "abc":
        values |= {
            f"{phase}_total_act_energy": round(drawn / 3, 2),
            f"{phase}_total_act_ret_energy": round(returned / 3, 2),
        }
    prefix = platform.PREFIX.format(device)
    frame = {"src": prefix.rpartition("/")[2], "dst": f"{prefix}/events", "method": "NotifyStatus"}
    return json.dumps({**frame, "params": {"ts": round(at, 2), "emdata:0": values}}).encode()


def jobs_of(log: str) -> list[tuple[str, str, float]]:
    """Minute, name and seconds of each job."""
    return [(minute, name, float(seconds)) for minute, name, seconds in EXECUTED.findall(log)]


def _by_job(took: list[tuple[str, str, float]]) -> dict[str, list[float]]:
    several = defaultdict(list)
    for _, name, seconds in took:
        several[name].append(seconds)
    return several


def _summed(took: list[tuple[str, str, float]]) -> dict[str, float]:
    """Of all the jobs of a minute together, though two of them run at once."""
    minutes: dict[str, float] = defaultdict(float)
    for minute, _, seconds in took:
        minutes[minute] += seconds
    return _spread(list(minutes.values()))


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(values), 2), "most": round(max(values), 2)} if values else {}
