"""The guide on a plain host, without containers: what the units start, started here over PostgreSQL and Redis, with the
broker that the platform keeps and the guide's proxy, both with TLS.

A meter comes in with the password of its page, its watts are on the site, and it goes when it is revoked. The installer
runs once more, as an upgrade does; the backup before it is restored in an empty place; the doctor is green, then red.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from cercollettiva.ingest.mqtt import BrokerAddress
from cercollettiva.ops.meters import MetersTransport
from cercollettiva.ops.simulation.energy import CommunityEnergy
from cercollettiva.ops.simulation.lucernaia import COMMUNITY
from cercollettiva.ops.simulation.scenery import Point
from cercollettiva.ops.simulation.shelly import VirtualShelly
from tests.support import proxies
from tests.support.certificates import self_signed
from tests.support.installation import PARTS, Installation, own_environment
from tests.support.postgres import PostgresServer
from tests.support.processes import LOOPBACK, Child, free_port, make_folder, wait_until
from tests.support.proxies import SITE
from tests.support.redis import RedisServer
from tests.support.visitor import Visitor

NOW = datetime.now(UTC)
POINTS = [point for point in COMMUNITY.points if len(point.meters) == 1][:2]
COLUMNS = "pod_code,plant_name,plant_type,nominal_power_kw,device_id,device_type,topic_prefix,component,role"


class Host:
    """A small server after the guide: its parts run, and somebody has a browser at its proxy."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.stack = stack
        self.postgres = stack.enter_context(PostgresServer().start())
        self.redis = stack.enter_context(RedisServer().start())
        certificates = make_folder("certificates")
        self_signed(certificates, SITE)
        self.certificate = certificates / "server.crt"
        self.installed = Installation(folder / "host", trust=self.certificate)
        self.backups = self.installed.prefix / "var" / "backups" / "cercollettiva"
        self.meters_port = free_port()
        self.parts: dict[str, Child] = {}

    def install(self, *arguments: str) -> None:
        addresses = {"DATABASE_URL": self.postgres.url(), "REDIS_URL": self.redis.url}
        done = self.installed.install("--venv", own_environment(), "--quick", *arguments, **addresses)
        assert done.returncode == 0, done.stdout + done.stderr

    def give_the_broker_its_certificate(self) -> None:
        """As the guide's section 5 says; the ports are ours."""
        self.installed.configure(
            BROKER_LISTENER=f"{LOOPBACK}:{free_port()}",
            BROKER_TLS_LISTENER=f"{LOOPBACK}:{self.meters_port}",
            BROKER_CERTIFICATE=self.certificate,
            BROKER_CERTIFICATE_KEY=self.certificate.with_suffix(".key"),
            CERTIFICATE_FILES=self.certificate,
        )

    def start(self) -> None:
        for name in PARTS:
            self.parts[name] = self.installed.start(name)
            self.stack.callback(self.parts[name].terminate)

    def behind(self, proxy: proxies.Proxy) -> Visitor:
        return Visitor(SITE, self.stack.enter_context(proxy.start()).port, self.certificate)

    def says(self, part: str, word: str, *, within: float = 40) -> bool:
        return wait_until(lambda: word in self.parts[part].log.read_text(errors="replace"), within=within)

    def told_by_doctor(self) -> dict[str, bool]:
        told = json.loads(self.installed.manage("doctor", "--json").stdout)
        return {each["name"]: each["ok"] or each["found"] for each in told["checks"]}


class Meter:
    """A virtual Shelly with a password of its own, over TLS; it remembers what it said."""

    def __init__(self, point: Point, *, port: int, secret: str, trust: Path) -> None:
        energy = CommunityEnergy(COMMUNITY, origin=NOW.replace(minute=0, second=0, microsecond=0))
        self.shelly = VirtualShelly(point.meters[0], energy, started_at=NOW)
        name, ca = point.meters[0].device_id, trust.read_text()
        address = BrokerAddress("localhost", port, name, secret, tls=True, ca=ca)
        self.transport = MetersTransport(address, receive=lambda topic, payload: None)
        self.watts: set[float] = set()
        self._was_connected = False

    @property
    def is_connected(self) -> bool:
        self.transport.poll(0.05)
        return self.transport.is_connected

    def speak(self) -> None:
        """What it measures at this instant, and that it is there when it has just come."""
        if not self.is_connected:
            self._was_connected = False
            return
        now = datetime.now(UTC)
        messages = ([] if self._was_connected else self.shelly.birth()) + self.shelly.status(now)
        self._was_connected = True
        self.watts.add(round(float(str(self.shelly.em_status(now)["total_act_power"])), 1))
        for message in messages:
            self.transport.publish(message.topic, message.payload, qos=1, retain=message.retain)
        self.transport.poll(0.05)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with ExitStack() as stack:
        yield Host(tmp_path, stack)


