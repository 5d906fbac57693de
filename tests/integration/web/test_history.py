"""The history of a plant and of a community: what the page says and what the file holds."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cercollettiva.core.models import MemberRole, PlantType
from cercollettiva.domain.calendar import Span, local_date, range_of, step
from cercollettiva.energy.models.intervals import IntervalQuality
from cercollettiva.web.history.page import history_of
from tests.integration.core.scene import join, make_community, make_plant, make_user
from tests.integration.energy.totals import KWH, a_total, write_every, write_totals

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOW = datetime(2026, 11, 27, 9, 40, tzinfo=UTC)  # a Friday, 10:40 in Italy
FIRST, AFTER = date(2026, 9, 1), date(2026, 11, 27)


@pytest.fixture
def owner():
    return make_user("owner")


@pytest.fixture
def plant(owner):
    return make_plant(1, owner=owner, name="=Casa «Rossi»")


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(plant, user, query: str = "") -> str:
    """The words of the page."""
    markup = signed_in(user).get(reverse("core:plant", args=[plant.pk]) + query).content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", markup.split('class="section history')[1]).split())


def file_of(plant, user, query: str) -> list[dict[str, str]]:
    answer = signed_in(user).get(reverse("core:plant-history", args=[plant.pk]) + query)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


def test_a_month_says_what_was_drawn_injected_and_made_and_compares_it(plant):
    write_every(plant, Span.DAY, date(2026, 9, 1), date(2026, 10, 1), lambda day: day_of(4, 2, 5))
    write_every(plant, Span.DAY, date(2026, 10, 1), date(2026, 11, 1), lambda day: day_of(5, 2, 6))

    october = history_of(plant, {"periodo": "mese", "data": "2026-10-05"}, NOW)

    assert [(one.name, one.mwh, one.is_least) for one in october.sums] == [
        ("prelevata", 31 * 5 * KWH, False),
        ("immessa", 31 * 2 * KWH, False),
        ("prodotta", 31 * 6 * KWH, False),
    ]
    assert october.own_use == (31 * 4 * KWH, 31 * 6 * KWH, 31 * 9 * KWH, 31)
    drawn = october.comparison.changes[0]
    assert (drawn.before_mwh, drawn.difference_mwh) == (30 * 4 * KWH, 35 * KWH)
    assert drawn.share == pytest.approx(35 / 120)
    assert (october.comparison.before, october.comparison.alike) == ("settembre 2026", "")
    assert october.measured == "31 giorni su 31 misurati"


def day_of(drawn: int, injected: int, produced: int | None) -> dict[str, int | None]:
    return {
        "energy_in": drawn * KWH,
        "energy_out": injected * KWH,
        "produced": None if produced is None else produced * KWH,
    }


def test_a_month_that_runs_is_compared_with_the_same_days(plant):
    write_every(plant, Span.DAY, date(2026, 10, 1), AFTER, lambda day: day_of(1, 0, None))
    so_far = {"energy_in": 900 * KWH, "energy_out": 0, "coverage": 0.4, "quality": IntervalQuality.PARTIAL}
    write_totals(a_total(plant, Span.DAY, NOW, **so_far))

    november = history_of(plant, {}, NOW)

    assert november.sums[0].mwh == (26 + 900) * KWH  # so far, today included
    assert not november.sums[0].is_least  # today is not missing, it is not over
    (drawn, *_) = november.comparison.changes
    assert (drawn.mwh, drawn.before_mwh, november.comparison.alike) == (26 * KWH, 26 * KWH, "i primi 26 giorni")
    assert (november.rows[-1].note, november.rows[-2].note) == ("in corso", "")
    assert len(november.rows) == 27
    assert november.later == ""
    assert november.own_use is None


def test_half_a_month_is_not_compared_with_a_whole_one(plant):
    write_every(plant, Span.DAY, date(2026, 9, 16), date(2026, 11, 1), lambda day: day_of(1, 0, None))

    october = history_of(plant, {"data": "2026-10-05"}, NOW)

    assert october.comparison.changes == []
    assert "allora 15 giorni su 30 misurati, adesso 31 giorni su 31 misurati" in october.comparison.refusal


def test_a_missing_day_stays_a_gap_with_its_reason_and_makes_the_sum_a_least(plant):
    write_every(plant, Span.DAY, date(2026, 10, 3), date(2026, 10, 12), lambda day: day_of(1, 0, None))
    write_every(plant, Span.DAY, date(2026, 10, 13), date(2026, 11, 1), lambda day: day_of(1, 0, None))

    october = history_of(plant, {"data": "2026-10-05"}, NOW)

    assert [row.note for row in october.rows[:3]] == ["prima della prima misura", "prima della prima misura", ""]
    assert (october.rows[11].note, october.rows[11].cells) == ("dato mancante", [None, None])
    assert len(october.drawing.missing) == 1
    assert (october.sums[0].mwh, october.sums[0].is_least) == (28 * KWH, True)


def test_what_is_partial_or_estimated_is_said_and_drawn(plant):
    write_every(plant, Span.DAY, date(2026, 10, 1), date(2026, 11, 1), lambda day: day_of(1, 0, None) | quality(day))

    october = history_of(plant, {"data": "2026-10-05"}, NOW)

    assert [october.rows[number].note for number in (1, 2, 3)] == [
        "incompleta: misurato il 99,9\u00a0% del tempo",  # never rounded up to all of it
        "stimata",
        "fasi non compensate",
    ]
    assert october.measured == "31 giorni su 31 misurati, di cui 1 solo in parte"
    assert (len(october.drawing.partial), october.has_uncertain) == (1, True)
    assert sum(rect.is_uncertain for rect in october.drawing.rects) == 2


def quality(day: int) -> dict[str, float]:
    named = {1: IntervalQuality.PARTIAL, 2: IntervalQuality.ESTIMATED, 3: IntervalQuality.NOT_NETTED}
    return {"quality": named.get(day, IntervalQuality.GOOD), "coverage": 0.99999 if day == 1 else 1.0}


@pytest.mark.parametrize(
    ("kind", "columns", "above", "below"),
    [
        (PlantType.PROSUMER, ["prelevata", "immessa", "prodotta", "usata sul posto"], ["own", "grid"], ["export"]),
        (PlantType.PRODUCER, ["prodotta", "immessa", "prelevata"], ["production"], []),
        (PlantType.CONSUMER, ["prelevata", "immessa", "prodotta", "usata sul posto"], ["own", "grid"], ["export"]),
    ],
)
def test_bars_follow_the_role_of_the_plant(owner, kind, columns, above, below):
    plant = make_plant(2, owner=owner, plant_type=kind)
    write_totals(a_total(plant, Span.DAY, NOW - timedelta(days=2), **day_of(3, 2, 6)))

    november = history_of(plant, {}, NOW)

    assert [column.name for column in november.columns] == columns
    shown = [rect.meaning for rect in november.drawing.rects]
    assert shown == [*above, *below]


def test_a_consumer_that_never_injected_and_a_producer_without_a_meter_of_it_show_one_energy(owner):
    consumer = make_plant(3, owner=owner, plant_type=PlantType.CONSUMER)
    producer = make_plant(4, owner=owner, plant_type=PlantType.PRODUCER)
    write_totals(
        a_total(consumer, Span.DAY, NOW - timedelta(days=2), **day_of(3, 0, None)),
        a_total(producer, Span.DAY, NOW - timedelta(days=2), energy_out=5 * KWH),
    )

    histories = [history_of(plant, {}, NOW) for plant in (consumer, producer)]

    assert [[column.name for column in one.columns] for one in histories] == [["prelevata"], ["immessa"]]
    assert [one.drawing.rects[0].meaning for one in histories] == ["grid", "production"]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_when_the_clock_changes_has_its_hours_by_their_names(plant, day, hours):
    chosen = date.fromisoformat(day)
    write_every(plant, Span.HOUR, chosen, chosen + timedelta(days=1), lambda hour: {"energy_in": (hour + 1) * KWH})

    shown = history_of(plant, {"periodo": "giorno", "data": day}, NOW)
    names = [row.name for row in shown.rows]

    assert len(names) == len(set(names)) == hours
    assert str(hours) in shown.clock
    if hours == 25:
        assert names[1:4] == ["01:00–02:00 CEST", "02:00 CEST–02:00 CET", "02:00 CET–03:00"]
    else:
        assert names[1:3] == ["01:00–03:00", "03:00–04:00"]
    assert shown.sums[0].mwh == sum(range(1, hours + 1)) * KWH


def test_the_stepper_ends_at_the_first_measure_and_at_the_present(plant):
    write_every(plant, Span.DAY, FIRST, AFTER, lambda day: day_of(1, 0, None))

    september = history_of(plant, {"data": "2026-09-10"}, NOW)
    october = history_of(plant, {"data": "2026-10-10"}, NOW)

    assert (september.earlier, september.later) == ("", "?periodo=mese&data=2026-10-01#storico")
    assert (october.earlier, october.later) == (
        "?periodo=mese&data=2026-09-01#storico",
        "?periodo=mese&data=2026-11-01#storico",
    )
    assert october.links[4].url == "?periodo=giorno&data=2026-10-05#storico"
    assert [tab.url for tab in october.tabs][-1] == "?periodo=anno&data=2026-10-10#storico"


def test_the_page_says_it_in_words_with_a_table(owner, plant):
    last = step(range_of(Span.MONTH, timezone.now()), Span.MONTH, -1)
    month = local_date(last.start)
    write_every(plant, Span.DAY, month, local_date(last.end), lambda day: day_of(4, 1, 3))

    words = page_of(plant, owner, f"?periodo=mese&data={month.isoformat()}")

    days = (local_date(last.end) - month).days
    assert f"prelevata {days * 4},0 kWh" in words
    assert f"{days} giorni su {days} misurati" in words
    assert "4,000 1,000 3,000 2,000" in words
    assert "Usati sul posto" in words


def test_a_plant_without_totals_says_what_will_come(owner, plant):
    assert "Nessun totale, per ora" in page_of(plant, owner)


def test_a_period_without_measures_leads_to_the_first_one(owner, plant):
    write_every(plant, Span.DAY, date(2025, 9, 1), date(2025, 9, 4), lambda day: day_of(1, 0, None))

    words = page_of(plant, owner, "?periodo=mese&data=2025-11-01")

    assert "In questo periodo non c’è nessuna misura La prima è del 1 settembre 2025." in words


@pytest.mark.parametrize("query", ["?periodo=boh", "?data=2026-02-30", "?data=9999-12-31", "?periodo=mese&data=%00"])
def test_an_address_that_makes_no_sense_shows_this_month_with_a_notice(owner, plant, query):
    assert "Qui sotto c’è il mese in corso." in page_of(plant, owner, query)

    answer = signed_in(owner).get(reverse("core:plant-history", args=[plant.pk]) + query)

    assert answer.status_code == 400
    assert answer.content


def test_the_file_holds_what_is_on_the_screen_to_the_mwh(owner, plant):
    write_every(plant, Span.HOUR, date(2026, 10, 25), date(2026, 10, 26), lambda hour: {"energy_in": 1_000_001 * hour})

    rows = file_of(plant, owner, "?periodo=giorno&data=2026-10-25")

    shown = history_of(plant, {"periodo": "giorno", "data": "2026-10-25"}, NOW)
    assert list(rows[0]) == ["inizio", "fine", "inizio (UTC)", "prelevata (kWh)", "copertura (%)", "qualità", "nota"]
    exact = [f"{row.cells[0] / 10**6:.6f}".replace(".", ",") for row in shown.rows]
    assert [row["prelevata (kWh)"] for row in rows] == exact
    assert [(row["inizio"], row["inizio (UTC)"]) for row in rows[2:4]] == [
        ("25/10/2026 02:00 CEST", "2026-10-25T00:00:00Z"),
        ("25/10/2026 02:00 CET", "2026-10-25T01:00:00Z"),
    ]
    assert {(row["copertura (%)"], row["qualità"], row["nota"]) for row in rows} == {("100,0", "buona", "")}


def test_a_missing_part_is_an_empty_cell_with_its_reason(owner, plant):
    write_every(plant, Span.DAY, date(2026, 10, 1), date(2026, 10, 9), lambda day: day_of(1, 0, None))

    rows = file_of(plant, owner, "?periodo=mese&data=2026-10-01")

    assert len(rows) == 31
    assert (rows[20]["prelevata (kWh)"], rows[20]["copertura (%)"]) == ("", "")
    assert (rows[20]["qualità"], rows[20]["nota"]) == ("mancante", "dato mancante")


def test_the_file_is_named_by_community_plant_and_days(owner):
    community = make_community("A")
    join(owner, community)
    plant = make_plant(1, owner=owner, name="Casa «Rossi»\r\n", cer_configuration=community)

    answer = signed_in(owner).get(reverse("core:plant-history", args=[plant.pk]) + "?periodo=settimana&data=2026-03-29")

    name = "cer-cer-a_casa-rossi-energia-settimana_2026-03-23_2026-03-29.csv"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'


def test_a_community_shows_its_own_totals_and_exports_them():
    admin, community = make_user("admin"), make_community("A")
    join(admin, community, MemberRole.ADMIN)
    make_plant(1, cer_configuration=community)
    write_every(community, Span.DAY, date(2026, 3, 1), date(2026, 4, 1), lambda day: day_of(30, 20, 25))
    client = signed_in(admin)

    page = client.get(reverse("core:community", args=[community.pk]) + "?data=2026-03-05").content.decode()
    answer = client.get(reverse("core:community-history", args=[community.pk]) + "?data=2026-03-05")

    assert "930,0" in page
    assert "sul posto" not in page  # not every member has a meter of the production
    assert answer.content.decode("utf-8-sig").startswith("inizio;fine;inizio (UTC);prelevata (kWh);immessa (kWh);")
    assert 'filename="cer-cer-a_energia-mese_2026-03-01_2026-03-31.csv"' in answer["Content-Disposition"]


def test_an_hour_of_a_community_says_which_points_are_missing_and_what_it_may_have_been():
    admin, member, community = make_user("admin"), make_user("member"), make_community("A")
    join(admin, community, MemberRole.ADMIN)
    join(member, community)
    home = make_plant(1, cer_configuration=community, plant_type=PlantType.CONSUMER)
    make_plant(2, cer_configuration=community, plant_type=PlantType.PRODUCER)
    day, hour = date(2026, 3, 5), datetime(2026, 3, 5, 11, tzinfo=UTC)
    write_totals(
        a_total(home, Span.HOUR, hour - timedelta(days=1), energy_in=3 * KWH),
        a_total(community, Span.HOUR, hour, energy_in=5 * KWH),
    )
    ask = f"?periodo=giorno&data={day}"

    pages = [
        signed_in(user).get(reverse("core:community", args=[community.pk]) + ask).content.decode()
        for user in (admin, member)
    ]
    files = [
        signed_in(user).get(reverse("core:community-history", args=[community.pk]) + ask).content.decode("utf-8-sig")
        for user in (admin, member)
    ]

    assert "mancano 2 punti su 2, stima: prelevata 3,0\xa0kWh" in pages[0]
    assert "mancano" not in pages[1]  # two points are few: what they lack is for those who look after them
    assert "IT001E00000001" not in pages[1]
    [by_admin], [by_member] = (
        [
            row
            for row in csv.DictReader(io.StringIO(file), delimiter=";")
            if row["inizio (UTC)"].startswith("2026-03-05T11")
        ]
        for file in files
    )
    assert (by_admin["stima prelevata (kWh)"], by_admin["stima immessa (kWh)"]) == ("3,000000", "")
    assert (by_admin["punti mancanti"], by_admin["POD mancanti"]) == ("2", "IT001E00000001 IT001E00000002")
    assert not {"stima prelevata (kWh)", "punti mancanti", "POD mancanti"} & set(by_member)


def test_the_section_asks_the_database_twice_however_long_the_period(plant):
    write_every(plant, Span.MONTH, date(2026, 1, 1), date(2026, 11, 1), lambda month: day_of(1, 0, None))
    asked = {}
    for word in ("giorno", "settimana", "mese", "anno"):
        with CaptureQueriesContext(connection) as queries:
            history_of(plant, {"periodo": word, "data": "2026-10-25"}, NOW)
        asked[word] = len(queries)

    assert asked == dict.fromkeys(asked, 2)
