"""The password of a meter on its pages, the test of a broker, and a broker that asks us who may come in."""

from __future__ import annotations

import html
import json
import re
import urllib.parse

import pytest
from django.core.cache import cache
from django.test import Client

from cercollettiva.core.models import MemberRole
from cercollettiva.energy.broker.verifiers import service_secret, verifies
from cercollettiva.energy.models import (
    DeviceConfiguration,
    DevicePlacement,
    MQTTAuditLog,
    MQTTBroker,
    MQTTConfiguration,
)
from tests.integration.core.scene import join, make_community, make_device, make_plant, make_user

pytestmark = pytest.mark.django_db

SECRET = re.compile(r"data-secret>([A-Za-z0-9_-]{43})<")


@pytest.fixture(autouse=True)
def _no_counts_of_others():
    cache.clear()


@pytest.fixture
def community():
    return make_community("A")


@pytest.fixture
def placement(community) -> DevicePlacement:
    plant = make_plant(1, cer_configuration=community, owner=make_user("owner"))
    return make_device(1, plant=plant, vendor="Shelly").placements.get()


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def technician(community) -> Client:
    user = make_user("technician", last_name="Neri")
    join(user, community, MemberRole.TECHNICAL)
    return client_of(user)


def card(placement) -> str:
    return f"/plants/{placement.plant_id}/mqtt/{placement.pk}/"


def stand_on(page: str) -> str:
    return re.search(r'name="stand" value="([^"]*)"', page)[1]


def test_a_password_is_made_on_the_card_and_shown_once(technician, placement):
    page = technician.get(card(placement)).content.decode()
    made = technician.post(f"{card(placement)}password/", {"stand": stand_on(page)})
    told = made.content.decode()
    secret = SECRET.search(told)[1]

    credential = MQTTConfiguration.objects.get()
    assert "non ha ancora una password" in page
    assert (credential.username, verifies(credential.verifier, secret)) == (placement.device.device_id, True)
    assert "no-store" in made["Cache-Control"]
    command = urllib.parse.unquote(html.unescape(re.search(r'data-copy="(http[^"]+)"', told)[1]))
    config = json.loads(command.partition("config=")[2])
    assert (config["user"], config["pass"]) == (placement.device.device_id, secret)
    for address in (card(placement), f"/energy/devices/{placement.device_id}/", "/energy/settings/mqtt/"):
        again = technician.get(address).content.decode()
        assert secret not in again
        assert credential.verifier not in again
    assert "Con questa password non si è ancora collegato" in technician.get(card(placement)).content.decode()
    line = MQTTAuditLog.objects.get()
    assert (line.action, line.detail, secret in str(line.__dict__)) == ("ISSUED", placement.device.device_id, False)
    assert "technician Neri" in technician.get(f"/energy/devices/{placement.device_id}/").content.decode()


def test_a_form_that_is_sent_twice_changes_the_password_once(technician, placement):
    stand = stand_on(technician.get(card(placement)).content.decode())
    secret = SECRET.search(technician.post(f"{card(placement)}password/", {"stand": stand}).content.decode())[1]

    again = technician.post(f"{card(placement)}password/", {"stand": stand}, follow=True).content.decode()

    assert "già stata cambiata" in again
    assert not SECRET.search(again)
    assert verifies(MQTTConfiguration.objects.get().verifier, secret)


def test_a_password_is_revoked_and_made_anew(technician, placement):
    stand = stand_on(technician.get(card(placement)).content.decode())
    first = SECRET.search(technician.post(f"{card(placement)}password/", {"stand": stand}).content.decode())[1]

    page = technician.post(f"{card(placement)}revoke/", follow=True).content.decode()
    assert "è stata revocata" in page
    assert not MQTTConfiguration.objects.in_force().exists()
    answer = technician.post(f"{card(placement)}password/", {"stand": stand_on(page)})
    second = SECRET.search(answer.content.decode())[1]

    verifier = MQTTConfiguration.objects.in_force().get().verifier
    assert (verifies(verifier, first), verifies(verifier, second)) == (False, True)
    assert list(MQTTAuditLog.objects.order_by("pk").values_list("action", flat=True)) == [
        "ISSUED",
        "REVOKED",
        "ROTATED",
    ]


def test_the_owner_reads_the_card_and_makes_no_password(placement):
    owner = client_of(placement.plant.owner)

    assert "la crea chi amministra o assiste" in owner.get(card(placement)).content.decode()
    for last in ("password/", "revoke/"):
        assert owner.post(card(placement) + last, {"stand": "-"}).status_code == 404
    assert not MQTTConfiguration.objects.exists()


