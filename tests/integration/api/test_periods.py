"""Energy by period: its figures, what is missing, its files."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cercollettiva.core.models import PlantType
from cercollettiva.energy.models import (
    DeviceConfiguration,
    DevicePlacement,
    EnergyAggregate,
    IntervalQuality,
    IntervalSource,
    Period,
    SubjectKind,
)
from tests.integration.api.scene import Api, give_role, make_api, make_measured_plant, make_quarters
from tests.integration.core.scene import LONG_AGO, make_device, make_plant

pytestmark = pytest.mark.django_db
INTERVALS = "/api/energy/intervals/"
AGGREGATES = "/api/energy/aggregates/"
NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)  # in Italy
RANGE = "from=2026-03-02T12:00:00%2B01:00&to=2026-03-02T14:00:00%2B01:00"


@pytest.fixture
def api() -> Api:
    return make_api()


def rows_of(api: Api, address: str, who: str = "admin") -> list[dict[str, Any]]:
    answer = api.client(who).get(address)
    assert answer.status_code == 200, answer.content
    told: list[dict[str, Any]] = answer.json()["results"]
    return told


@pytest.mark.parametrize("subject", ["device", "plant", "community"])
def test_every_quarter_is_there_and_what_is_not_known_is_null(subject: str, api: Api):
    make_quarters(api.scene.a.device, NOON, 3)
    keys = {"device": api.scene.a.device.pk, "plant": api.scene.a.plant.pk, "community": api.scene.a.cer.pk}

    rows = rows_of(api, f"{INTERVALS}?{subject}={keys[subject]}&{RANGE}")

    assert len(rows) == 8
    assert rows[0] == {
        "start_time": "2026-03-02T12:00:00+01:00",
        "end_time": "2026-03-02T12:15:00+01:00",
        "energy_in": 0.25,
        "energy_out": 0.1,
        "net_energy": 0.15,
        "energy_produced": None,
        "peak_power": None if subject == "community" else 2000.0,
        "avg_power": 600.0,
        "coverage": 1.0,
        "quality": "GOOD",
    }
    assert {rows[3][name] for name in ("energy_in", "energy_out", "net_energy", "avg_power")} == {None}
    assert (rows[3]["coverage"], rows[3]["quality"]) == (0.0, "MISSING")


def test_a_community_with_a_silent_plant_is_a_lower_bound_and_says_so(api: Api):
    make_quarters(api.scene.a.device, NOON, 8)
    make_measured_plant(1000, PlantType.CONSUMER, power=1, cer_configuration=api.scene.a.cer)

    row = rows_of(api, f"{INTERVALS}?community={api.scene.a.cer.pk}&{RANGE}")[0]

    assert (row["energy_in"], row["coverage"], row["quality"]) == (0.25, 0.5, "PARTIAL")


def test_the_plants_of_a_community_add_up(api: Api):
    make_quarters(api.scene.a.device, NOON, 8)
    for number in (1010, 1011):
        plant = make_measured_plant(number, PlantType.CONSUMER, power=1, cer_configuration=api.scene.a.cer)
        make_quarters(DeviceConfiguration.objects.get(placements__plant=plant), NOON, 8, energy_in=1_000_000)

    row = rows_of(api, f"{INTERVALS}?community={api.scene.a.cer.pk}&{RANGE}")[0]

    assert (row["energy_in"], row["energy_out"], row["coverage"], row["quality"]) == (2.25, 0.3, 1.0, "GOOD")


@pytest.mark.both_databases
def test_a_community_takes_the_same_queries_for_any_number_of_plants(api: Api):
    def queries() -> int:
        client = api.client("admin")
        client.get("/api/feed/")
        with CaptureQueriesContext(connection) as captured:
            client.get(f"{INTERVALS}?community={api.scene.a.cer.pk}&{RANGE}")
        return len(captured)

    make_quarters(api.scene.a.device, NOON, 8)
    few = queries()
    for number in range(1020, 1026):
        plant = make_measured_plant(number, PlantType.CONSUMER, power=1, cer_configuration=api.scene.a.cer)
        make_quarters(DeviceConfiguration.objects.get(placements__plant=plant), NOON, 8)

    assert queries() == few


def test_days_of_the_change_of_the_clock_have_92_and_100_quarters(api: Api):
    plant = api.scene.a.plant.pk

    assert len(rows_of(api, f"{INTERVALS}?plant={plant}&from=2026-03-29&to=2026-03-30")) == 92
    assert len(rows_of(api, f"{INTERVALS}?plant={plant}&from=2026-10-25&to=2026-10-26")) == 100
    assert len(rows_of(api, f"{AGGREGATES}?plant={plant}&period=1H&from=2026-10-25&to=2026-10-26")) == 25


def make_total(kind: SubjectKind, subject: int, period: Period, start: datetime, **values: Any) -> None:
    EnergyAggregate.objects.create(
        subject_kind=kind,
        subject_id=subject,
        period=period,
        start=start,
        recorded_at=start,
        coverage=1.0,
        quality=IntervalQuality.GOOD,
        source=IntervalSource.REGISTERS,
        **values,
    )


def test_aggregates_are_the_stored_totals(api: Api):
    plant = api.scene.a.plant.pk
    start = datetime(2026, 2, 28, 23, tzinfo=UTC)
    make_total(SubjectKind.PLANT, plant, Period.DAY, start, energy_in=8_123_456, produced=5_000_000)

    rows = rows_of(api, f"{AGGREGATES}?plant={plant}&from=2026-03-01&to=2026-03-03")

    assert [row["energy_in"] for row in rows] == [8.123456, None]
    assert (rows[0]["energy_out"], rows[0]["net_energy"], rows[0]["energy_produced"]) == (None, 8.123456, 5.0)


def test_what_a_device_counted_before_it_came_is_not_told(api: Api):
    device, moved = make_device(1030), NOON + timedelta(hours=1)
    DevicePlacement.objects.create(device=device, plant=api.scene.b.plant, active_from=LONG_AGO, active_to=moved)
    here = make_plant(1030, owner=api.scene.a.member)
    DevicePlacement.objects.create(device=device, plant=here, active_from=moved)
    make_quarters(device, NOON, 8)
    make_total(SubjectKind.DEVICE, device.pk, Period.DAY, NOON.replace(hour=23) - timedelta(days=1), energy_in=1)

    rows = rows_of(api, f"{INTERVALS}?device={device.pk}&{RANGE}", "member")
    days = rows_of(api, f"{AGGREGATES}?device={device.pk}&from=2026-03-02&to=2026-03-03", "member")

    assert [row["energy_in"] for row in rows] == [None] * 4 + [0.25] * 4
    assert [row["energy_in"] for row in days] == [None]


def test_what_one_may_not_see_is_not_there(api: Api):
    b = api.scene.b
    for address in (INTERVALS, AGGREGATES):
        for query in (f"device={b.device.pk}", f"plant={b.plant.pk}", f"community={b.cer.pk}", "plant=999999"):
            for form in ("json", "csv", "xlsx"):
                answer = api.client("admin").get(f"{address}?{query}&format={form}")
                assert (answer.status_code, answer["Content-Type"]) == (404, "application/json"), (address, query)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "plant"),
        ("plant={plant}&device=1", "device"),
        ("plant={plant}&period=2D", "period"),
        ("plant={plant}&from=2020-01-01&to=2026-01-01", "from"),
        ("plant={plant}&from=2026-01-02&to=2026-01-02", "to"),
        ("community={community}&from=2026-01-01&to=2026-02-01", "from"),
        ("plant={plant}&format=pdf", "format"),
        ("plant={plant}&format=xlsx&from=2026-01-01&to=2026-12-01", "format"),
        ("plant=one", "plant"),
        ("plant={plant}&resolution=5", "resolution"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(query: str, field: str, api: Api):
    asked = query.format(plant=api.scene.a.plant.pk, community=api.scene.a.cer.pk)

    answer = api.client("admin").get(f"{INTERVALS}?{asked}")

    assert answer.status_code == 400
    assert field in answer.json()


def test_a_year_of_quarters_is_sent_while_it_is_read(api: Api):
    answer = api.client("admin").get(f"{INTERVALS}?plant={api.scene.a.plant.pk}&from=2025-01-01&to=2026-01-01")

    assert answer.streaming
    assert b"".join(answer.streaming_content).count(b"start_time") == 35_040


def test_the_italian_file_opens_in_an_italian_spreadsheet(api: Api):
    make_quarters(api.scene.a.device, NOON, 1)

    answer = api.client("admin").get(f"{INTERVALS}?plant={api.scene.a.plant.pk}&{RANGE}&format=csv")

    text = answer.content.decode()
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    assert text.startswith("\ufeff")
    assert "\r\n" in text
    assert rows[1][1:8] == [
        *("02/03/2026 12:00", "02/03/2026 12:15", "2026-03-02T11:00:00Z", "0,250000", "0,100000", "0,150000", ""),
    ]
    assert rows[2][4:8] == ["", "", "", ""]
    assert answer["Content-Disposition"] == 'attachment; filename="cer-casa-65_15M_2026-03-02_2026-03-02.csv"'


def test_the_international_file_is_for_programs(api: Api):
    make_quarters(api.scene.a.device, NOON, 1)

    answer = api.client("admin").get(f"{INTERVALS}?plant={api.scene.a.plant.pk}&{RANGE}&format=csv-en")

    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert rows[0]["start_time"] == "2026-03-02T11:00:00Z"
    assert (rows[0]["energy_in_kwh"], rows[0]["net_energy_kwh"]) == ("0.250000", "0.150000")
    assert rows[4]["energy_in_kwh"] == ""


def test_the_workbook_has_numbers_times_and_what_one_must_know(api: Api):
    make_quarters(api.scene.a.device, NOON, 6)

    answer = api.client("admin").get(f"{INTERVALS}?plant={api.scene.a.plant.pk}&{RANGE}&format=xlsx")

    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    data, about = book["Dati"], {row[0].value: row[1].value for row in book["Informazioni"].iter_rows()}
    assert data["A2"].value == datetime(2026, 3, 2, 12)  # noqa: DTZ001  # a spreadsheet knows no zones
    assert (data["D2"].value, data["E2"].value, data["F2"].value) == (0.25, 0.1, 0.15)
    assert data["D9"].value is None
    assert about["Soggetto"] == "Casa 65"
    assert "Europe/Rome" in about["Fuso orario"]
    assert about["Completezza"] == "75.0 % (6/8)"
    assert {"Origine", "Generato il", "Periodo"} <= set(about)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_name_becomes_a_formula(start: str, api: Api):
    name = f'{start}HYPERLINK("http://x","y")'
    plant = make_plant(1040, owner=api.scene.a.member, name=name)
    give_role(make_device(1040, plant=plant), "EXCHANGE")
    client = api.client("member")
    query = f"plant={plant.pk}&{RANGE}"

    files = [client.get(f"{INTERVALS}?{query}&format={form}").content.decode() for form in ("csv", "csv-en")]
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{INTERVALS}?{query}&format=xlsx").content))

    for text, delimiter in zip(files, ";,", strict=True):
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter))
        assert rows[1][0] == f"'{name}"
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not any(cell.data_type == "f" for cell in cells)
    assert not any(isinstance(cell.value, str) and cell.value.startswith(start.strip() or "\0") for cell in cells)
