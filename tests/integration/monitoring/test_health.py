"""Health: every question has an end, whatever hangs; strangers learn one word, staff the rest."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from cercollettiva.energy.models import DeviceState, IngestBatch
from cercollettiva.monitoring import health
from cercollettiva.monitoring.health import PROBES, READY
from cercollettiva.monitoring.metrics import COUNTS
from cercollettiva.monitoring.probes import Answer, Health, Probe
from cercollettiva.users.models import CustomUser
from tests.integration.core.scene import make_device, make_user
from tests.support.mosquitto import MosquittoServer

pytestmark = pytest.mark.django_db
# The questions are asked in threads of their own, which see what was committed.
committed = pytest.mark.django_db(transaction=True)

PUBLIC = ("health", "health/database", "health/mqtt", "health/cache", "health/system", "health/queue", "live", "ready")


@pytest.fixture(autouse=True)
def _asked_afresh() -> Iterator[None]:
    for probe in (*PROBES.values(), *READY, COUNTS):
        probe.forget()
    yield
    for probe in (*PROBES.values(), *READY, COUNTS):
        probe.forget()


def client_of(user: CustomUser) -> Client:
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def took(client: Client, address: str) -> tuple[float, int, dict]:
    began = time.monotonic()
    answer = client.get(f"/monitoring/{address}/")
    return time.monotonic() - began, answer.status_code, answer.json()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A process that hangs: connections are taken, and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_strangers_learn_one_word():
    for address in PUBLIC:
        answer = Client().get(f"/monitoring/{address}/")

        assert set(answer.json()) == {"status"}
        assert "no-cache" in answer["Cache-Control"]


def test_a_database_that_hangs_makes_nobody_wait_longer_than_the_limit(silent_port, monkeypatch):
    visitor = client_of(make_user("anna"))  # whose cookie would be looked up in the database
    for key, value in {"HOST": "127.0.0.1", "PORT": silent_port}.items():
        monkeypatch.setitem(connections.settings["default"], key, value)

    for address in ("health", "ready", "health/database"):
        seconds, code, said = took(visitor, address)
        assert (code, said) == (503, {"status": "UNHEALTHY"})
        assert seconds < 4
    assert took(visitor, "live")[1] == 200
    assert took(visitor, "health/system")[1] == 200
    assert sum(thread.name == "probe database" for thread in threading.enumerate()) == 1  # asked once


@pytest.mark.parametrize("hangs", [True, False])
def test_a_broker_that_hangs_or_is_dead_is_noticed_and_pages_still_work(hangs, settings):
    with MosquittoServer() as broker:
        settings.MQTT_URL = broker.url
        assert took(Client(), "health/mqtt")[1:] == (200, {"status": "HEALTHY"})
        PROBES["mqtt"].forget()
        if hangs:
            os.kill(broker.pid, signal.SIGSTOP)
        else:
            broker.kill()
        try:
            seconds, code, said = took(Client(), "health/mqtt")
            assert (code, said) == (503, {"status": "UNHEALTHY"})
            assert seconds < 4
            assert took(Client(), "health")[1:] == (200, {"status": "DEGRADED"})
        finally:
            if hangs:
                os.kill(broker.pid, signal.SIGCONT)


@committed
def test_meters_that_are_not_heard_make_it_ill(settings):
    DeviceState.objects.create(device=make_device(), seq=1)
    with MosquittoServer() as broker:
        settings.MQTT_URL = broker.url
        for minutes, status in ((1, "HEALTHY"), (5, "DEGRADED"), (20, "UNHEALTHY")):
            DeviceState.objects.update(last_seen=timezone.now() - timedelta(minutes=minutes))
            PROBES["mqtt"].forget()

            assert took(Client(), "health/mqtt")[2] == {"status": status}


def test_staff_reads_every_part_with_its_time_and_nobody_else(settings):
    settings.SECOND_FACTOR_REQUIRED = False
    assert Client().get("/monitoring/status/").status_code == 401
    assert client_of(make_user("anna")).get("/monitoring/status/").status_code == 404

    said = client_of(make_user("staff", is_staff=True)).get("/monitoring/status/").json()

    assert said["status"] == "HEALTHY"
    assert set(said["checks"]) == {"database", "mqtt", "cache", "system", "queue", "backup"}
    for check in said["checks"].values():
        assert 0 <= check["response_time_ms"] < 2000
    assert said["checks"]["backup"]["details"] == {"last_backup": None}


def test_metrics_are_for_the_token_and_for_the_list(settings):
    settings.METRICS_TOKEN, settings.METRICS_NETWORKS = "", []
    assert Client().get("/monitoring/metrics/").status_code == 404
    assert Client(headers={"Authorization": "Bearer "}).get("/monitoring/metrics/").status_code == 404

    settings.METRICS_TOKEN = "a-token-of-prometheus"
    assert Client(headers={"Authorization": "Bearer another"}).get("/monitoring/metrics/").status_code == 404
    answer = Client(headers={"Authorization": "Bearer a-token-of-prometheus"}).get("/monitoring/metrics/")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")


def scraped(settings) -> dict[str, list]:
    settings.METRICS_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    found: dict[str, list] = {}
    for family in text_string_to_metric_families(Client().get("/monitoring/metrics/").content.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample)
    return found


@committed
def test_metrics_count_what_there_is_and_the_dashboard_asks_for_nothing_else(settings):
    now = timezone.now()
    DeviceState.objects.create(device=make_device(1), seq=1, last_seen=now - timedelta(seconds=30))
    DeviceState.objects.create(device=make_device(2), seq=2, last_seen=now - timedelta(hours=1))
    IngestBatch.objects.create(seq=1, ingestor="cer-1", committed_at=now - timedelta(seconds=10), fingerprints=b"")

    found = scraped(settings)

    assert [sample.value for sample in found["cer_devices"]] == [2]
    assert [sample.value for sample in found["cer_devices_online"]] == [1]
    assert 30 <= found["cer_newest_message_age_seconds"][0].value < 60
    assert found["cer_ingest_commit_age_seconds"][0].labels == {"ingestor": "cer-1"}
    health = {sample.labels["part"]: sample.value for sample in found["cer_health"]}
    assert health["database"] == 1
    dashboard = json.loads((Path(settings.BASE_DIR) / "docs/grafana/cercollettiva.json").read_text())
    asked = {name for panel in dashboard["panels"] for name in re.findall(r"\bcer_\w+", panel["targets"][0]["expr"])}
    assert asked - set(found) - {"cer_alerts", "cer_oldest_mail_seconds"} == set()  # no alert is open, no mail waits
    assert set(found) - asked == set()


def test_metrics_say_that_the_database_is_away_instead_of_waiting_for_it(silent_port, monkeypatch, settings):
    for key, value in {"HOST": "127.0.0.1", "PORT": silent_port}.items():
        monkeypatch.setitem(connections.settings["default"], key, value)
    began = time.monotonic()

    found = scraped(settings)

    assert time.monotonic() - began < 5
    assert {sample.labels["part"]: sample.value for sample in found["cer_health"]}["database"] == 0
    assert "cer_devices" not in found


def test_many_who_ask_at_once_ask_one_question():
    asked = []

    def slow() -> Answer:
        asked.append(1)
        time.sleep(0.2)
        return Answer(Health.HEALTHY)

    probe = Probe("slow", slow, limit=1)
    answers: list[Answer] = []
    crowd = [threading.Thread(target=lambda: answers.append(probe.answer())) for _ in range(10)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()

    assert len(asked) == 1
    assert {answer.status for answer in answers} == {Health.HEALTHY}


def test_a_question_that_fails_is_an_answer(caplog):
    def broken() -> Answer:
        raise OSError("no such disk")

    assert Probe("broken", broken).answer().status is Health.UNHEALTHY
    assert "The check of broken failed" in caplog.text


def test_a_process_with_a_full_disk_is_not_ready_and_one_with_little_room_is(monkeypatch):
    room = {"free": 0.05}
    usage = type(shutil.disk_usage("/"))
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _folder: usage(1000, 0, int(1000 * room["free"])))
    little = took(Client(), "ready")
    room["free"] = 0.01
    READY[1].forget()
    none = took(Client(), "ready")

    assert little[1:] == (200, {"status": "DEGRADED"})
    assert none[1:] == (503, {"status": "UNHEALTHY"})
