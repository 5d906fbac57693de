"""The pages by which people add, change and close plants: what is asked back, what is refused, who may."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from cercollettiva.core.models import MemberRole, Plant
from cercollettiva.energy.models import DevicePlacement, DirtyQuarter
from tests.integration.core.scene import LONG_AGO, join, make_community, make_plant, make_user
from tests.integration.energy.meters import NOON, compute, make_meter, registers

pytestmark = pytest.mark.django_db


@pytest.fixture
def community():
    return make_community("A")


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def member(community):
    member = make_user("member")
    join(member, community)
    return member


@pytest.fixture
def admin(community):
    admin = make_user("admin")
    join(admin, community, MemberRole.ADMIN)
    return admin


@pytest.fixture
def client(member) -> Client:
    return signed_in(member)


def answers(community, **changes) -> dict[str, str]:
    return {
        "name": "Casa Rossi",
        "pod_code": "IT001E00000077",
        "plant_type": "PROSUMER",
        "cer_configuration": str(community.pk),
        "active_from": "2026-01-01",
        "nominal_power": "4,5",
        "connection_voltage": "BT",
        **changes,
    }


def refused(answer) -> str:
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    return " ".join(str(error) for errors in answer.context["form"].errors.values() for error in errors)


CREATE = "/plants/create/"


def test_a_member_adds_their_own_plant_and_is_led_to_its_meter(client, community, member):
    where = {"latitude": "44.4949", "longitude": "11,342600", "city": "Bologna"}

    answer = client.post(CREATE, answers(community, **where))

    plant = Plant.objects.get()
    assert answer["Location"] == reverse("core:plant-mqtt", args=[plant.pk])
    assert (plant.owner, plant.cer_configuration, plant.nominal_power) == (member, community, Decimal("4.5"))
    assert (plant.latitude, plant.longitude) == (Decimal("44.494900"), Decimal("11.342600"))
    assert plant.active_from.isoformat() == "2025-12-31T23:00:00+00:00"  # midnight in Italy


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nominal_power": "0.125"}, "Scrivi 0,125 per 125 W, oppure 125 per 125,00 kW"),
        ({"nominal_power": "1.234"}, "Scrivi 1,234 per 1,23 kW, oppure 1234 per 1.234,00 kW"),
        ({"nominal_power": "6000"}, "se volevi dire 6.000 W scrivi 6"),
        ({"storage_power_kw": "5000"}, "se volevi dire 5.000 W scrivi 5"),
        ({"nominal_power": "-18,017"}, "maggiore o uguale a 0"),
        ({"nominal_power": "sei"}, "Scrivi un numero"),
        ({"active_from": "2999-01-01"}, "È nel futuro"),
        ({"entry_into_operation": "01/01/2999"}, "È nel futuro"),
        ({"entry_into_operation": "0026-01-01"}, "quattro cifre"),
        ({"installation_date": "2025-05-01", "entry_into_operation": "2025-04-30"}, "prima dell’installazione"),
        ({"entry_into_operation": "2025-05-01", "commercial_operation": "2025-04-30"}, "prima dell’entrata"),
        ({"pod_code": "IT001E1234"}, "ne servono 14 o 15"),
        ({"latitude": "44,5"}, "tutte e due le coordinate"),
        ({"latitude": "51,5", "longitude": "0,1"}, "fuori dall’Italia"),
        ({"province": "Modena"}, "2 caratteri"),
        ({"zip_code": "4101"}, "cinque cifre"),
    ],
)
def test_what_is_wrong_or_doubtful_is_asked_back_and_what_was_written_stays(client, community, changes, words):
    answer = client.post(CREATE, answers(community, **changes))

    assert words in refused(answer)
    assert not Plant.objects.exists()
    name, typed = next(iter(changes.items()))
    assert answer.context["form"][name].value() == typed


@pytest.mark.parametrize(
    ("typed", "stored"), [("1.234,5", "1234.5"), ("0,125", "0.125"), ("6.5", "6.5"), ("18,017", "18.017")]
)
def test_a_number_with_one_reading_is_taken(client, community, typed, stored):
    client.post(CREATE, answers(community, nominal_power=typed, power_is_right="on"))

    assert Plant.objects.get().nominal_power == Decimal(stored)


def test_six_thousand_kilowatts_are_believed_when_somebody_insists(client, community):
    page = client.post(CREATE, answers(community, nominal_power="6000"))
    client.post(CREATE, answers(community, nominal_power="6000", power_is_right="on"))

    assert 'name="power_is_right"' in page.content.decode()
    assert Plant.objects.get().nominal_power == 6000


def test_the_pod_of_another_distributor_is_taken_and_explained(client, community):
    answer = client.post(CREATE, answers(community, pod_code="IT020E00000077"), follow=True)

    assert Plant.objects.get().pod_key == "IT020E00000077"
    assert "distributore 020" in answer.content.decode()


def test_a_pod_that_is_taken_is_refused_and_tells_nothing_of_whose_it_is(client, community):
    make_plant(77, name="Casa di un altro", cer_configuration=make_community("B"))

    answer = client.post(CREATE, answers(community))

    assert "già di un impianto" in refused(answer)
    assert "Casa di un altro" not in answer.content.decode()


def test_whoever_belongs_to_no_community_is_told_what_comes_first(community):
    client = signed_in(make_user("nobody"))

    page = client.get(CREATE)
    client.post(CREATE, answers(community))

    assert "Prima serve una comunità" in page.content.decode()
    assert not Plant.objects.exists()


def test_nobody_adds_a_plant_to_a_community_that_is_not_theirs(client):
    answer = client.post(CREATE, answers(make_community("B")))

    assert "cer_configuration" in answer.context["form"].errors
    assert not Plant.objects.exists()


def test_an_administrator_names_a_member_as_owner_and_nobody_else(admin, member, community):
    client = signed_in(admin)
    make_user("elsewhere")

    wrong = client.post(CREATE, answers(community, owner_email="elsewhere@example.it"))
    client.post(CREATE, answers(community, owner_email="Member@example.it"))

    assert "Nessun socio di questa comunità" in refused(wrong)
    assert Plant.objects.get().owner == member


def test_a_technician_leaves_the_owner_open_and_never_becomes_it(community):
    technician = make_user("technician")
    join(technician, community, MemberRole.TECHNICAL)

    signed_in(technician).post(CREATE, answers(community, owner_email="admin@example.it"))

    assert Plant.objects.get().owner is None


def test_a_plant_with_a_history_keeps_its_pod_and_its_start(client, community, member):
    plant = make_plant(1, owner=member, cer_configuration=community, nominal_power=6)
    make_meter(1, plant=plant)

    client.post(f"/plants/{plant.pk}/update/", answers(community, name="Nuovo nome"))

    plant.refresh_from_db()
    assert (plant.name, plant.pod_code, plant.active_from) == ("Nuovo nome", "IT001E00000001", LONG_AGO)


def test_another_type_counts_the_quarters_again(client, community, member):
    plant = make_plant(1, owner=member, cer_configuration=community, nominal_power=Decimal("4.5"))
    compute(registers(make_meter(1, plant=plant), [(60_000, 0)] * 15))
    assert not DirtyQuarter.objects.exists()

    client.post(f"/plants/{plant.pk}/update/", answers(community, plant_type="CONSUMER"))

    assert DirtyQuarter.objects.exists()


def test_a_plant_is_closed_after_a_confirmation_and_says_where_its_history_is(client, community, member):
    plant = make_plant(1, owner=member, cer_configuration=community)
    make_meter(1, plant=plant)
    address = f"/plants/{plant.pk}/delete/"

    assert client.post(address, {"closed_from": "2026-06-01"}).status_code == 200
    assert Plant.objects.get().active_to is None
    early = client.post(address, {"closed_from": "2024-06-01", "confirmed": "1"})
    late = client.post(address, {"closed_from": "2999-06-01", "confirmed": "1"})
    done = client.post(address, {"closed_from": "2026-06-01", "confirmed": "1"})

    assert "comincia il 01/01/2025" in refused(early)
    assert "È nel futuro" in refused(late)
    assert done["Location"] == f"/plants/{plant.pk}/"
    assert Plant.objects.get().active_to.isoformat() == "2026-05-31T22:00:00+00:00"
    assert DevicePlacement.objects.get().active_to == Plant.objects.get().active_to


def test_a_plant_without_anything_is_deleted_after_a_confirmation(client, community, member):
    plant = make_plant(1, owner=member, cer_configuration=community)

    client.post(f"/plants/{plant.pk}/delete/")
    assert Plant.objects.exists()
    client.post(f"/plants/{plant.pk}/delete/", {"confirmed": "1"})

    assert not Plant.objects.exists()


def test_a_neighbour_neither_sees_nor_changes_it(community):
    plant = make_plant(1, owner=make_user("owner"), cer_configuration=community)
    neighbour = make_user("neighbour")
    join(neighbour, community)
    client = signed_in(neighbour)

    for page in ("update/", "delete/", "mqtt/", "mqtt/add/"):
        assert client.get(f"/plants/{plant.pk}/{page}").status_code == 404
        assert client.post(f"/plants/{plant.pk}/{page}", {"confirmed": "1"}).status_code in (404, 405)
    assert "Casa 1" not in client.get("/plants/").content.decode()


def test_the_list_finds_filters_and_shows_the_map(client, community, member):
    make_plant(1, owner=member, cer_configuration=community, latitude=44, longitude=11)
    make_plant(2, owner=member, cer_configuration=community, active_to=NOON)

    open_ones = client.get("/plants/")
    closed = client.get("/plants/?stato=chiusi")
    nothing = client.get("/plants/?q=IT 001 E 99999999")

    assert [row["name"] for row in open_ones.context["plants"]] == ["Casa 1"]
    assert len(open_ones.context["pins"]["pins"]) == 1
    assert [row["name"] for row in closed.context["plants"]] == ["Casa 2"]
    assert "Nessun impianto così" in nothing.content.decode()
