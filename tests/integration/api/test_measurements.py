"""Measurements page by page, and those that a device sends by HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cercollettiva.energy.models import (
    DeviceMeasurement,
    DevicePlacement,
    DeviceState,
    DeviceToken,
    EnergyMeasurement,
    LastMessage,
)
from tests.integration.api.scene import Api, bearer, make_api, power_sample, save
from tests.integration.core.scene import LONG_AGO, make_device, make_plant

pytestmark = pytest.mark.django_db
ADDRESS = "/api/energy/measurements/"


@pytest.fixture
def api() -> Api:
    return make_api()


def walk(client: Client, address: str, *, link: str = "next") -> list[dict[str, Any]]:
    """All rows from an address on, page after page."""
    rows: list[dict[str, Any]] = []
    for _ in range(200):
        page = client.get(address).json()
        rows += page["results"]
        if page[link] is None:
            return rows
        address = page[link]
    raise AssertionError("the pages have no end")


def test_pages_lose_nothing_where_many_rows_share_an_instant(api: Api):
    """DRF's own cursors go round in circles there."""
    device = api.scene.a.device
    components = [f"em1:{number}" for number in range(60)]
    save(*(power_sample(device, api.now, number, component=name) for number, name in enumerate(components)))
    save(*(power_sample(device, api.now - timedelta(days=number), 7) for number in range(1, 5)))
    client = api.client("admin")

    for order in ("-timestamp", "timestamp", "-power", "power", "current"):
        by_time = "timestamp" in order
        since = "&from=2000-01-01" if by_time else ""
        ids = [row["id"] for row in walk(client, f"{ADDRESS}?ordering={order}&page_size=7{since}")]

        assert len(ids) == len(set(ids)) == (64 if by_time else 60), order  # by value, the last day alone


def test_one_may_page_back_the_way_one_came(api: Api):
    device = api.scene.a.device
    save(*(power_sample(device, api.now - timedelta(seconds=number), number) for number in range(10)))
    client = api.client("admin")

    first = client.get(f"{ADDRESS}?page_size=4").json()
    second = client.get(first["next"]).json()
    back = client.get(second["previous"]).json()

    assert first["previous"] is None
    assert [row["power"] for row in second["results"]] == [4, 5, 6, 7]
    assert back["results"] == first["results"]
    assert back["previous"] is None


def test_rows_that_come_meanwhile_move_no_page(api: Api):
    device, client = api.scene.a.device, api.client("admin")
    save(*(power_sample(device, api.now - timedelta(seconds=number), number) for number in range(6)))
    first = client.get(f"{ADDRESS}?page_size=3").json()

    save(power_sample(device, api.now + timedelta(seconds=1), 99))

    assert [row["power"] for row in client.get(first["next"]).json()["results"]] == [3, 4, 5]


def test_a_measurement_has_the_fields_of_the_contract_and_its_phases(api: Api):
    device = api.scene.a.device
    sample = power_sample(device, api.now, 700)
    save(sample._replace(reading=sample.reading._replace(a_power=300.0, a_voltage=231.5, b_power=400.0)))

    row = api.client("member").get(ADDRESS).json()["results"][0]

    assert set(row) == {
        *("id", "timestamp", "power", "voltage", "current", "energy_total", "power_factor", "quality"),
        *("phase_details", "apparent_power", "reactive_power", "device"),
    }
    phases = {phase["phase"]: phase for phase in row["phase_details"]}
    assert set(phases["a"]) == {
        *("phase", "voltage", "current", "power", "power_factor", "frequency", "apparent_power", "reactive_power"),
    }
    assert (phases["a"]["power"], phases["a"]["voltage"], phases["b"]["power"]) == (300.0, 231.5, 400.0)
    assert isinstance(row["id"], str)