def test_an_evening_with_the_guide_ends_with_watts_on_a_page_and_everything_comes_back(host, tmp_path):
    host.install("--site", SITE)
    host.give_the_broker_its_certificate()
    host.start()
    secrets_are_private_and_apart(host)
    visitor = the_site_answers_over_tls(host)
    set_up(host, visitor)
    register_the_meters(host, tmp_path / "meters.csv")

    meters = [the_meter_of(host, visitor, plant, point) for plant, point in enumerate(POINTS, start=1)]
    their_watts_appear(host, visitor, meters)
    the_revoked_one_is_cut_and_the_other_is_not(visitor, *meters)

    the_upgrade_keeps_configuration_and_the_backup_before_it(host)
    everything_is_restored_in_an_empty_place(host)
    the_doctor_is_green_and_red_without_the_broker(host)


def secrets_are_private_and_apart(host: Host) -> None:
    kept = {path: path.read_text() for path in (host.installed.env_file, host.installed.etc / "backup.env")}
    assert [path.stat().st_mode & 0o077 for path in kept] == [0, 0]
    assert "BACKUP_KEY" not in kept[host.installed.env_file]


def the_site_answers_over_tls(host: Host) -> Visitor:
    """Behind both of the proxies that the guide has."""
    for name in ("web", "live"):
        port = host.installed.ports[name]
        assert wait_until(lambda port=port: is_ready(port), within=60, every=0.2), host.parts[name].log_tail()
    for proxy in (proxies.nginx, proxies.caddy):
        visitor = host.behind(proxy(host.certificate, host.installed.ports))
        page = visitor.get("/")
        assert (page.status, "CerCollettiva" in page.text) == (200, True)
        assert page.headers["Strict-Transport-Security"].startswith("max-age=63072000")
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        style = re.findall(r'href="(/static/[^"]+\.css)"', page.text)[0]
        assert visitor.get(style).status == 200
    return visitor


def is_ready(port: int) -> bool:
    line = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
    try:
        line.request("GET", "/monitoring/ready/", headers={"Host": SITE, "X-Forwarded-Proto": "https"})
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


def set_up(host: Host, visitor: Visitor) -> None:
    """The first page, with the code that the server printed: whichever of the two came first."""
    logs = "\n".join(host.parts[name].log.read_text() for name in ("web", "live"))
    code = re.search(rf"https://{SITE}/setup/.*\n +(\S+)", logs)
    assert code, logs
    page = visitor.send(
        "/setup/",
        visitor.get("/setup/"),
        token=code[1],
        first_name="Ada",
        last_name="Neri",
        email="ada@example.it",
        password="quattro parole messe a caso",
        organisation="Ente di prova",
        legal_form="ASSOCIATION",
        community="Prova",
        primary_substation="",
    )
    assert "/setup/" not in page.text
    assert visitor.get("/dashboard/").status == 200


