"""The soak itself: everything stands, a hundred meters speak, people look, and nothing may grow or be lost."""

from __future__ import annotations

import os
import platform as machine
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench import parts
from bench.soak.meters import METERS
from bench.soak.sampling import Held, Sampler
from bench.soak.slope import slope
from bench.soak.visitors import Listener, Reader
from cercollettiva.devices.samples import TimeSource
from tests.support import migrated, platform
from tests.support.mosquitto import MosquittoServer
from tests.support.postgres import PostgresServer
from tests.support.processes import Child, accepts_connections, free_port, wait_until

SAMPLES: Final = 300  # of a run, at least two seconds apart
DESCRIPTORS_BOUND: Final = 3.0  # that a part, or the database's clients, may have more of at the end,
DESCRIPTORS_SHARE: Final = 0.2  # or that share of them: each of PostgreSQL's processes opens and closes dozens
PAUSE: Final = 1.0  # of a reader between two pages
HASTE: Final = 0.05  # of one during the warm-up: every thread of the site serves every page
STARTED_WITHIN: Final = 120.0  # beside other work
DRAINED_WITHIN: Final = 60.0


PARTS: Final = ("postgresql", "mosquitto", "ingest", "work", "web", "live")


class Length(NamedTuple):
    """How long a soak is, and what growth it can tell from none."""

    minutes: float
    warm_up: float
    bound: float  # of the upper limit of a part's own memory [MB an hour]
    held: tuple[str, ...] = PARTS  # to that bound, and to their files; the others are measured and told


LONG: Final = Length(30, 12, 6.0)  # 1 MB in ten minutes
# 1 MB a minute: 55 bytes of each message that were forgotten. In three minutes a job runs thrice and a thread of the
# site serves a page ten times: whether those grow, only half an hour can tell.
SHORT: Final = Length(3, 1.2, 60.0, held=("ingest", "live", "mosquitto"))


def soak(length: Length, *, samples: Path | None = None) -> dict[str, Any]:
    """Run it; the figures, and under `troubles` what is not as it should be. Each sample is a line of `samples`."""
    with ExitStack() as stack:
        server = stack.enter_context(PostgresServer(durable=True))
        migrated.postgres_at(server.url())
        scene = parts.figures_of("bench.soak.scene", database_url=server.url())
        broker = stack.enter_context(MosquittoServer().start())
        stood = _parts(server, broker)
        for child in stood.values():
            stack.enter_context(child.start(within=STARTED_WITHIN))
        stood = {"postgresql": server, "mosquitto": broker, **stood}
        return _watched(length, server, stood, scene, broker.port, samples)


def _parts(server: PostgresServer, broker: MosquittoServer) -> dict[str, Child]:
    """What systemd starts on one host (deploy/systemd), with the settings of a laptop."""
    env = {
        "DJANGO_SETTINGS_MODULE": "cercollettiva.settings.local",
        "DATABASE_URL": server.url(),
        "MQTT_URL": broker.url,
        "PYTHONPATH": str(platform.ROOT),
        "METRICS_NETWORKS": "127.0.0.0/8",
    }
    manage, web, live = [sys.executable, "-u", str(platform.ROOT / "manage.py")], free_port(), free_port()
    site = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(web)]
    site += ["--workers", "2", "--blocking-threads", "4", "--no-ws", "--log-level", "warning"]
    children = {
        "ingest": Child([*manage, "ingest"], name="ingest", env=env),
        "work": Child([*manage, "work"], name="work", env=env),
        "web": Child([*site, "cercollettiva.wsgi:application"], name="web", env=env),
        "live": Child([*manage, "live", "--port", str(live)], name="live", env=env),
    }
    children["ingest"].answers = lambda: platform.has_subscribed(children["ingest"])
    children["web"].answers = lambda: accepts_connections(web)
    children["live"].answers = lambda: accepts_connections(live)
    for name, port in (("web", web), ("live", live)):
        children[name].env["PORT"] = str(port)
    return children