def test_a_name_of_the_platform_gets_no_password(technician, placement):
    DeviceConfiguration.objects.filter(pk=placement.device_id).update(device_id="ingest-1")

    page = technician.post(f"{card(placement)}password/", {"stand": "-"}, follow=True).content.decode()

    assert "della piattaforma" in page
    assert not MQTTConfiguration.objects.exists()


def test_a_broker_is_tried_five_times_a_minute_and_each_try_is_written_down(technician):
    broker = MQTTBroker.objects.create(name="Casa", host="127.0.0.1", port=8883, is_active=True)
    asleep = MQTTBroker.objects.create(name="Vecchio", host="localhost")

    page = technician.get("/energy/settings/mqtt/").content.decode()
    answers = [
        technician.post(f"/energy/settings/mqtt/{broker.pk}/test/", follow=True).content.decode() for _ in range(6)
    ]

    assert "Prova il collegamento" in page
    assert "Vecchio" not in page
    assert all("Casa non risponde" in answer for answer in answers[:5])
    assert "aspetta" in answers[5]
    assert MQTTAuditLog.objects.filter(action="TESTED", actor__isnull=False, address="127.0.0.1").count() == 5
    assert technician.post(f"/energy/settings/mqtt/{asleep.pk}/test/").status_code == 404


class TestABrokerThatAsks:
    """EMQX, over HTTP."""

    KEY = "a secret of the broker and of nobody else"

    @pytest.fixture(autouse=True)
    def _asked(self, settings, placement, technician):
        settings.BROKER_AUTH_SECRET = self.KEY
        page = technician.post(f"{card(placement)}password/", {"stand": "-"}).content.decode()
        self.name, self.secret = placement.device.device_id, SECRET.search(page)[1]
        self.prefix = placement.device.topic_prefix

    def ask(self, path: str, *, key: str = KEY, body: object = None, **fields: str):
        given = json.dumps(fields if body is None else body)
        header = f"Bearer {key}"
        return Client().post(f"/mqtt/{path}/", given, content_type="application/json", HTTP_AUTHORIZATION=header)

    def test_a_device_comes_in_with_its_password_alone(self, placement):
        assert self.ask("auth", username=self.name, password=self.secret).json()["result"] == "allow"
        assert MQTTConfiguration.objects.get().last_connected_at is not None
        for username, password in ((self.name, "x"), (self.name, ""), ("nobody", self.secret), ("", "")):
            assert self.ask("auth", username=username, password=password).json()["result"] == "deny"
        assert self.ask("auth", username="rpc", password=service_secret("rpc")).json()["result"] == "allow"
        assert self.ask("auth", username="rpc", password=self.secret).json()["result"] == "deny"
        DeviceConfiguration.objects.filter(pk=placement.device_id).update(is_active=False)
        assert self.ask("auth", username=self.name, password=self.secret).json()["result"] == "deny"

    def test_what_it_may_is_what_mosquitto_is_told(self, technician, placement):
        def may(action: str, topic: str, username: str = "") -> bool:
            answer = self.ask("acl", username=username or self.name, action=action, topic=topic)
            return answer.json()["result"] == "allow"

        assert may("publish", f"{self.prefix}/status/em:0")
        assert may("subscribe", f"{self.prefix}/rpc")
        assert not may("publish", "cercollettiva/other/rpc")
        assert not may("subscribe", "#")
        assert not may("delete", f"{self.prefix}/status/em:0")
        assert may("subscribe", "$share/ingest/#", "ingest-2")
        assert may("publish", f"{self.prefix}/rpc", "rpc")
        technician.post(f"{card(placement)}revoke/")
        assert not may("publish", f"{self.prefix}/status/em:0")

    def test_who_does_not_know_the_secret_learns_nothing_and_is_soon_sent_away(self, settings):
        answers = [self.ask("auth", key=key, username=self.name, password=self.secret) for key in ("", "x", "é" * 3)]
        assert [answer.status_code for answer in answers] == [401] * 3
        later = [self.ask("acl", key="x").status_code for _ in range(30)]
        assert later[-1] == 429
        settings.BROKER_AUTH_SECRET = ""
        assert self.ask("auth", key="", username=self.name, password=self.secret).status_code == 404

    def test_guessing_one_users_password_ends_soon(self):
        for _ in range(10):
            self.ask("auth", username=self.name, password="guess")

        assert self.ask("auth", username=self.name, password=self.secret).json()["result"] == "deny"

    @pytest.mark.parametrize(
        "body", [[], "x", None, {"username": 1, "password": {}}, {"username": "a\0", "password": "b"}]
    )
    def test_nonsense_is_refused(self, body):
        answer = self.ask("auth", body=body if body is not None else [None])

        assert answer.json()["result"] == "deny"
        assert self.ask("auth", username="x" * 9000, password="y").status_code == 400