def test_measurements_are_filtered_by_plant_time_and_quality(api: Api):
    device, client = api.scene.a.device, api.client("staff")
    save(power_sample(device, api.now - timedelta(hours=3), 1), power_sample(device, api.now, 2))
    save(power_sample(api.scene.b.device, api.now, 3))

    def powers(**query: Any) -> list[float]:
        return [row["power"] for row in client.get(ADDRESS, query).json()["results"]]

    hour = (api.now - timedelta(hours=1)).isoformat()
    assert powers(plant=api.scene.a.plant.pk) == [2, 1]
    assert powers(plant=api.scene.a.plant.pk, **{"from": hour}) == [2]
    assert powers(device=device.pk, to=hour) == [1]
    assert powers(quality="DOUBTFUL") == []


def test_a_name_filters_by_the_name_and_a_key_by_the_key(api: Api):
    """The first platform compared the name of a device with its key, and found nothing or another's."""
    device = api.scene.a.device
    seventeen = make_device(870, plant=make_plant(870, owner=api.scene.a.member), device_id=str(device.pk))
    save(power_sample(device, api.now, 1), power_sample(seventeen, api.now, 2))
    client = api.client("member")

    def powers(query: str) -> list[float]:
        return [row["power"] for row in client.get(f"/api/energy/measurements/?{query}").json()["results"]]

    assert powers(f"device={device.pk}") == [1]
    assert powers(f"device_id={device.pk}") == [2]
    latest = client.get(f"/api/energy/measurements/latest/?device_id={device.device_id}").json()
    assert [row["power"] for row in latest] == [1]


def test_what_a_device_measured_before_it_came_is_not_told_to_its_new_plant(api: Api):
    device, moved = make_device(900), api.now - timedelta(hours=1)
    DevicePlacement.objects.create(device=device, plant=api.scene.b.plant, active_from=LONG_AGO, active_to=moved)
    here = make_plant(900, owner=api.scene.a.member)
    DevicePlacement.objects.create(device=device, plant=here, active_from=moved)
    save(power_sample(device, moved - timedelta(minutes=1), 111), power_sample(device, moved, 222))

    rows = api.client("member").get(f"{ADDRESS}?device={device.pk}").json()["results"]

    assert [row["power"] for row in rows] == [222]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("cursor=abc", "cursor"),
        ("cursor=WyIrIiwicG93ZXIiLDFd", "cursor"),
        ("from=yesterday", "from"),
        ("from=1999-12-31", "from"),
        ("to=9999-12-31T23:59:59Z", "to"),
        ("from=2026-02-30", "from"),
        ("from=2026-03-02&to=2026-03-01", "to"),
        ("page_size=0", "page_size"),
        ("page_size=501", "page_size"),
        ("device=0", "device"),
        ("device=99999999999999999999999", "device"),
        ("quality=BEST", "quality"),
        ("ordering=voltage;drop", "ordering"),
        ("ordering=power&from=2020-01-01", "from"),
        ("start=2026-01-01", "start"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(query: str, field: str, api: Api):
    answer = api.client("admin").get(f"{ADDRESS}?{query}")

    assert (answer.status_code, list(answer.json())) == (400, [field])


def test_an_offset_whose_plus_was_not_escaped_is_understood(api: Api):
    save(power_sample(api.scene.a.device, api.now, 5))

    answer = api.client("admin").get(f"{ADDRESS}?from=2026-01-01T00:00:00+01:00")

    assert answer.status_code == 200


@pytest.fixture
def device_token(api: Api) -> str:
    return DeviceToken.make(api.scene.a.device, at=api.now)[1]


def tell(token: str, body: Any, **headers: str) -> Any:
    with_token = bearer(token)
    with_token["headers"].update(headers)
    return Client().post(ADDRESS, body, content_type="application/json", **with_token)


def test_a_device_without_mqtt_writes_through_the_same_store(api: Api, device_token: str):
    device = api.scene.a.device
    at = (api.now + timedelta(seconds=1)).isoformat()  # newer than what its state says
    body = {
        "timestamp": at,
        "power": -420.5,
        "voltage": 229.9,
        "energy_total": 1234.567891,
        "energy_returned": 10,
        "phase_details": [{"phase": "a", "power": -420.5}],
    }

    answer = tell(device_token, body)
    again = tell(device_token, body)

    assert (answer.status_code, answer.json()) == (201, {"stored": 2, "repeated": 0, "refused": 0})
    assert again.json() == {"stored": 0, "repeated": 2, "refused": 0}
    row = DeviceMeasurement.objects.get(device=device)
    registers = EnergyMeasurement.objects.get(device=device)
    assert (row.power, row.a_power, row.component) == (-420.5, -420.5, "em:0")
    assert (registers.drawn, registers.returned, registers.component) == (1_234_567_891, 10_000_000, "emdata:0")
    state = DeviceState.objects.get(device=device)
    assert state.exchange_power == -420.5
    assert state.registers["emdata:0"]["drawn"] == 1_234_567_891
    assert LastMessage.objects.get(device=device).topic == "HTTP"
    assert api.client("admin").get("/api/cer-power/").json()["data"][0]["producer_power"] in (0.42, 0.421)


def test_another_value_for_an_instant_that_is_taken_is_refused(api: Api, device_token: str):
    at = api.now.isoformat()
    tell(device_token, {"timestamp": at, "power": 1})

    answer = tell(device_token, {"timestamp": at, "power": 2})

    assert answer.status_code == 409
    assert DeviceMeasurement.objects.get().power == 1


def test_several_measurements_are_taken_together_or_not_at_all(api: Api, device_token: str):
    good = [{"timestamp": (api.now - timedelta(seconds=n)).isoformat(), "power": n} for n in range(3)]

    refused = tell(device_token, [*good, {"power": "much"}])
    stored = DeviceMeasurement.objects.count()
    taken = tell(device_token, good)

    assert refused.status_code == 400
    assert list(refused.json()[3]) == ["power"]
    assert stored == 0
    assert taken.json()["stored"] == 3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"power": None}, "power"),
        ({"power": "12"}, "power"),
        ({"power": 1e12}, "power"),
        ({"power": True}, "power"),
        ({"energy_total": -1}, "energy_total"),
        ({"energy_total": 1e30}, "energy_total"),
        ({"timestamp": "2040-01-01T00:00:00Z"}, "timestamp"),
        ({"timestamp": "2020-01-01T00:00:00Z"}, "timestamp"),
        ({"component": "em:0; drop"}, "component"),
        ({"phase_details": [{"phase": "a"}, {"phase": "a"}]}, "phase_details"),
        ({"phase_details": [{"phase": "d"}]}, "phase_details"),
        ({"device": 5}, "device"),
    ],
)
def test_a_bad_measurement_is_refused_by_field(change: dict[str, Any], field: str, device_token: str):
    answer = tell(device_token, {"power": 100, **change})

    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not DeviceMeasurement.objects.exists()