def _watched(
    length: Length,
    server: PostgresServer,
    stood: dict[str, Child],
    scene: dict[str, Any],
    broker_port: int,
    samples: Path | None,
) -> dict[str, Any]:
    seconds, warm_up = length.minutes * 60, length.warm_up * 60
    meters = parts.python_module("bench.soak.meters", broker_port, seconds)
    readers, listeners = _visitors(stood, scene)
    sampler = Sampler(stood, server, every=max(2.0, seconds / SAMPLES), file=samples)
    began = time.monotonic()
    for thread in (sampler, *readers, *listeners):
        thread.start()
    parts.figures_of("bench.soak.scene", "jobs", database_url=server.url())
    time.sleep(max(0.0, began + warm_up * 0.8 - time.monotonic()))
    for reader in readers:
        reader.pause = PAUSE
    said = _told_by(meters, within=seconds + 120)
    sampler.finish()
    lost = _lost(server, said)
    for visitor in (*readers, *listeners):
        visitor.finish()
    figures = _figures(length, sampler, readers, listeners)
    figures["load"] |= {"messages": 3 * sum(said["registers"]), "meters_reconnected": said["reconnects"], **lost}
    alive = {name: child.running for name, child in stood.items()}
    figures["troubles"] = _troubles(length, figures, alive)
    return figures


def _told_by(meters: subprocess.Popen[str], *, within: float) -> dict[str, Any]:
    return parts.result_of(meters, within=within)


def _visitors(stood: dict[str, Child], scene: dict[str, Any]) -> tuple[list[Reader], list[Listener]]:
    """A technician, an administrator and a member on the site, a member's demo page on the other, two sockets."""
    web, live = (int(stood[name].env["PORT"]) for name in ("web", "live"))
    cookies, plant, device, cer = scene["cookies"], scene["plants"][0], scene["devices"][0], scene["community"]
    shared = ("/dashboard/", f"/cer/{cer}/", "/plants/", f"/plants/{plant}/", "/energy/", "/avvisi/")
    asked = {
        "technician": (*shared, "/interventi/", "/energy/devices/", f"/energy/devices/{device}/", "/energy/plants/"),
        "admin": (*shared, f"/cer/{cer}/condivisione/", "/desk/", "/monitoring/health/", "/monitoring/metrics/"),
        "member": (*shared, "/me/oggi/", "/me/energia/", "/api/cer-power/", f"/api/plants/{plant}/data/", "/sw.js"),
    }
    readers = [Reader(web, cookies[who], paths, pause=HASTE) for who, paths in asked.items()]
    readers.append(Reader(live, cookies["member"], ("/dashboard/", "/monitoring/live/", "/stato/"), pause=HASTE))
    listeners = [
        Listener(live, cookies["member"], f"/ws/plants/{plant}/"),
        Listener(live, cookies["admin"], f"/ws/cer/{cer}/"),
    ]
    return readers, listeners


def _lost(server: PostgresServer, said: dict[str, Any]) -> dict[str, int]:
    """Every number of every meter, and every step of its register, must be one row."""
    powers, registers = sum(said["powers"]), sum(said["registers"])
    found: dict[str, int] = {}
    with platform.connect(server) as connection:

        def all_there() -> bool:
            found.update(_rows(connection))
            return found["powers"] >= powers and found["registers"] >= registers

        wait_until(all_there, within=DRAINED_WITHIN, every=1)
        refused = connection.execute("SELECT count(*) FROM energy_rejectedmessage").fetchone()
    copies = found["power_rows"] + found["register_rows"] - found["powers"] - found["registers"]
    return {
        "lost": powers + registers - found["powers"] - found["registers"],
        "doubled": found["doubled"],
        # A meter that reconnects says again what was not acknowledged, and the broker passes it on as something new:
        # where it carries no time of its own it becomes a second row of the same value.
        "said_again_without_a_time": copies - found["doubled"],
        "refused": int(refused[0]) if refused else 0,
    }


def _rows(connection: Any) -> dict[str, int]:
    powers = "SELECT count(*), count(DISTINCT (device_id, neutral_current)) FROM energy_devicemeasurement"
    registers = "SELECT count(*), count(DISTINCT (device_id, drawn)) FROM energy_energymeasurement"
    timed = f"{powers} WHERE time_source = {TimeSource.DEVICE.value}"
    timed_rows, distinct_timed = connection.execute(timed).fetchone()
    power_rows, distinct_powers = connection.execute(powers).fetchone()
    register_rows, distinct_registers = connection.execute(registers).fetchone()
    return {
        "power_rows": power_rows,
        "powers": distinct_powers,
        "doubled": timed_rows - distinct_timed,
        "register_rows": register_rows,
        "registers": distinct_registers,
    }