def register_the_meters(host: Host, path: Path) -> None:
    rows = [
        f"{point.pod},Casa {number},{point.kind},,{meter.device_id},{meter.type_code},{meter.topic_prefix},em:0,"
        "EXCHANGE,PROVA"
        for number, point in enumerate(POINTS, start=1)
        for meter in point.meters
    ]
    path.write_text("\n".join([f"{COLUMNS},community_code", *rows]) + "\n")
    done = host.installed.manage("import_devices", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


def the_meter_of(host: Host, visitor: Visitor, plant: int, point: Point) -> Meter:
    """Its password is made on its page and shown there once; without one it does not come in."""
    listed = visitor.get(f"/plants/{plant}/mqtt/").text
    card = re.findall(rf"/plants/{plant}/mqtt/\d+/", listed)[0]
    page = visitor.get(card)
    assert f"{SITE}:{host.meters_port}" in page.text  # what to write into the meter
    stand = re.findall(r'name="stand" value="([^"]*)"', page.text)[0]
    shown = visitor.send(f"{card}password/", page, stand=stand).text
    secret = re.findall(r"data-secret>([A-Za-z0-9_-]{43})<", shown)[0]
    return Meter(point, port=host.meters_port, secret=secret, trust=host.certificate)


def their_watts_appear(host: Host, visitor: Visitor, meters: list[Meter]) -> None:
    assert host.says("ingest", "Subscribed")

    def on_the_site(plant: int) -> float | None:
        shown: float | None = visitor.json(f"/api/plants/{plant}/data/")["current_power"]
        return shown

    def all_appear() -> bool:
        for meter in meters:
            meter.speak()
        return all(on_the_site(plant) in meter.watts for plant, meter in enumerate(meters, start=1))

    assert wait_until(all_appear, within=30, every=0.2), [meter.is_connected for meter in meters]
    with visitor.watch("/ws/plants/1/") as socket:
        meters[0].speak()
        assert json.loads(socket.recv(timeout=10))
    assert re.search(r'data-field="power"', visitor.get("/plants/1/").text)


def the_revoked_one_is_cut_and_the_other_is_not(visitor: Visitor, revoked: Meter, other: Meter) -> None:
    card = re.findall(r"/plants/1/mqtt/\d+/", visitor.get("/plants/1/mqtt/").text)[0]
    page = visitor.get(card)
    began = time.monotonic()
    visitor.send(f"{card}revoke/", page)

    assert wait_until(lambda: not revoked.is_connected, within=5)
    assert time.monotonic() - began < 5
    assert not wait_until(lambda: revoked.is_connected, within=2)  # it tries again all the time
    assert other.is_connected
    other.watts.clear()

    def is_heard() -> bool:
        other.speak()
        return visitor.json("/api/plants/2/data/")["current_power"] in other.watts

    assert wait_until(is_heard, within=10, every=0.2)
    other.transport.close()


def the_upgrade_keeps_configuration_and_the_backup_before_it(host: Host) -> None:
    """A backup, then the installer once more, beside what runs."""
    assert host.installed.manage("backup").returncode == 0
    kept = [host.installed.env_file, *host.backups.iterdir()]
    before = {path: path.read_bytes() for path in kept if path.is_file()}

    host.install()

    assert {path: path.read_bytes() for path in before} == before
    assert {path for path in host.backups.iterdir() if path.is_file()} <= set(before)  # and there is no other


def everything_is_restored_in_an_empty_place(host: Host) -> None:
    """Another database and other folders, with the keys of here."""
    elsewhere = make_folder("elsewhere")
    there = host.postgres.createdb("elsewhere")
    made = max(host.backups.glob("*.cerbackup"))
    kept = (host.installed.env_file, host.installed.etc / "backup.env")
    lines = [line for path in kept for line in path.read_text().splitlines()]
    env = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    env |= {"DATABASE_URL": there, "MEDIA_ROOT": str(elsewhere / "media"), "BROKER_FOLDER": str(elsewhere / "broker")}

    done = subprocess.run(
        [sys.executable, host.installed.app / "manage.py", "restore", made],
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    asked = (
        "SELECT (SELECT count(*) FROM energy_devicemeasurement), (SELECT count(*) FROM users_customuser),"
        " (SELECT count(*) FROM energy_mqttconfiguration WHERE revoked_at IS NULL)"
    )
    with psycopg.connect(there) as restored:
        values, people, credentials = restored.execute(asked).fetchone()  # type: ignore[misc]
    assert values > 2
    assert (people, credentials) == (1, 1)
    revoked, other = (point.meters[0].device_id for point in POINTS)
    passwords = (elsewhere / "broker" / "passwords").read_text()
    assert (f"{other}:" in passwords, f"{revoked}:" in passwords) == (True, False)


def the_doctor_is_green_and_red_without_the_broker(host: Host) -> None:
    found: dict[str, bool] = {}

    def all_green() -> bool:
        found.update(host.told_by_doctor())
        return all(ok is True for ok in found.values())

    assert wait_until(all_green, within=20, every=1), found  # `work` takes its lock at its first minute's tick
    assert set(found) >= {"broker", "database", "certificates", "backup"}
    assert json.loads(host.parts["work"].log_tail(1))["level"] == "INFO"

    host.parts["broker"].terminate()

    told = host.installed.manage("doctor")
    assert told.returncode == 1
    assert re.search(r"^ROSSO +broker", told.stdout, re.MULTILINE), told.stdout
    assert re.search(r"^verde +base di dati", told.stdout, re.MULTILINE), told.stdout


def test_a_wrong_command_line_changes_nothing(tmp_path):
    here = Installation(tmp_path / "host")

    assert here.install().returncode == 1
    assert here.install("--sight", SITE).returncode == 2
    assert here.install("--site", "x; rm -rf /").returncode == 1
    assert not (tmp_path / "host" / "etc").exists()


def test_an_installation_that_cannot_make_secrets_leaves_no_configuration_without_them(tmp_path):
    here = Installation(tmp_path / "host")
    (tmp_path / "broken").mkdir()

    done = here.install("--site", SITE, "--venv", str(tmp_path / "broken"))

    assert (done.returncode, "no Python" in done.stderr) == (1, True)
    assert list(here.etc.iterdir()) == []
