"""The page by which a stranger is adopted: who may, what is suggested, what is confirmed, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cercollettiva.core.models import MemberRole, PlantType
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    MQTTAuditLog,
    Role,
    UnknownDevice,
)
from tests.integration.core.scene import join, make_community, make_device, make_plant, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NAME = "shellypro3em-a1b2c3"
PREFIX = f"cercollettiva/IT001E00000001/{NAME}"


@pytest.fixture
def plant():
    return make_plant(1, cer_configuration=make_community("A"))


@pytest.fixture
def technician(plant):
    technician = make_user("technician")
    join(technician, plant.cer_configuration, MemberRole.TECHNICAL)
    return technician


@pytest.fixture
def client(technician) -> Client:
    client = Client()
    client.force_login(technician)
    return client


@pytest.fixture
def stranger(plant) -> UnknownDevice:
    return make_stranger()


def make_stranger(prefix: str = PREFIX, topic: str = f"{PREFIX}/status/em:0") -> UnknownDevice:
    now = timezone.now()
    return UnknownDevice.objects.create(
        prefix=prefix, last_topic=topic, first_bytes=b"{}", first_seen=now, last_seen=now
    )


def address_of(stranger: UnknownDevice) -> str:
    return reverse("meters:stranger", args=[stranger.pk])


def choices(plant, **changes: str) -> dict[str, str]:
    return {
        "device_id": NAME,
        "kind": "SHELLY_PRO_3EM",
        "plant": str(plant.pk),
        "component": "",
        "role": "",
        "since": "2026-03-29T12:30",
        **changes,
    }


def test_the_form_opens_with_what_the_messages_suggest(client, stranger, plant):
    form = client.get(address_of(stranger)).context["form"]

    assert form["device_id"].value() == NAME
    assert form["kind"].value() == "SHELLY_PRO_3EM"
    assert form["plant"].value() == plant.pk
    assert form["component"].value() == "em:0"


def test_a_first_post_changes_nothing_and_says_what_will_be_done(client, stranger, plant):
    answer = client.post(address_of(stranger), choices(plant))

    page = answer.content.decode()
    assert not DeviceConfiguration.objects.exists()
    assert f"Stai per mettere {NAME} all’impianto Casa 1" in page
    assert "scambio con la rete" in page
    assert "29 mar 2026, 12:30" in page
    assert page.count('type="hidden" name=') >= 7


def test_one_may_go_back_and_change(client, stranger, plant):
    answer = client.post(address_of(stranger), choices(plant, change="1"))

    assert answer.context["adoption"] is None
    assert answer.context["form"]["device_id"].value() == NAME


def test_a_confirmed_post_adopts_and_says_what_comes_next(client, stranger, plant, technician):
    answer = client.post(address_of(stranger), choices(plant, confirmed="1"), follow=True)

    device = DeviceConfiguration.objects.get()
    role = ChannelRole.objects.get()
    assert answer.redirect_chain == [(reverse("meters:meter", args=[device.pk]), 302)]
    assert "il primo dato arriva entro pochi secondi" in answer.content.decode()
    assert (device.topic_prefix, role.component, role.role) == (PREFIX, "em:0", "EXCHANGE")
    assert role.active_from == datetime(2026, 3, 29, 10, 30, tzinfo=UTC)  # half past twelve in Italy
    assert (MQTTAuditLog.objects.get().actor, MQTTAuditLog.objects.get().address) == (technician, "127.0.0.1")
    assert client.get(reverse("meters:strangers")).context["strangers"] == []


def test_an_adoption_has_the_address_before_the_proxy(client, stranger, plant, settings):
    settings.PROXY_COUNT = 1

    client.post(address_of(stranger), choices(plant, confirmed="1"), HTTP_X_FORWARDED_FOR="192.0.2.77")

    assert MQTTAuditLog.objects.get().address == "192.0.2.77"


def test_sent_twice_the_second_finds_the_meter(client, stranger, plant):
    answers = [client.post(address_of(stranger), choices(plant, confirmed="1")) for _ in range(2)]

    assert answers[0].status_code == answers[1].status_code == 302
    assert answers[0]["Location"] == answers[1]["Location"]
    assert DeviceConfiguration.objects.count() == ChannelRole.objects.count() == MQTTAuditLog.objects.count() == 1


def test_a_producer_measures_production_unless_told_otherwise(client, stranger, plant):
    plant.plant_type = PlantType.PRODUCER
    plant.save()

    client.post(address_of(stranger), choices(plant, confirmed="1"))

    assert ChannelRole.objects.get().role == Role.PRODUCTION


def test_an_explicit_channel_and_role_win(client, stranger, plant):
    client.post(address_of(stranger), choices(plant, confirmed="1", component="em1:2", role="LOAD"))

    role = ChannelRole.objects.get()
    assert (role.component, role.role) == ("em1:2", "LOAD")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"device_id": ""}, "obbligatorio"),
        ({"device_id": "taken"}, "già"),
        ({"kind": "SHELLY_PRO_9EM"}, "Scegli"),
        ({"plant": "999999"}, "Scegli"),
        ({"component": "<b>"}, "Il canale si scrive come em:0"),
        ({"role": "GOD"}, "Scegli"),
        ({"since": "domani"}, "Scrivi giorno e ora"),
        ({"since": "2026-03-29T02:30"}, "2026-03-29"),  # an hour that the clock jumped over
        ({"since": "2999-01-01T00:00"}, "già passato"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_written_stays(client, stranger, plant, changes, reason):
    make_device(9, device_id="taken", topic_prefix="somewhere/else")

    answer = client.post(address_of(stranger), {**choices(plant, confirmed="1"), **changes})

    errors = " ".join(str(error) for errors in answer.context["form"].errors.values() for error in errors)
    assert answer.status_code == 200
    assert reason in errors
    assert 'role="alert"' in answer.content.decode()
    assert not ChannelRole.objects.exists()
    assert UnknownDevice.objects.count() == 1


def test_the_plant_of_another_community_cannot_be_chosen(client, stranger):
    foreign = make_plant(2, cer_configuration=make_community("B"))

    answer = client.post(address_of(stranger), choices(foreign, confirmed="1"))

    assert "plant" in answer.context["form"].errors
    assert "Casa 2" not in answer.content.decode()
    assert not DeviceConfiguration.objects.exists()


def test_nobody_takes_a_branch_of_topics_that_names_none_of_their_pods(client, plant):
    stranger = make_stranger("shared/IT001E00000001", "shared/IT001E00000001")

    page = client.get(address_of(stranger))
    client.post(address_of(stranger), choices(plant, confirmed="1"))

    assert "non si può adottare da qui" in page.content.decode()
    assert not DeviceConfiguration.objects.exists()


def test_a_post_without_its_token_is_refused(technician, stranger, plant):
    client = Client(enforce_csrf_checks=True)
    client.force_login(technician)

    assert client.post(address_of(stranger), choices(plant, confirmed="1")).status_code == 403
    assert not DeviceConfiguration.objects.exists()


def test_a_look_at_the_page_adopts_nothing(client, stranger, plant):
    client.get(address_of(stranger), choices(plant, confirmed="1"))

    assert not DeviceConfiguration.objects.exists()


def test_a_stranger_is_not_there_for_a_technician_of_another_community(stranger, plant):
    other = make_user("other")
    join(other, make_community("B"), MemberRole.TECHNICAL)
    client = Client()
    client.force_login(other)

    assert client.get(address_of(stranger)).status_code == 404
    assert client.post(address_of(stranger), choices(plant, confirmed="1")).status_code == 404
    assert not DeviceConfiguration.objects.exists()


def test_a_time_that_comes_twice_in_october_is_asked_about(client, stranger, plant):
    answer = client.post(address_of(stranger), choices(plant, confirmed="1", since="2025-10-26T02:30"))

    assert "since" in answer.context["form"].errors