def _figures(
    length: Length, sampler: Sampler, readers: Sequence[Reader], listeners: Sequence[Listener]
) -> dict[str, Any]:
    first = next(number for number, second in enumerate(sampler.seconds) if second >= length.warm_up * 60)
    seconds = sampler.seconds[first:]
    statuses: Counter[str] = sum((reader.statuses for reader in readers), Counter())
    took = sorted(second for reader in readers for second in reader.seconds)
    return {
        "command": f"python -m bench.soak --minutes {length.minutes:g} --warm-up {length.warm_up:g}",
        "machine": f"{machine.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[2]:.1f}",
        "python": machine.python_version(),
        "bound_mb_per_h": length.bound,
        "minutes_measured": round((seconds[-1] - seconds[0]) / 60, 1),
        "load": {"meters": METERS},
        "pages": {"statuses": dict(statuses), "p50_s": _share(took, 0.5), "p99_s": _share(took, 0.99)},
        "sockets": {
            "opened": sum(one.opened for one in listeners),
            "frames": sum(one.frames for one in listeners),
            "lost": dict(sum((one.lost for one in listeners), Counter())),
        },
        "parts": {name: _part(seconds, held[first:]) for name, held in sampler.held.items()},
        "database_connections": _counted(seconds, sampler.connections[first:]),
    }


def _part(seconds: Sequence[float], held: Sequence[Held]) -> dict[str, Any]:
    """Medians, the growth of the heap and, because it is asked for, of the resident memory."""
    figures: dict[str, Any] = {
        f"{name}_mb": round(statistics.median(getattr(one, name) for one in held), 1) for name in ("rss", "pss", "own")
    }
    for name in ("own", "rss"):
        grew = slope(seconds, [getattr(one, name) for one in held])
        figures[f"{name}_growth_mb_per_h"] = grew.as_figures()
    figures["own_mb_each_minute"] = _each_minute(seconds, [one.own for one in held])
    figures["processes"] = max(one.processes for one in held)
    figures["descriptors"] = _counted(seconds, [one.descriptors for one in held])
    return figures


def _counted(seconds: Sequence[float], values: Sequence[int]) -> dict[str, Any]:
    """How many, and how many more at the end than at the beginning."""
    grew = slope(seconds, [float(value) for value in values])
    hours = (seconds[-1] - seconds[0]) / 3600
    grown = {name: round(value * hours, 2) for name, value in grew._asdict().items()}
    return {"median": statistics.median(values), "most": max(values), "grew_by": grown}


def _each_minute(seconds: Sequence[float], values: Sequence[float]) -> list[float]:
    of_minute: dict[int, list[float]] = {}
    for second, value in zip(seconds, values, strict=True):
        of_minute.setdefault(int(second // 60), []).append(value)
    return [round(statistics.median(each), 1) for each in of_minute.values()]


def _share(values: Sequence[float], share: float) -> float:
    return round(values[int(len(values) * share)], 3)


def _troubles(length: Length, figures: dict[str, Any], alive: dict[str, bool]) -> list[str]:
    """In words, what is not as it should be."""
    load = figures["load"]
    found = [f"{load[name]} {name}" for name in ("lost", "doubled", "refused") if load[name]]
    found += [f"{name} ended" for name, runs in alive.items() if not runs]
    found += [f"{count} times {status}" for status, count in figures["pages"]["statuses"].items() if status != "200"]
    if figures["sockets"]["lost"] or not figures["sockets"]["frames"]:
        found.append(f"sockets: {figures['sockets']}")
    for name in length.held:
        part = figures["parts"][name]
        if part["own_growth_mb_per_h"]["high"] > length.bound:
            found.append(f"{name} grows: {part['own_growth_mb_per_h']} MB an hour")
        files = part["descriptors"]
        if files["grew_by"]["high"] > max(DESCRIPTORS_BOUND, DESCRIPTORS_SHARE * files["median"]):
            found.append(f"{name} keeps files: {part['descriptors']}")
    if figures["database_connections"]["grew_by"]["high"] > DESCRIPTORS_BOUND:
        found.append(f"connections to the database: {figures['database_connections']}")
    return found
