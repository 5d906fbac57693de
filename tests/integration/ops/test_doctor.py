"""The doctor: each check turns red for what it is there for, says what to do, and none waits for another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from cercollettiva.energy.models import DeviceState, DirtyQuarter
from cercollettiva.monitoring import health
from cercollettiva.monitoring.backups import note_backup
from cercollettiva.ops import checks, doctor, jobs
from cercollettiva.users.models import CustomUser
from tests.integration.core.scene import make_device
from tests.support.certificates import self_signed
from tests.support.processes import make_folder
from tests.support.services import ROOT

pytestmark = pytest.mark.django_db(transaction=True)  # the checks ask from threads of their own

NOW = datetime.now(UTC)


def finding(name: str, **options: Any) -> doctor.Finding:
    [found] = doctor.examine([name], **options)
    assert found.ok is not bool(found.advice)
    return found


def test_the_configuration_is_red_with_a_warning_of_djangos_and_with_a_lost_key(settings):
    assert finding("configuration").ok, finding("configuration")
    CustomUser.objects.create_user("anna@example.it", iban="IT60X0542811101000000123456")
    assert finding("configuration").ok

    settings.FIELD_ENCRYPTION_KEYS = {"k9": os.urandom(32)}

    assert "FIELD_ENCRYPTION_KEYS" in finding("configuration").advice


def test_a_clock_that_is_wrong_is_red(monkeypatch):
    assert finding("clock").ok

    monkeypatch.setattr(health, "datetime", _ClockAhead)
    assert "10.0 secondi" in finding("clock").found
    monkeypatch.undo()
    monkeypatch.setattr(checks, "_now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
    assert "timedatectl" in finding("clock").advice


class _ClockAhead(datetime):
    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return datetime.now(tz) + timedelta(seconds=10)


def test_a_broker_that_is_not_named_or_not_there_or_hears_nobody_is_red(settings, mosquitto):
    settings.MQTT_URL = ""
    assert "MQTT_URL" in finding("broker").advice
    settings.MQTT_URL = mosquitto.url
    assert finding("broker").ok
    DeviceState.objects.create(device=make_device(), seq=1, last_seen=NOW - timedelta(hours=1))
    assert "misuratore" in finding("broker").found

    mosquitto.terminate()

    assert "non risponde" in finding("broker").found


def test_a_database_without_its_last_migration_or_its_month_is_red(monkeypatch):
    jobs.make_partitions(NOW)
    assert finding("database").ok, finding("database")
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM django_migrations")
        last = cursor.fetchone()[0]
        cursor.execute("SELECT app, name, applied FROM django_migrations WHERE id = %s", [last])
        row = cursor.fetchone()
        cursor.execute("DELETE FROM django_migrations WHERE id = %s", [last])
    try:
        assert "migrate" in finding("database").advice
    finally:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)", row)
    monkeypatch.setattr(checks, "_now", lambda: datetime(2049, 5, 1, tzinfo=UTC))
    assert "y2049m05" in finding("database").found
    monkeypatch.setattr(checks, "OLDEST_POSTGRES", 990_000)
    assert "PostgreSQL 15" in finding("database").advice


def test_a_queue_that_nobody_works_at_or_that_is_long_is_red(monkeypatch):
    assert "cercollettiva-work" in finding("queue").advice
    assert jobs.make_lock().hold()
    assert finding("queue").ok

    monkeypatch.setattr(health, "MANY_QUARTERS", 0)
    DirtyQuarter.objects.create(device=make_device(), start=NOW)

    assert "aggregate" in finding("queue").advice


def test_a_disk_that_fills_up_is_red_wherever_it_is(settings, tmp_path, monkeypatch):
    settings.BACKUP_DIR, settings.BROKER_FOLDER = str(tmp_path / "backups"), str(tmp_path / "broker")
    monkeypatch.setattr(health, "POSTGRES_FOLDER", tmp_path / "nowhere")  # the database is another machine's
    assert set(health.growing_folders()) == {"media", "broker", "backup"}
    (tmp_path / "postgresql").mkdir()
    monkeypatch.setattr(health, "POSTGRES_FOLDER", tmp_path / "postgresql")
    assert health.growing_folders()["database"] == tmp_path / "postgresql"
    plain = health.shutil.disk_usage
    assert finding("disk").ok

    usage = type(plain("/"))
    monkeypatch.setattr(
        health.shutil, "disk_usage", lambda path: usage(100, 95, 5) if path == tmp_path else plain(path)
    )

    assert "broker" in finding("disk").found
    assert health.system().status is health.Health.DEGRADED


def test_a_certificate_that_ends_or_cannot_be_read_is_red(settings, tmp_path, monkeypatch):
    self_signed(tmp_path)
    settings.CERTIFICATE_FILES = [str(tmp_path / "server.crt")]
    assert finding("certificates").ok

    monkeypatch.setattr(checks, "_now", lambda: NOW + timedelta(days=80))
    assert "rinnovalo" in finding("certificates").advice
    monkeypatch.undo()
    for name in ("nowhere.crt", "server.key"):
        settings.CERTIFICATE_FILES = [str(tmp_path / name)]
        assert "CERTIFICATE_FILES" in finding("certificates").advice


def test_a_certificate_of_the_broker_that_nobody_trusts_is_red(settings, start_mosquitto):
    folder = make_folder("untrusted")
    self_signed(folder)
    tls = {"certfile": str(folder / "server.crt"), "keyfile": str(folder / "server.key")}
    broker = start_mosquitto(folder=folder, settings=tls)
    settings.MQTT_URL = f"mqtts://localhost:{broker.port}"

    assert "self-signed" in finding("certificates").found


def test_packages_other_than_the_locked_and_an_old_pg_dump_are_red(settings, tmp_path, monkeypatch):
    assert finding("versions").ok, finding("versions")
    settings.BACKUP_DIR = str(tmp_path)
    monkeypatch.setattr(checks, "_dump_version", lambda: 9)
    assert "postgresql-client-" in finding("versions").advice
    (tmp_path / "lock").write_text("Django==1.0 \\\n    --hash=sha256:0\n")
    monkeypatch.setattr(checks, "LOCK_FILE", tmp_path / "lock")

    assert "Django" in finding("versions").found


def test_a_backup_that_is_missing_old_failed_or_gone_is_red(settings, tmp_path):
    assert finding("backup").ok  # of a laptop nobody asks for one
    settings.SESSION_COOKIE_SECURE = True
    assert "BACKUP_DIR" in finding("backup").advice
    settings.BACKUP_DIR, settings.BACKUP_KEYS = str(tmp_path), [os.urandom(32)]
    assert "manage.py backup" in finding("backup").advice
    (tmp_path / "a").touch()
    for age, ok in ((40, False), (3, True)):
        moment = datetime.now(UTC) - timedelta(hours=age)
        note_backup(started_at=moment, ended_at=moment, file_name="a", size=1)
        assert finding("backup").ok is ok
    (tmp_path / "a").unlink()
    assert "non è più" in finding("backup").found
    note_backup(started_at=datetime.now(UTC), ended_at=datetime.now(UTC), reason="disco pieno")
    assert "disco pieno" in finding("backup").found


@pytest.fixture
def never() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_one_that_hangs_or_fails_is_red_and_keeps_nobody_waiting(monkeypatch, never):
    monkeypatch.setattr(checks, "broker", never.wait)
    monkeypatch.setattr(checks, "disk", lambda: 1 / 0)
    began = time.monotonic()

    found = {each.name: each for each in doctor.examine(["broker", "disk", "clock"], limit=1.5)}

    assert time.monotonic() - began < 5
    assert {name: each.ok for name, each in found.items()} == {"broker": False, "disk": False, "clock": True}
    assert "1.5 secondi" in found["broker"].found


def test_the_command_prints_json_and_ends_with_one_when_anything_is_red(capsys, settings):
    settings.MQTT_URL = ""
    call_command("doctor", "--only", "clock", "--json")
    assert json.loads(capsys.readouterr().out)["ok"] is True

    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--only", "clock", "--only", "broker")

    assert ended.value.code == 1
    out = capsys.readouterr().out
    assert "verde  orologio" in out
    assert "ROSSO  broker: nessun broker indicato" in out


def test_settings_that_refuse_to_load_are_red_too():
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "cercollettiva.settings.production", "ALLOWED_HOSTS": ""}
    command = [sys.executable, str(ROOT / "manage.py"), "doctor", "--json"]

    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    [check] = json.loads(done.stdout)["checks"]
    assert (check["ok"], "ALLOWED_HOSTS" in check["found"]) == (False, True)