@pytest.mark.parametrize("body", [[], "x", 5, None, [[]], [{"power": 1}] * 1001])
def test_what_is_no_measurement_is_refused(body: Any, device_token: str):
    assert tell(device_token, body).status_code == 400


def test_a_devices_token_opens_nothing_else(api: Api, device_token: str):
    for address in ("/api/cer-power/", "/api/energy/plants/", ADDRESS, "/api/feed/"):
        assert Client().get(address, **bearer(device_token)).status_code == 401, address


def test_a_persons_session_writes_no_measurement(api: Api):
    answer = api.client("admin").post(ADDRESS, {"power": 1}, content_type="application/json")

    assert answer.status_code == 401


def test_a_devices_token_ends_with_the_next_one_and_with_its_device(api: Api, device_token: str):
    client, device = api.client("technician"), api.scene.a.device
    made = client.post(f"/api/energy/devices/{device.pk}/token/", {}, content_type="application/json")

    assert made.status_code == 201
    assert tell(device_token, {"power": 1}).status_code == 401
    assert tell(made.json()["token"], {"power": 1}).status_code == 201
    assert client.delete(f"/api/energy/devices/{device.pk}/token/").status_code == 204
    assert tell(made.json()["token"], {"power": 1}).status_code == 401
    assert DeviceToken.objects.filter(device=device, revoked_at=None).count() == 0
    assert made.json()["token"] not in str(DeviceToken.objects.values_list())


def test_a_device_that_stands_nowhere_is_told_so(api: Api):
    device = make_device(950)
    token = DeviceToken.make(device, at=timezone.now())[1]

    assert tell(token, {"power": 1}).status_code == 409
