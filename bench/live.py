"""The live process with 200 sockets: CPU, memory, and how old a frame is when a browser has it.

`python -m bench.live` alone makes the community that is watched, in the database of DATABASE_URL, and prints it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import psycopg
from websockets.asyncio.client import ClientConnection, connect

from bench import parts
from tests.support import platform
from tests.support.postgres import PostgresServer
from tests.support.processes import Child, accepts_connections, free_port

SOCKETS = 200
PEOPLE = 40  # with five sockets each
PLANTS = 12
SECONDS = 20
SPEAK = """
    UPDATE energy_devicestate SET seq = extract(epoch FROM clock_timestamp()) * 1e9, last_seen = clock_timestamp(),
        power_at = clock_timestamp(), exchange_power = random() * 3000 - 1500
    WHERE device_id = %s
"""


def run() -> dict[str, Any]:
    """200 sockets on one community, then on twelve plants, with every meter speaking once a second."""
    with PostgresServer(settings={"log_statement": "none"}) as server:
        platform.manage("migrate", "--verbosity=0", database_url=server.url())
        scene = parts.figures_of("bench.live", database_url=server.url())
        plants = [f"/ws/plants/{pk}/" for pk in scene["plants"]]
        return {
            "200_sockets_on_a_community": watch(server, scene, [f"/ws/cer/{scene['community']}/"]),
            "200_sockets_on_12_plants": watch(server, scene, plants),
        }


def watch(server: PostgresServer, scene: dict[str, Any], paths: Sequence[str]) -> dict[str, Any]:
    """Open the sockets, let the first seconds pass, then measure."""
    port = free_port()
    command = [sys.executable, "-u", str(platform.ROOT / "manage.py"), "live", "--port", str(port)]
    child = Child(command, name="live", env={"DATABASE_URL": server.url()}, answers=lambda: accepts_connections(port))
    with child, platform.connect(server) as connection:
        return asyncio.run(_watch(child, connection, scene, [f"ws://127.0.0.1:{port}{path}" for path in paths]))


async def _watch(
    child: Child, connection: psycopg.Connection, scene: dict[str, Any], urls: Sequence[str]
) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        before, began = parts.cpu_seconds(child.pid), time.monotonic()
        sockets = [
            await stack.enter_async_context(_open(urls[number % len(urls)], scene["cookies"][number % PEOPLE]))
            for number in range(SOCKETS)
        ]
        opening = (parts.cpu_seconds(child.pid) - before, time.monotonic() - began)
        ages: list[float] = []
        delays: list[float] = []
        readers = [asyncio.create_task(_read(one, ages, delays)) for one in sockets]
        meters = asyncio.create_task(asyncio.to_thread(_speak, connection, scene["devices"], SECONDS + 4))
        await asyncio.sleep(3)
        ages.clear(), delays.clear()
        cpu, began = parts.cpu_seconds(child.pid), time.monotonic()
        await asyncio.sleep(SECONDS)
        cpu, seconds = parts.cpu_seconds(child.pid) - cpu, time.monotonic() - began
        frames = len(ages)
        await meters
        for reader in readers:
            reader.cancel()
        return {
            "cpu_percent_of_a_core": round(100 * cpu / seconds, 1),
            "frames_per_s_and_socket": round(frames / seconds / SOCKETS, 2),
            "cpu_us_per_frame": round(cpu / frames * 1e6),
            "opening_ms_of_cpu_per_socket": round(opening[0] / SOCKETS * 1000, 1),
            "sent_to_received_p50_s": _share(delays, 0.5),
            "sent_to_received_p99_s": _share(delays, 0.99),
            "measured_to_received_p50_s": _share(ages, 0.5),
            "measured_to_received_p99_s": _share(ages, 0.99),
            "peak_memory_mb": round(parts.peak_memory_mb(child.pid), 1),
        }


def _open(url: str, cookie: str) -> connect:
    headers = {"Cookie": cookie}
    return connect(url, origin="http://localhost", additional_headers=headers, compression=None, proxy=None)  # type: ignore[arg-type]


async def _read(socket: ClientConnection, ages: list[float], delays: list[float]) -> None:
    """How old each frame's newest value is, and the frame itself. [s]"""
    async for text in socket:
        now = datetime.now(UTC)
        frame = json.loads(text)
        delays.append((now - datetime.fromisoformat(frame["sent_at"])).total_seconds())
        ages.append((now - datetime.fromisoformat(frame["timestamp"])).total_seconds())


def _speak(connection: psycopg.Connection, devices: Sequence[int], seconds: float) -> None:
    """Each device once a second, one after the other."""
    began = time.monotonic()
    turn = 0
    while time.monotonic() - began < seconds:
        connection.execute(SPEAK, [devices[turn % len(devices)]])
        turn += 1
        time.sleep(max(0.0, began + turn / len(devices) - time.monotonic()))


def _share(values: list[float], share: float) -> float:
    return round(sorted(values)[int(len(values) * share)], 3)


def make_scene() -> dict[str, Any]:
    """A community with its technicians, who may see everything in it, and its metered plants."""
    import django

    django.setup()
    from django.utils import timezone

    from cercollettiva.core.models import MemberRole
    from cercollettiva.energy.models import ChannelRole, DeviceState
    from tests.integration.core.scene import LONG_AGO, join, make_community, make_device, make_plant, make_user
    from tests.integration.live.browser import cookie_of

    community = make_community("A")
    people = [make_user(f"technician-{number}") for number in range(PEOPLE)]
    for person in people:
        join(person, community, MemberRole.TECHNICAL)
    plants = [make_plant(number, cer_configuration=community) for number in range(1, PLANTS + 1)]
    devices = [make_device(number, plant=plant) for number, plant in enumerate(plants, start=1)]
    phases = ("power", "voltage", "current", "power_factor", "frequency", "apparent_power")
    values = {"at": timezone.now().isoformat()} | {f"{phase}_{name}": 231.5 for phase in "abc" for name in phases}
    for device in devices:
        placement = device.placements.get()
        ChannelRole.objects.create(placement=placement, role="EXCHANGE", component="em:0", active_from=LONG_AGO)
        DeviceState.objects.create(
            device=device,
            last_seen=timezone.now(),
            power_at=timezone.now(),
            exchange_power=1.0,
            online=True,
            values={"em:0": values},
        )
    return {
        "community": community.pk,
        "plants": [plant.pk for plant in plants],
        "devices": [device.pk for device in devices],
        "cookies": [cookie_of(person) for person in people],
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cercollettiva.settings.local")
    print(json.dumps(make_scene()))
