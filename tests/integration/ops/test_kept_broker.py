"""The broker that the platform keeps, as Mosquitto runs it: asserted is what arrives, never what is acknowledged.

A subscription that is denied is granted all the same, and whoever publishes what it may not is cut.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from cercollettiva.energy.broker import credentials
from cercollettiva.energy.broker.verifiers import service_secret
from cercollettiva.energy.models import DeviceConfiguration, MQTTAuditLog, MQTTConfiguration
from cercollettiva.energy.placements import By
from cercollettiva.monitoring.broker_state import Trouble, state_of
from cercollettiva.monitoring.models import Alert, AlertState
from cercollettiva.ops.mosquitto import writing
from cercollettiva.ops.mosquitto.files import CONFIGURATION, LOG, PASSWORDS, PID_FILE, RIGHTS
from cercollettiva.ops.mosquitto.watch import BrokerWatch
from cercollettiva.settings.env import endpoint
from tests.integration.core.scene import make_community, make_user
from tests.support.kept_broker import START, KeptBroker, forge, make_devices, prefix_of
from tests.support.processes import wait_until

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SPOKEN = ("status/em:0", "events/rpc", "rpc", "command", "online")


@pytest.fixture
def kept(settings, own_parts: ExitStack) -> KeptBroker:
    """With the files of no device yet; `start` it after `writing.write`."""
    broker = KeptBroker(settings)
    own_parts.callback(broker.remove)
    return broker


def started(kept: KeptBroker) -> KeptBroker:
    writing.write(kept.folder)
    kept.start()
    return kept


def of(name: str) -> DeviceConfiguration:
    return DeviceConfiguration.objects.get(device_id=name)


def test_no_device_says_or_hears_anything_for_another(kept):
    """A thousand pairs and more: 26 devices speak in the name of 40 and listen to all they can think of."""
    secrets = make_devices(40)
    started(kept)
    names = list(secrets)
    forgers = names[:26]
    pairs = [(a, b) for a, b in product(forgers, names) if a != b]
    reader = kept.client("ingest-1").subscribe("#")
    everything = ("#", "$SYS/#", "+/+/+/rpc", "heal/#", "cercollettiva/#", "$share/x/#", f"{prefix_of(names[-1])}/rpc")
    clients = {name: kept.client(name, secrets[name]) for name in names}
    for name, client in clients.items():
        client.subscribe(f"{prefix_of(name)}/rpc", *(everything if name in forgers else ()))
        client.publish([f"{prefix_of(name)}/status/em:0", f"heal/{name}/rpc"], b"honest")
    rpc = kept.client("rpc")
    rpc.publish([f"{prefix_of(name)}/rpc" for name in names], b"asked")
    assert all(client.serve_until(lambda client=client: client.came) for client in clients.values())
    heard = {name: client.came for name, client in clients.items()}
    cut_in_peace = [name for name, client in clients.items() if client.cuts]

    for number, (a, b) in enumerate(pairs):
        forge(kept.port, a, secrets[a], f"{prefix_of(b)}/{SPOKEN[number % len(SPOKEN)]}")
    for topic in (
        f"heal/{names[1]}/rpc",
        "cercollettiva/ingest/ingest-1/marker",
        "$SYS/x",
        "x",
        "heal",
        "cercollettiva",
    ):
        forge(kept.port, names[0], secrets[names[0]], topic)
    for topic in (f"{prefix_of(names[0])}/command", f"{prefix_of(names[0])}/status/em:0"):
        forge(kept.port, "rpc", service_secret("rpc"), topic)
    forge(kept.port, "ingest-3", service_secret("ingest-3"), f"{prefix_of(names[0])}/rpc")
    last = f"{prefix_of(names[-1])}/last"
    clients[names[-1]].publish([last], b"honest")

    assert reader.serve_until(
        lambda: reader.came and reader.came[-1][0] == last
    )  # what was sent before has arrived, or never will
    for name in names[26:]:
        clients[name].serve_until(lambda: False, within=0.05)
    assert len(pairs) == 1014
    assert cut_in_peace == []
    assert heard == {name: [(f"{prefix_of(name)}/rpc", b"asked")] for name in names}
    assert [one for client in (reader, *clients.values()) for one in client.came if one[1] == b"forged"] == []
    assert len(reader.came) == 3 * len(names) + 1


def test_a_wider_line_would_be_seen(kept):
    """The control arm of the pairs: one right too many, and what was forged arrives."""
    secrets = make_devices(2)
    started(kept)
    a, b = secrets
    with (kept.folder / RIGHTS).open("a") as rights:
        rights.write(f"\nuser {a}\ntopic write cercollettiva/#\n")
    kept.send(signal.SIGHUP)
    victim = kept.client(b, secrets[b]).subscribe(f"{prefix_of(b)}/rpc")
    forger = kept.client(a, secrets[a])

    assert wait_until(
        lambda: (
            forger.publish([f"{prefix_of(b)}/rpc"], b"forged") or victim.serve_until(lambda: victim.came, within=0.2)
        ),
        within=5,
    )


def test_a_revoked_device_is_cut_within_five_seconds_and_no_other(kept):
    secrets = make_devices(30)
    started(kept)
    watch = BrokerWatch(kept.folder)
    watch.turn(timezone.now())
    names = list(secrets)
    clients = {name: kept.client(name, secrets[name]) for name in names}
    by = By(make_user("technician"))

    assert credentials.revoke(of(names[0]), at=timezone.now(), by=by)
    began = time.monotonic()
    watch.turn(timezone.now())
    cut = clients[names[0]].serve_until(lambda: clients[names[0]].cuts, within=5)
    took = time.monotonic() - began

    assert cut
    assert took < 4  # and the watch looks every second
    assert kept.client(names[0], secrets[names[0]]).answer == "Not authorized"
    for name in names[1:]:
        clients[name].publish([f"{prefix_of(name)}/status/em:0"], b"{}")
    assert not any(clients[name].cuts for name in names[1:])
    assert [line.action for line in MQTTAuditLog.objects.order_by("pk")][-2:] == ["REVOKED", "FILES_WRITTEN"]

    second = credentials.issue(of(names[0]), stand=credentials.stand_of(of(names[0])), at=timezone.now(), by=by)
    watch.turn(timezone.now())
    assert wait_until(lambda: kept.client(names[0], second).is_in, within=5)
    assert kept.client(names[0], secrets[names[0]]).answer == "Not authorized"
    watch.turn(timezone.now())  # the broker's log has told it meanwhile
    connected = MQTTConfiguration.objects.get(username=names[0]).last_connected_at
    assert abs(timezone.now() - connected) < timedelta(minutes=1)


def impostor_at(kept: KeptBroker, secrets: dict[str, str]) -> int:
    (name,) = secrets
    reader = kept.client("ingest-1", clean=False).subscribe("#")
    impostor = kept.client(name, secrets[name], client_id="ingest-1")
    impostor.publish([f"{prefix_of(name)}/status/em:0"], b"{}")
    reader.serve_until(lambda: reader.cuts, within=2)
    return reader.cuts


def test_a_device_that_calls_itself_ingestor_throws_nobody_out_and_where_names_are_free_it_does(kept):
    secrets = make_devices(1)
    started(kept)

    assert impostor_at(kept, secrets) == 0

    kept.terminate()
    configuration = kept.folder / CONFIGURATION
    free = configuration.read_text().replace("use_username_as_clientid true\n", "")
    configuration.write_text(free)
    kept.start()
    assert impostor_at(kept, secrets) == 1  # the control arm


def test_what_waits_for_an_ingestor_outlives_the_broker_and_no_queue_ends_at_a_thousand(kept):
    secrets = make_devices(1)
    started(kept)
    (name,) = secrets
    reader = kept.client("ingest-2", clean=False).subscribe("#")
    reader.leave()
    kept.client(name, secrets[name]).publish([f"{prefix_of(name)}/status/em:0"] * 2500, b"{}")

    kept.kill()
    kept.start()
    reader = kept.client("ingest-2", clean=False)
    reader.serve_until(lambda: len(reader.came) >= 2500, within=3)

    assert len(reader.came) >= 2400  # what a kill may lose: a hundred


def test_the_files_are_private_and_written_only_when_they_change(kept, capsys):
    secrets = make_devices(3)
    os.umask(previous := os.umask(0))
    (kept.folder / "x").touch(mode=0o666)

    first = writing.write(kept.folder)
    times = {name: (kept.folder / name).stat().st_mtime_ns for name in (PASSWORDS, RIGHTS, CONFIGURATION, "reload")}
    second = writing.write(kept.folder)

    assert (first.devices, sorted(first.changed)) == (3, sorted([PASSWORDS, RIGHTS, CONFIGURATION]))
    assert (second.changed, second.told, previous) == ([], False, previous)
    for name, moment in times.items():
        status = (kept.folder / name).stat()
        assert (name, status.st_mode & 0o777, status.st_mtime_ns) == (name, 0o600, moment)
    written = "".join((kept.folder / name).read_text() for name in times)
    assert not any(secret in written for secret in secrets.values())
    assert not re.search(
        r"^pattern|topic (read|write|readwrite) #$", (kept.folder / RIGHTS).read_text().split("user rpc")[1], re.M
    )
    (kept.folder / PASSWORDS).chmod(0o644)
    with pytest.raises(SystemExit) as ended:
        call_command("broker_config", check=True, json=True)
    told = json.loads(capsys.readouterr().out)
    assert (ended.value.code, told["changed"], len(told["problems"])) == (1, [PASSWORDS], 1)
    call_command("broker_config", json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["changed"], told["devices"], told["folder"]) == ([PASSWORDS], 3, str(kept.folder))
    call_command("broker_config", check=True)


def test_a_crash_before_the_broker_was_told_is_made_good(kept):
    make_devices(1)
    started(kept)
    (kept.folder / "reload").unlink()

    done = writing.write(kept.folder)

    assert (done.changed, done.told, done.signalled) == ([], True, kept.pid)


def test_only_mosquitto_is_told_whatever_the_pid_file_says(kept):
    writing.write(kept.folder)
    for pid in (str(os.getpid()), "1", "0", "-1", "x", ""):
        (kept.folder / PID_FILE).write_text(pid)

        assert writing.broker_pid(kept.folder) is None


@pytest.mark.parametrize(
    ("setting", "value", "word"),
    [
        ("BROKER_PLAIN_LISTENER", "0.0.0.0:1883", "LAN"),
        ("BROKER_PLAIN_LISTENER", "8.8.8.8:1883", "public"),
        ("BROKER_LISTENER", "[2606:4700::1]:1883", "public"),
        ("BROKER_CERTIFICATE", "/x/cert.pem", "together"),
    ],
)
def test_a_setting_that_would_open_the_broker_is_refused(kept, settings, setting, value, word):
    setattr(settings, setting, value if setting == "BROKER_CERTIFICATE" else endpoint("-", value))

    with pytest.raises(CommandError, match=word):
        call_command("broker_config")
    assert not (kept.folder / CONFIGURATION).exists()


def test_a_state_that_does_not_load_is_moved_aside_and_people_are_told(kept):
    """Fault 14. Mosquitto itself refuses to start with it."""
    secrets = make_devices(1)
    started(kept)
    (name,) = secrets
    kept.client("ingest-1", clean=False).subscribe("#").leave()
    kept.client(name, secrets[name]).publish([f"{prefix_of(name)}/online"] * 300, b"true")
    kept.terminate()
    database = kept.folder / "state" / "mosquitto.db"
    os.truncate(database, database.stat().st_size - 7)
    refusing = subprocess.run(
        ["mosquitto", "-c", str(kept.folder / CONFIGURATION)],
        env=os.environ | {"PATH": os.environ["PATH"] + ":/usr/sbin"},
        capture_output=True,
        timeout=10,
    )
    assert refusing.returncode != 0

    began = time.monotonic()
    kept.start()

    assert time.monotonic() - began < 10
    assert kept.client(name, secrets[name]).is_in
    assert state_of(kept.folder).troubles == [Trouble.STATE_LOST]
    assert len(list(database.parent.glob("mosquitto.db.*.broken"))) == 1
    watch = BrokerWatch(kept.folder)
    watch.turn(NOW)
    alert = Alert.objects.get()
    assert (alert.is_platform, alert.kind, alert.state) == (True, "broker-state-lost", AlertState.OPEN)
    assert "messo da parte" in alert.message
    assert state_of(kept.folder).troubles == []
    kept.terminate()
    subprocess.run([START, kept.folder, "--check"], check=True, timeout=20)  # a good state stays where it is
    assert database.exists()


def test_the_stamp_has_a_broker_in_a_container_read_its_files(settings, own_parts):
    broker = KeptBroker(settings, "--watch")
    own_parts.callback(broker.remove)
    secrets = make_devices(2)
    started(broker)
    (broker.folder / PID_FILE).unlink()  # its number means nothing outside the container
    a, b = secrets
    clients = {name: broker.client(name, secrets[name]) for name in secrets}
    credentials.revoke(of(a), at=timezone.now(), by=By(make_user("technician")))

    done = writing.write(broker.folder)

    assert (done.told, done.signalled) == (True, None)
    assert clients[a].serve_until(lambda: clients[a].cuts, within=5)
    clients[b].publish([f"{prefix_of(b)}/online"], b"true")
    assert not clients[b].cuts
    assert broker.terminate() is not None  # in good order: the shell hands the signal on
    assert not wait_until(lambda: False, within=0.1)
    assert "terminating" in (broker.folder / LOG).read_text() or not broker.running


@pytest.mark.skipif(os.geteuid() != 0, reason="a disk of two megabytes is mounted by root alone")
def test_a_full_disk_is_noticed_although_the_broker_goes_on_acknowledging(kept):
    """Fault 13, on a real disk of 2 MB."""
    make_community("A")
    secrets = make_devices(1)
    (name,) = secrets
    state = Path(kept.folder / "state")
    state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", state], check=True)
    try:
        started(kept)
        watch = BrokerWatch(kept.folder)
        watch.turn(NOW)
        assert not Alert.objects.exists()
        kept.client("ingest-1", clean=False).subscribe("#").leave()
        device = kept.client(name, secrets[name])
        for _ in range(5):
            device.publish([f"{prefix_of(name)}/online"] * 500, b"x" * 1000)  # every one acknowledged

        BrokerWatch(kept.folder).turn(NOW + timedelta(seconds=30))

        kinds = set(Alert.objects.values_list("kind", flat=True))
        assert kinds == {"broker-disk-full", "broker-not-saved"}
        assert Trouble.DISK_FULL in state_of(kept.folder).troubles
    finally:
        kept.kill()
        subprocess.run(["umount", state], check=True)
    assert state_of(kept.folder).troubles == []
    BrokerWatch(kept.folder).turn(NOW + timedelta(minutes=2))
    assert not Alert.objects.unresolved().filter(kind="broker-disk-full").exists()
