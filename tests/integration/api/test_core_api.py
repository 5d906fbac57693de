"""The core JSON API: its keys, its figures, and the defects of the first platform that it does not have."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cercollettiva.api.fields import local
from cercollettiva.api.streams import answer_of
from cercollettiva.core.models import PlantType
from cercollettiva.energy.models import ChannelRole, DevicePlacement, DeviceState
from cercollettiva.energy.queries import local_midnight
from tests.integration.api.scene import (
    Api,
    client_of,
    make_api,
    make_measured_plant,
    power_sample,
    register_sample,
    save,
    speak,
)
from tests.integration.core.scene import LONG_AGO, make_device, make_plant

pytestmark = pytest.mark.django_db

CORE = ("/api", "/core/api")


@pytest.fixture
def api() -> Api:
    return make_api()


def in_the_view(client: Client, address: str) -> int:
    """How many queries a call makes besides the session, the person and their standing."""
    client.get(address)  # the session was touched
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    around = ("django_session", 'FROM "users_customuser"', "mfa_authenticator", "SAVEPOINT")
    return sum(not any(word in query["sql"] for word in around) for query in captured.captured_queries)


@pytest.mark.parametrize("prefix", CORE)
def test_prosumers_count_on_both_sides_of_a_community(prefix: str, api: Api):
    """The first platform left them out, and so most members."""
    cer = api.scene.a.cer
    make_measured_plant(101, PlantType.PRODUCER, role="PRODUCTION", power=3000, cer_configuration=cer)
    make_measured_plant(102, PlantType.CONSUMER, power=800, cer_configuration=cer)
    make_measured_plant(103, PlantType.PROSUMER, power=200, cer_configuration=cer)

    answer = api.client("admin").get(f"{prefix}/cer-power/").json()

    row = answer["data"][0]
    assert (row["producer_power"], row["consumer_power"], row["net_power"]) == (4.5, 1.0, 1.0)  # 3.0 + 1.5; 0.8 + 0.2
    assert (row["plants_count"], row["plants_measured"], row["members_count"]) == (4, 4, 2)
    assert (answer["total_cer"], set(answer)) == (1, {"data", "timestamp", "total_cer"})


def test_a_value_older_than_five_minutes_does_not_count_and_is_not_zero(api: Api):
    speak(api.scene.a.device, api.now - timedelta(minutes=6), exchange=-1500.0)

    row = api.client("admin").get("/api/cer-power/").json()["data"][0]

    assert (row["producer_power"], row["consumer_power"], row["net_power"]) == (None, None, None)
    assert row["plants_measured"] == 0


def test_community_power_takes_three_queries_whatever_its_size(api: Api):
    client = api.client("admin")
    few = in_the_view(client, "/api/cer-power/")
    for number in range(20):
        make_measured_plant(200 + number, PlantType.CONSUMER, power=100, cer_configuration=api.scene.a.cer)

    many = in_the_view(client, "/api/cer-power/")

    assert few == many <= 3


@pytest.mark.parametrize("prefix", CORE)
def test_the_data_of_a_plant_are_time_weighted_means_with_what_is_missing_left_unknown(prefix: str, api: Api):
    plant, device = api.scene.a.plant, api.scene.a.device
    edge = api.now.replace(minute=api.now.minute // 10 * 10, second=0, microsecond=0) - timedelta(minutes=20)
    # 1,000 W for four minutes, then 2,000 W for one: of the ten minutes nine are known, the last value for five
    save(
        power_sample(device, edge, 1000),
        power_sample(device, edge + timedelta(minutes=4), 2000),
        power_sample(device, edge + timedelta(minutes=5), 4000),
    )

    answer = api.client("member").get(f"{prefix}/plants/{plant.pk}/data/?hours=2&interval=600").json()

    assert set(answer) == {
        *("plant_info", "data", "time_range", "stats", "current_power", "daily_energy", "last_update")
    }
    assert answer["plant_info"] == {"name": plant.name, "type": "PROSUMER", "pod": plant.pod_code}
    bucket = next(row for row in answer["data"] if row["timestamp"][:16] == _local(edge)[:16])
    assert bucket == {
        "timestamp": _local(edge),
        "power": pytest.approx((4 * 1000 + 2000 + 5 * 4000) / 10, abs=0.1),
        "quality": "GOOD",
    }
    assert answer["data"][0] == {"timestamp": answer["data"][0]["timestamp"], "power": None, "quality": "MISSING"}
    assert answer["stats"]["count"] == 1
    assert answer["current_power"] == -1500.0
    assert answer["last_update"] == _local(api.now)


def _local(moment: Any) -> str:
    return str(local(moment))


def test_the_energy_of_the_day_comes_from_the_registers_not_from_watts(api: Api):
    plant, device = api.scene.a.plant, api.scene.a.device
    midnight = local_midnight(api.now)
    save(register_sample(device, midnight - timedelta(minutes=1), drawn=5_000_000))
    registers = {"emdata:0": {"at": api.now.isoformat(), "drawn": 7_500_000, "returned": 0}}
    DeviceState.objects.filter(device=device).update(registers=registers)

    answer = api.client("member").get(f"/api/plants/{plant.pk}/data/").json()

    assert answer["daily_energy"] == 2.5


def test_the_data_of_a_plant_take_three_queries(api: Api):
    device = api.scene.a.device
    save(*(power_sample(device, api.now - timedelta(minutes=number), 100) for number in range(60)))

    assert in_the_view(api.client("member"), f"/api/plants/{api.scene.a.plant.pk}/data/?hours=48") <= 3


def test_a_plant_without_a_device_is_told_from_one_that_is_not_there(api: Api):
    bare = make_plant(300, owner=api.scene.a.member, cer_configuration=api.scene.a.cer)
    client = api.client("member")

    answer, nowhere = (
        client.get(f"/api/plants/{bare.pk}/data/"),
        client.get(f"/api/plants/{api.scene.b.plant.pk}/data/"),
    )

    assert (answer.status_code, answer.json()["error"]) == (404, "no_device")
    assert (nowhere.status_code, nowhere.json()["error"]) == (404, "not_found")


def test_a_device_whose_channels_have_no_role_is_a_plant_without_figures(api: Api):
    plant = make_plant(301, owner=api.scene.a.member)
    make_device(301, plant=plant)

    answer = api.client("member").get(f"/api/plants/{plant.pk}/data/").json()

    assert (answer["data"], answer["current_power"], answer["daily_energy"]) == ([], None, None)


def test_measurements_stream_with_their_sums_at_the_end(api: Api):
    plant, device = api.scene.a.plant, api.scene.a.device
    save(*(power_sample(device, api.now - timedelta(seconds=number), 100 + number) for number in range(5)))
    save(power_sample(device, api.now - timedelta(hours=3), 9000))

    answer = api.client("member").get(f"/api/plants/{plant.pk}/measurements/?hours=1")

    told = answer.json()
    assert [row["power"] for row in told["data"]] == [104, 103, 102, 101, 100]
    assert set(told["data"][0]) == {"timestamp", "power", "voltage", "current", "energy_total", "quality"}
    assert told["stats"] == {"total_points": 5, "avg_power": 102.0}


def test_a_long_answer_is_sent_while_it_is_read():
    many = answer_of((b"x" * 1000 for _ in range(2000)), "text/plain")
    few = answer_of((b"x" * 1000 for _ in range(3)), "text/plain")

    assert isinstance(many, StreamingHttpResponse)
    assert sum(map(len, many.streaming_content)) == 2_000_000
    assert not few.streaming


def test_what_a_meter_measured_elsewhere_stays_there(api: Api):
    """A meter that is moved takes nothing along: not to the plant it comes to, nor away from the one it left."""
    device = make_device(310)
    moved = api.now - timedelta(hours=1)
    DevicePlacement.objects.create(device=device, plant=api.scene.b.plant, active_from=LONG_AGO, active_to=moved)
    here = make_plant(311, owner=api.scene.a.member)
    DevicePlacement.objects.create(device=device, plant=here, active_from=moved)
    around = timedelta(minutes=5)
    save(power_sample(device, moved - around, 111), power_sample(device, moved + around, 222))

    answer = api.client("member").get(f"/api/plants/{here.pk}/measurements/").json()

    assert [row["power"] for row in answer["data"]] == [222]


def test_the_mqtt_status_names_the_device_by_its_name(api: Api):
    device = api.scene.a.device

    answer = api.client("member").get(f"/api/mqtt/status/{api.scene.a.plant.pk}/").json()

    assert answer == {
        "mqtt_status": {"connected": True, "last_seen": _local(api.now)},
        "device_info": {"id": device.device_id, "type": "SHELLY_PRO_3EM"},
    }


def test_a_silent_meter_is_not_connected_and_a_plant_without_one_has_none(api: Api):
    speak(api.scene.a.device, api.now - timedelta(seconds=301), exchange=1.0)
    bare = make_plant(320, owner=api.scene.a.member)
    client = api.client("member")

    silent = client.get(f"/api/mqtt/status/{api.scene.a.plant.pk}/").json()
    none = client.get(f"/api/mqtt/status/{bare.pk}/").json()

    assert silent["mqtt_status"]["connected"] is False
    assert none == {"mqtt_status": {"connected": False, "last_seen": None}, "device_info": None}


def test_the_total_power_is_one_query_over_all_one_may_see(api: Api):
    client = api.client("staff")

    answer = client.get("/energy/api/total-power/").json()

    assert (answer["total_power"], answer["injected_power"], answer["devices"]) == (-3000.0, 3000.0, 2)
    assert in_the_view(client, "/energy/api/total-power/") == 1


def test_the_latest_values_of_plants_take_the_same_queries_for_one_and_for_many(api: Api):
    client = api.client("admin")
    few = in_the_view(client, "/energy/api/plants/mqtt-data/")
    for number in range(10):
        make_measured_plant(400 + number, PlantType.CONSUMER, power=5, cer_configuration=api.scene.a.cer)

    answer = client.get("/energy/api/plants/mqtt-data/").json()

    assert len(answer["data"]) == 11
    assert answer["data"][0]["devices"][0]["phases"][0]["voltage"] == 231.0
    assert in_the_view(client, "/energy/api/plants/mqtt-data/") == few


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("hours=49", "hours"),
        ("hours=-1", "hours"),
        ("hours=0", "hours"),
        ("hours=abc", "hours"),
        ("hours=999999999999999999999999", "hours"),
        ("interval=5", "interval"),
        ("interval=86401", "interval"),
        ("hours=1&hours=2", "hours"),
        ("minutes=5", "minutes"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(query: str, field: str, api: Api):
    answer = api.client("member").get(f"/api/plants/{api.scene.a.plant.pk}/data/?{query}")

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid"
    assert list(answer.json()["detail"]) == [field]


@pytest.mark.parametrize(
    "address",
    [
        "/api/cer-power/",
        "/core/api/cer-power/",
        "/api/plants/1/data/",
        "/energy/api/total-power/",
        "/energy/api/plants/",
    ],
)
def test_signed_out_is_401_in_json_never_a_page(address: str):
    answer = Client().get(address, headers={"accept": "text/html,*/*"})

    assert (answer.status_code, answer["Content-Type"]) == (401, "application/json")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("address", ["/api/nothing/", "/energy/api/nothing/", "/core/api/x"])
def test_an_address_of_the_api_that_is_not_there_is_json_too(address: str):
    answer = Client().get(address)

    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_what_is_polled_and_has_not_changed_is_304(api: Api):
    client = api.client("member")
    for address in (f"/api/mqtt/status/{api.scene.a.plant.pk}/", "/api/cer-power/", "/api/feed/"):
        first = client.get(address)

        again = client.get(address, headers={"if-none-match": first["ETag"]})

        assert (again.status_code, again.content) == (304, b""), address
    speak(api.scene.a.device, api.now, exchange=-999.0)
    assert client.get("/api/cer-power/", headers={"if-none-match": first["ETag"]}).status_code == 200


def test_the_feed_tells_a_member_of_the_community_and_of_their_own_plants(api: Api):
    make_measured_plant(500, PlantType.CONSUMER, power=700, cer_configuration=api.scene.a.cer)

    feed, to_admin = (api.client(viewer).get("/api/feed/").json() for viewer in ("member", "admin"))

    # two points with one owner: the member is not told what the other one draws
    assert [(row["name"], row["net_power"]) for row in feed["communities"]] == [("CER A", None)]
    assert [(row["name"], row["net_power"]) for row in to_admin["communities"]] == [("CER A", 0.7)]
    assert [(row["id"], row["power"]) for row in feed["plants"]] == [(api.scene.a.plant.pk, -1.5)]


def test_a_role_at_the_same_instant_as_the_question_is_no_failure(api: Api):
    plant = make_plant(600, owner=api.scene.a.member)
    from cercollettiva.energy.models import DevicePlacement

    device = make_device(600)
    placement = DevicePlacement.objects.create(device=device, plant=plant, active_from=api.now)
    ChannelRole.objects.create(placement=placement, component="em:0", role="EXCHANGE", active_from=api.now)

    assert client_of(api.scene.a.member).get(f"/api/plants/{plant.pk}/data/").status_code == 200
