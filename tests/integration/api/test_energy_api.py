"""The REST API of plants and devices: who may do what, what is written, what stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cercollettiva.core.models import Plant, PlantType
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DevicePlacement,
    EnergyAggregate,
    IntervalQuality,
    IntervalSource,
    Period,
    SubjectKind,
)
from cercollettiva.energy.queries import local_midnight
from cercollettiva.users.models import AuditLine
from tests.integration.api.scene import Api, give_role, make_api, make_measured_plant, power_sample, save, speak
from tests.integration.api.test_core_api import in_the_view
from tests.integration.core.scene import make_device, make_plant

pytestmark = pytest.mark.django_db

ROUTERS = ("/energy/api", "/api/energy", "/api/energy/api")
PLANT_FIELDS = {
    *("id", "name", "pod_code", "plant_type", "owner", "cer_configuration", "nominal_power", "connection_voltage"),
    *("installation_date", "address", "city", "zip_code", "province", "is_active", "mqtt_connected", "created_at"),
    *("updated_at", "device_count", "plant_type_display", "cer_configuration_name"),
}
DEVICE_FIELDS = {
    *("id", "device_id", "device_type", "vendor", "model", "mqtt_topic_template", "is_active", "plant", "last_seen"),
}
NEW = {"name": "Casa nuova", "pod_code": "IT001E00009999", "plant_type": "PROSUMER"}


@pytest.fixture
def api() -> Api:
    return make_api()


def post(client: Client, address: str, body: Any, **headers: str) -> Any:
    return client.post(address, body, content_type="application/json", headers=headers)


def patch(client: Client, address: str, body: Any) -> Any:
    return client.patch(address, body, content_type="application/json")


@pytest.mark.parametrize("router", ROUTERS)
def test_the_router_stands_at_three_addresses(router: str, api: Api):
    page = api.client("admin").get(f"{router}/plants/").json()

    assert (page["count"], page["next"], page["previous"]) == (1, None, None)
    assert set(page["results"][0]) == PLANT_FIELDS
    assert page["results"][0]["device_count"] == 1
    assert page["results"][0]["mqtt_connected"] is True


def test_lists_take_the_same_queries_for_one_and_for_many(api: Api):
    client = api.client("admin")
    addresses = [
        "/api/energy/plants/",
        "/api/energy/devices/",
        "/api/energy/measurements/latest/",
        "/api/energy/measurements/?from=2026-01-01",
    ]
    save(power_sample(api.scene.a.device, api.now, 100))
    few = [in_the_view(client, address) for address in addresses]
    for number in range(10):
        plant = make_measured_plant(700 + number, PlantType.CONSUMER, power=1, cer_configuration=api.scene.a.cer)
        device = DeviceConfiguration.objects.get(placements__plant=plant)
        save(*(power_sample(device, api.now - timedelta(seconds=second), 100) for second in range(3)))

    assert [in_the_view(client, address) for address in addresses] == few
    assert max(few) <= 3
    assert in_the_view(client, "/api/energy/measurements/") <= 4  # a wider window where the newest hour is empty


def test_plants_are_searched_filtered_ordered_and_paged(api: Api):
    for number, name in ((801, "Alfa"), (802, "Beta"), (803, "Gamma")):
        make_plant(number, name=name, cer_configuration=api.scene.a.cer, plant_type=PlantType.CONSUMER)
    client = api.client("admin")

    def names(query: str) -> list[str]:
        return [row["name"] for row in client.get(f"/api/energy/plants/?{query}").json()["results"]]

    assert names("search=bet") == ["Beta"]
    assert names("search=IT001E 00000803") == ["Gamma"]
    assert names("plant_type=CONSUMER&ordering=-name") == ["Gamma", "Beta", "Alfa"]
    assert names("page_size=2&page=2") == ["Casa 65", "Gamma"]
    assert client.get("/api/energy/plants/?page=9").status_code == 404


def test_a_member_makes_a_plant_of_their_own_and_a_manager_one_without_an_owner(api: Api):
    cer = api.scene.a.cer.pk
    own = post(api.client("member"), "/api/energy/plants/", {**NEW, "cer_configuration": cer})
    body = {**NEW, "pod_code": "IT001E00009998", "cer_configuration": cer}
    managed = post(api.client("technician"), "/api/energy/plants/", body)

    assert (own.status_code, own.json()["owner"]) == (201, api.scene.a.member.pk)
    assert (managed.status_code, managed.json()["owner"]) == (201, None)


def test_what_may_not_be_written_is_not(api: Api):
    """Fields that are read-only, of others or not there at all change nothing."""
    forbidden = {"owner": api.scene.b.member.pk, "id": 5, "created_at": "2020-01-01", "is_staff": True, "pod_key": "x"}
    made = post(api.client("member"), "/api/energy/plants/", {**NEW, **forbidden}).json()

    changed = patch(api.client("member"), f"/api/energy/plants/{made['id']}/", {**forbidden, "name": "Altro"}).json()

    assert (changed["owner"], changed["id"], changed["name"]) == (api.scene.a.member.pk, made["id"], "Altro")
    assert changed["created_at"] == made["created_at"]


def test_a_community_one_does_not_see_is_not_there_for_a_new_plant(api: Api):
    foreign = post(api.client("member"), "/api/energy/plants/", {**NEW, "cer_configuration": api.scene.b.cer.pk})
    missing = post(api.client("member"), "/api/energy/plants/", {**NEW, "cer_configuration": 999_999})

    assert foreign.status_code == missing.status_code == 400
    assert list(foreign.json()) == list(missing.json()) == ["cer_configuration"]
    assert not Plant.objects.filter(pod_code=NEW["pod_code"]).exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"pod_code": "IT00"}, "pod_code"),
        ({"pod_code": "IT001E00000065"}, "pod_code"),  # the member's own
        ({"plant_type": "SUN"}, "plant_type"),
        ({"nominal_power": -1}, "nominal_power"),
        ({"nominal_power": "NaN"}, "nominal_power"),
        ({"zip_code": "1234"}, "zip_code"),
        ({"province": "milano"}, "province"),
        ({"installation_date": "31/31/2020"}, "installation_date"),
        ({"name": "x" * 201}, "name"),
        ({"name": "nul\0"}, "name"),
    ],
)
def test_a_bad_field_is_refused_by_its_name(change: dict[str, Any], field: str, api: Api):
    answer = post(api.client("member"), "/api/energy/plants/", {**NEW, **change})

    assert (answer.status_code, list(answer.json())) == (400, [field])


def test_a_body_that_is_not_json_or_too_large_is_refused(api: Api):
    client = api.client("member")
    address = "/api/energy/plants/"

    assert client.post(address, "{", content_type="application/json").status_code == 400
    assert client.post(address, "x=1", content_type="application/x-www-form-urlencoded").status_code == 415
    assert client.post(address, "[" * 200_000, content_type="application/json").status_code == 400
    assert client.post(address, " " * 1_100_000, content_type="application/json").status_code == 413
    assert client.post(address, "[1]", content_type="application/json").status_code == 400
    assert client.get(address, headers={"accept": "image/png"}).status_code == 406


def test_delete_closes_a_plant_that_has_a_history(api: Api):
    plant, device = api.scene.a.plant, api.scene.a.device

    answer = api.client("admin").delete(f"/api/energy/plants/{plant.pk}/")

    plant.refresh_from_db()
    placement = DevicePlacement.objects.get(device=device)
    assert (answer.status_code, plant.is_active) == (204, False)
    assert plant.active_to is not None
    assert placement.active_to == plant.active_to
    assert ChannelRole.objects.get(device=device).active_to == plant.active_to
    assert api.client("admin").delete(f"/api/energy/plants/{plant.pk}/").status_code == 204
    assert Plant.objects.get(pk=plant.pk).active_to == plant.active_to


def test_delete_takes_away_a_plant_of_which_nothing_is_known(api: Api):
    plant = make_plant(810, owner=api.scene.a.member)

    assert api.client("member").delete(f"/api/energy/plants/{plant.pk}/").status_code == 204
    assert not Plant.objects.filter(pk=plant.pk).exists()


def test_delete_closes_a_device_and_its_figures_stay(api: Api):
    device = api.scene.a.device
    save(power_sample(device, api.now - timedelta(minutes=1), 50))

    answer = api.client("technician").delete(f"/api/energy/devices/{device.pk}/")

    device.refresh_from_db()
    assert (answer.status_code, device.is_active) == (204, False)
    assert device.measurements.count() == 1
    assert api.client("technician").get(f"/api/energy/devices/{device.pk}/").status_code == 404
    rows = api.client("technician").get(f"/api/energy/measurements/?device={device.pk}").json()["results"]
    assert [row["power"] for row in rows] == [50]


def test_a_plant_does_not_change_community_nor_pod_once_it_was_measured(api: Api):
    client, address = api.client("staff"), f"/api/energy/plants/{api.scene.a.plant.pk}/"

    moved = patch(client, address, {"cer_configuration": api.scene.b.cer.pk})
    renamed = patch(client, address, {"pod_code": "IT001E00007777"})

    assert (moved.status_code, list(moved.json())) == (400, ["cer_configuration"])
    assert (renamed.status_code, list(renamed.json())) == (400, ["pod_code"])


def test_a_plant_that_enters_its_first_community_counts_from_then_on(api: Api):
    since = api.now - timedelta(days=90)
    plants = [make_plant(870, active_from=since), make_plant(871, active_from=since, active_to=since)]

    for plant in plants:
        answer = patch(
            api.client("staff"), f"/api/energy/plants/{plant.pk}/", {"cer_configuration": api.scene.a.cer.pk}
        )
        plant.refresh_from_db()
        assert (answer.status_code, plant.cer_configuration) == (200, api.scene.a.cer)

    joined, closed = plants
    assert joined.active_from >= api.now
    assert closed.active_from == since


def test_a_plant_in_a_community_keeps_its_beginning(api: Api):
    plant = api.scene.a.plant

    answer = patch(
        api.client("staff"),
        f"/api/energy/plants/{plant.pk}/",
        {"cer_configuration": api.scene.a.cer.pk, "name": "Casa"},
    )

    before, name = plant.active_from, plant.name
    plant.refresh_from_db()
    assert (answer.status_code, plant.active_from) == (200, before)
    assert plant.name == "Casa" != name


@pytest.mark.parametrize(
    ("who", "sees"),
    [("member", True), ("admin", True), ("staff", True), ("technician", False)],
)
def test_fiscal_code_and_iban_are_for_the_owner_and_administrators_alone(who: str, sees: bool, api: Api):
    owner = api.scene.a.member
    owner.fiscal_code, owner.iban = "RSSMRA80A01F205X", "IT60X0542811101000000123456"
    owner.save()
    address = f"/api/energy/plants/{api.scene.a.plant.pk}/"

    answer = api.client(who).get(address)

    details = answer.json()["owner_details"]
    assert set(answer.json()) == PLANT_FIELDS | {"owner_details"}
    assert (details is not None) is sees
    assert (b"RSSMRA80A01F205X" in answer.content) is sees
    assert (b"IT60X0542811101" in answer.content) is sees
    read = AuditLine.objects.about(owner).filter(action="DATA_READ").count()
    assert read == (sees and who != "member")


def test_a_list_never_tells_personal_data(api: Api):
    owner = api.scene.a.member
    owner.fiscal_code = "RSSMRA80A01F205X"
    owner.save()

    assert b"RSSMRA80A01F205X" not in api.client("admin").get("/api/energy/plants/").content


def test_production_is_energy_of_the_registers_not_a_sum_of_watts(api: Api):
    """The first platform added up the watts of a day: a thousand values of 3 kW were 3 MWh."""
    plant = make_measured_plant(820, PlantType.PRODUCER, role="PRODUCTION", power=3000, owner=api.scene.a.member)
    day = local_midnight(api.now)
    for period, start, energy in ((Period.DAY, day, 12_500_000), (Period.MONTH, day.replace(day=1), 300_250_000)):
        EnergyAggregate.objects.create(
            subject_kind=SubjectKind.PLANT,
            subject_id=plant.pk,
            period=period,
            start=start,
            produced=energy,
            recorded_at=api.now,
            coverage=1.0,
            quality=IntervalQuality.GOOD,
            source=IntervalSource.REGISTERS,
        )

    answer = api.client("member").get(f"/api/energy/plants/{plant.pk}/statistics/").json()

    assert answer == {
        "plant_id": plant.pk,
        "plant_name": plant.name,
        "current_stats": {
            "total_power": 3000.0,
            "active_devices": 1,
            "total_devices": 1,
            "last_update": answer["current_stats"]["last_update"],
        },
        "daily_production": 12.5,
        "monthly_production": 300.25,
        "is_active": True,
        "health_status": "healthy",
    }


@pytest.mark.parametrize(
    ("age", "power", "second", "health"),
    [(1, 900.0, None, "healthy"), (1, 0.0, None, "idle"), (600, 900.0, None, "offline"), (1, 900.0, 600, "degraded")],
)
def test_the_health_of_a_plant(age: int, power: float, second: int | None, health: str, api: Api):
    plant = make_plant(830, owner=api.scene.a.member)
    device = make_device(830, plant=plant)
    give_role(device, "EXCHANGE")
    speak(device, api.now - timedelta(seconds=age), exchange=power)
    if second:
        other = make_device(831, plant=plant)
        give_role(other, "LOAD")
        speak(other, api.now - timedelta(seconds=second), load=1.0)

    answer = api.client("member").get(f"/api/energy/plants/{plant.pk}/statistics/").json()

    assert answer["health_status"] == health


def test_device_status_and_type(api: Api):
    client, plant = api.client("member"), api.scene.a.plant

    rows = client.get(f"/api/energy/plants/{plant.pk}/device_status/").json()
    kind = client.get(f"/api/energy/plants/{plant.pk}/type/").json()

    assert [set(row) for row in rows] == [{"device_id", "name", "is_online", "last_seen", "current_power", "status"}]
    assert (rows[0]["is_online"], rows[0]["current_power"], rows[0]["status"]) == (True, -1500.0, "online")
    assert (kind["id"], kind["plant_type"]) == (plant.pk, "PROSUMER")


def test_a_technician_makes_a_device_with_the_role_it_usually_has(api: Api):
    plant = make_plant(840, cer_configuration=api.scene.a.cer, plant_type=PlantType.PRODUCER)
    body = {"device_id": "shellypro3em-new", "device_type": "SHELLY_PRO_3EM", "plant": plant.pk}

    made = post(api.client("technician"), "/api/energy/devices/", body)

    assert (made.status_code, set(made.json())) == (201, DEVICE_FIELDS)
    assert made.json()["mqtt_topic_template"] == f"cercollettiva/{plant.pod_code}/shellypro3em-new"
    assert made.json()["plant"] == plant.pk
    assert ChannelRole.objects.get(device=made.json()["id"]).role == "PRODUCTION"


def test_a_member_sees_the_device_of_their_plant_and_changes_nothing(api: Api):
    client, device = api.client("member"), api.scene.a.device
    body = {"device_id": "mine", "device_type": "SHELLY_PRO_3EM", "plant": api.scene.a.plant.pk}

    assert client.get(f"/api/energy/devices/{device.pk}/").status_code == 200
    assert patch(client, f"/api/energy/devices/{device.pk}/", {"vendor": "x"}).status_code == 403
    assert post(client, "/api/energy/devices/", body).status_code == 403
    assert client.delete(f"/api/energy/devices/{device.pk}/").status_code == 403
    assert post(client, f"/api/energy/devices/{device.pk}/token/", {}).status_code == 403


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"device_id": "shellypro3em-000041"}, "device_id"),  # of this community
        ({"device_id": "a b"}, "device_id"),
        ({"device_type": "TOASTER"}, "device_type"),
        ({"device_type": "SHELLY\0"}, "device_type"),
        ({"mqtt_topic_template": "cer/65/shellypro3em-000041"}, "mqtt_topic_template"),
        ({"mqtt_topic_template": "#"}, "mqtt_topic_template"),
        ({"mqtt_topic_template": "IT001E00000850/{pod_code.__class__}"}, None),  # words in braces are words
        ({"mqtt_topic_template": "cercollettiva"}, "mqtt_topic_template"),
        ({"mqtt_topic_template": "cercollettiva/IT001E00000065/x"}, "mqtt_topic_template"),  # of a neighbour
        ({"mqtt_topic_template": "cercollettiva/xIT001E00000850/x"}, "mqtt_topic_template"),
        ({"plant": 999_999}, "plant"),
    ],
)
def test_a_device_that_cannot_be_is_refused_by_field(change: dict[str, Any], field: str | None, api: Api):
    plant = make_plant(850, cer_configuration=api.scene.a.cer)
    body = {"device_id": "new-one", "device_type": "SHELLY_PRO_3EM", "plant": plant.pk, **change}

    answer = post(api.client("technician"), "/api/energy/devices/", body)

    if field is None:
        assert answer.json()["mqtt_topic_template"] == change["mqtt_topic_template"]
    else:
        assert (answer.status_code, list(answer.json())) == (400, [field])


def test_nobody_takes_the_topics_of_another_community(api: Api):
    device = api.scene.a.device
    neighbour = f"cercollettiva/{api.scene.b.plant.pod_key}/meter"

    for prefix in ("cercollettiva", neighbour):
        answer = patch(api.client("technician"), f"/api/energy/devices/{device.pk}/", {"mqtt_topic_template": prefix})
        assert (answer.status_code, list(answer.json())) == (400, ["mqtt_topic_template"])
    by_staff = patch(api.client("staff"), f"/api/energy/devices/{device.pk}/", {"mqtt_topic_template": neighbour})
    assert by_staff.status_code == 200


def test_a_prefix_is_never_inside_or_around_that_of_another_active_device(api: Api):
    make_device(851, topic_prefix="cercollettiva/IT001E00000850/here")
    plant = make_plant(850, cer_configuration=api.scene.a.cer)
    body = {"device_id": "new-one", "device_type": "SHELLY_PRO_3EM", "plant": plant.pk}

    for prefix in ("cercollettiva/{pod_code}", "cercollettiva/{pod_code}/here", "cercollettiva/{pod_code}/here/x"):
        answer = post(api.client("staff"), "/api/energy/devices/", {**body, "mqtt_topic_template": prefix})
        assert (answer.status_code, list(answer.json())) == (400, ["mqtt_topic_template"])
    beside = {**body, "mqtt_topic_template": "cercollettiva/{pod_code}/he"}
    assert post(api.client("technician"), "/api/energy/devices/", beside).status_code == 201


def test_a_silenced_device_does_not_wake_over_another(api: Api):
    prefix = f"cercollettiva/{api.scene.a.plant.pod_key}"
    DeviceConfiguration.objects.filter(pk=api.scene.a.device.pk).update(topic_prefix=prefix, is_active=False)
    make_device(852, topic_prefix=f"{prefix}/newer")
    address = f"/api/energy/devices/{api.scene.a.device.pk}/"

    waking = patch(api.client("technician"), address, {"is_active": True})

    assert (waking.status_code, list(waking.json())) == (400, ["mqtt_topic_template"])
    assert patch(api.client("technician"), address, {"vendor": "Shelly"}).status_code == 200


def test_what_was_written_before_may_be_sent_back_as_it_was_read(api: Api):
    address = f"/api/energy/devices/{api.scene.a.device.pk}/"
    client = api.client("technician")
    read = client.get(address).json()

    answer = client.put(address, read, content_type="application/json")

    assert (answer.status_code, answer.json()["mqtt_topic_template"]) == (200, read["mqtt_topic_template"])


@pytest.mark.parametrize(
    "body",
    [r'{"name": "\ud800"}', r'{"\udfff": 1}', '{"nominal_power": 1e400}', r'[[{"a": ["\udc00"]}]]', '{"x": -1e999}'],
)
def test_json_that_cannot_be_kept_is_refused_as_such(body: str, api: Api):
    client, plant = api.client("admin"), api.scene.a.plant

    answers = [
        client.patch(f"/api/energy/plants/{plant.pk}/", body, content_type="application/json"),
        client.post("/api/energy/plants/", body, content_type="application/json", headers={"Idempotency-Key": "k1"}),
    ]

    assert [answer.status_code for answer in answers] == [400, 400]


def test_a_character_written_in_two_halves_is_one(api: Api):
    address = f"/api/energy/plants/{api.scene.a.plant.pk}/"

    answer = api.client("admin").patch(address, r'{"name": "Casa \ud83d\ude00"}', content_type="application/json")

    assert (answer.status_code, answer.json()["name"]) == (200, "Casa 😀")


def test_a_second_meter_of_the_exchange_is_refused_in_words(api: Api):
    body = {"device_id": "second", "device_type": "SHELLY_PRO_3EM", "plant": api.scene.a.plant.pk}

    answer = post(api.client("technician"), "/api/energy/devices/", body)

    assert (answer.status_code, list(answer.json())) == (400, ["plant"])
    assert not DeviceConfiguration.objects.filter(device_id="second").exists()


def test_a_device_that_moves_keeps_its_roles_and_leaves_its_past(api: Api):
    plant = make_plant(860, cer_configuration=api.scene.a.cer)
    device = api.scene.a.device

    answer = patch(api.client("admin"), f"/api/energy/devices/{device.pk}/", {"plant": plant.pk})

    assert (answer.status_code, answer.json()["plant"]) == (200, plant.pk)
    assert DevicePlacement.objects.filter(device=device).count() == 2
    assert ChannelRole.objects.get(device=device, active_to=None).role == "EXCHANGE"
    elsewhere = patch(api.client("admin"), f"/api/energy/devices/{device.pk}/", {"plant": api.scene.b.plant.pk})
    assert elsewhere.status_code == 400


def test_devices_are_found_by_plant_and_by_words(api: Api):
    client = api.client("staff")

    by_plant = client.get(f"/api/energy/devices/?plant={api.scene.b.plant.pk}").json()["results"]
    by_words = client.get("/api/energy/devices/?search=000041").json()["results"]

    assert [row["id"] for row in by_plant] == [api.scene.b.device.pk]
    assert [row["id"] for row in by_words] == [api.scene.a.device.pk]


def test_the_latest_measurement_of_a_device_or_404(api: Api):
    client, device = api.client("member"), api.scene.a.device
    address = f"/api/energy/devices/{device.pk}/latest_measurement/"

    none = client.get(address)
    save(power_sample(device, api.now - timedelta(minutes=2), 1), power_sample(device, api.now, 2))

    assert none.status_code == 404
    assert (client.get(address).json()["power"], client.get(address).json()["device"]) == (2, device.pk)
