"""A member's day and their consumption and production: the parts add up, and are theirs alone."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from cercollettiva.core.models import MemberRole
from cercollettiva.domain.calendar import Span, day_range
from cercollettiva.web.energy.consumption import consumption_of
from cercollettiva.web.energy.today import today_of
from cercollettiva.web.history.asked import NoSuchPeriod, asked_for
from tests.integration.core.scene import join, make_community, make_device, make_plant, make_user
from tests.integration.energy.totals import KWH, a_total, write_totals

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOW = datetime(2026, 11, 27, 13, 40, tzinfo=UTC)  # a Friday, 14:40 in Italy
TODAY = date(2026, 11, 27)


@pytest.fixture
def community():
    return make_community("A")


@pytest.fixture
def owner(community):
    person = make_user("owner")
    join(person, community)
    return person


@pytest.fixture
def plant(owner, community):
    return make_plant(1, owner=owner, cer_configuration=community, name="Casa «Rossi»")


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def write_hour(plant, community, start: datetime, own: dict[str, int], everybody: dict[str, int]) -> None:
    write_totals(a_total(plant, Span.HOUR, start, **own), a_total(community, Span.HOUR, start, **everybody))


def write_day(plant, community, day: date) -> None:
    """In every hour: drawn 1, injected 2, produced 3; the community injects 10, draws 5."""
    start, end = day_range(day)
    own = {"energy_in": KWH, "energy_out": 2 * KWH, "produced": 3 * KWH}
    for number in range((end - start) // timedelta(hours=1)):
        moment = start + timedelta(hours=number)
        write_hour(plant, community, moment, own, {"energy_in": 5 * KWH, "energy_out": 10 * KWH})
    hours = (end - start) // timedelta(hours=1)
    write_totals(a_total(plant, Span.DAY, start, **{name: hours * mwh for name, mwh in own.items()}))


def test_a_day_is_cut_into_roof_community_and_grid_and_the_parts_add_up(plant, community, owner):
    write_day(plant, community, TODAY)

    today = today_of([plant], NOW, viewer=owner.pk)

    shares = {share.meaning: round(share.share, 3) for share in today.shares}
    assert shares == {"own": 0.5, "shared": 0.5}  # half from the roof, half drawn: all of it shared
    assert today.used_mwh == 15 * 2 * KWH  # the hour that runs included
    assert today.given_mwh == 15 * 2 * KWH
    assert today.rows[0].note == "in corso"
    assert today.rows[1].cells == [KWH, KWH, 0, KWH, KWH]  # of the 2 injected, half is shared
    assert (today.sentence.figure, today.sentence.meaning) == ("50\xa0%", "shared")


def test_where_nothing_came_from_the_community_the_sentence_says_where_it_came_from(plant, community, owner):
    start = day_range(TODAY).start
    write_hour(plant, community, start, {"energy_in": KWH}, {"energy_in": KWH, "energy_out": 0})

    today = today_of([plant], NOW, viewer=owner.pk)

    assert (today.sentence.figure, today.sentence.meaning) == ("1,0\xa0kWh", "grid")
    assert today.rows[0].note == "in corso"
    assert len(today.drawing.missing) == 13  # 1 of 14 hours that have ended is known


def test_before_the_first_measure_of_the_day_the_page_says_so(plant, owner):
    page = signed_in(owner).get(reverse("web:today")).content.decode()

    assert "Oggi non c’è ancora nessuna misura." in page
    assert "La giornata comincia adesso" in page
    assert "Il misuratore manda il primo dato entro 2 minuti" in page


def test_the_dashboard_of_a_member_is_their_day_and_of_an_administrator_the_communities(plant, community, owner):
    admin = make_user("admin")
    join(admin, community, MemberRole.ADMIN)
    make_plant(2, owner=admin, cer_configuration=community)

    own = signed_in(owner).get(reverse("web:dashboard"))
    other = signed_in(admin).get(reverse("web:dashboard"))

    assert own.templates[0].name == "web/today.html"
    assert other.templates[0].name == "web/dashboard.html"


def test_without_a_plant_the_pages_say_what_will_come(owner):
    client = signed_in(owner)

    for name in ("web:today", "web:my-energy"):
        assert "Non hai ancora un’utenza o un impianto" in client.get(reverse(name)).content.decode()
    assert client.get(reverse("web:my-energy-csv")).status_code == 404


def test_a_period_is_stacked_from_roof_community_and_grid_and_compared(plant, community, owner):
    for day in (date(2026, 11, 4), date(2026, 11, 5)):
        write_day(plant, community, day)

    page = consumption_of(plant, {"periodo": "giorno", "data": "2026-11-05"}, NOW, viewer=owner.pk)
    month = consumption_of(plant, {"periodo": "mese", "data": "2026-11-05"}, NOW, viewer=owner.pk)

    assert [column.name for column in page.history.columns] == [
        *("prelevata", "dalla comunità", "dalla rete", "immessa", "alla comunità", "alla rete", "prodotta"),
        "dal tuo tetto",
    ]
    assert (page.from_community_mwh, page.to_community_mwh) == (24 * KWH, 24 * KWH)
    assert month.history.rows[4].cells == [24 * KWH, 24 * KWH, 0, 48 * KWH, 24 * KWH, 24 * KWH, 72 * KWH, 24 * KWH]


def test_tariff_hours_follow_the_italian_clock_and_the_holidays(plant, community, owner):
    write_day(plant, community, date(2026, 11, 5))  # a Thursday
    write_day(plant, community, date(2026, 11, 1))  # Sunday and All Saints

    thursday = consumption_of(plant, {"periodo": "giorno", "data": "2026-11-05"}, NOW, viewer=owner.pk)
    sunday = consumption_of(plant, {"periodo": "giorno", "data": "2026-11-01"}, NOW, viewer=owner.pk)

    assert {one.name: one.mwh // KWH for one in thursday.fasce} == {"F1": 11, "F2": 5, "F3": 8}
    assert {one.name: one.mwh // KWH for one in sunday.fasce} == {"F1": 0, "F2": 0, "F3": 24}


def test_a_free_range_has_its_days_and_the_range_before_it(plant, community, owner):
    for number in range(1, 7):
        write_day(plant, community, date(2026, 11, number))

    page = consumption_of(plant, {"periodo": "libero", "dal": "2026-11-04", "al": "2026-11-06"}, NOW, viewer=owner.pk)

    assert len(page.history.rows) == 3
    assert page.history.name == "4 nov 2026 – 6 nov 2026"
    assert page.history.comparison.before == "1 nov 2026 – 3 nov 2026"
    assert page.history.comparison.changes[0].share == 0.0
    assert "dal=2026-11-01&al=2026-11-03" in page.history.earlier
    assert page.history.later.startswith("?periodo=libero&dal=2026-11-07&al=2026-11-09")


@pytest.mark.parametrize(
    ("first", "last", "reason"),
    [
        ("2026-11-06", "2026-11-04", "scambiale"),
        ("2024-11-06", "2026-11-04", "al massimo un anno"),
        ("2026-12-01", "2026-12-04", "non è ancora cominciato"),
        ("", "2026-11-04", "servono due date"),
        ("06/11/2026", "2026-11-04", "2026-03-01"),
    ],
)
def test_a_range_that_makes_no_sense_is_answered_in_words(first, last, reason):
    with pytest.raises(NoSuchPeriod, match=reason):
        asked_for({"periodo": "libero", "dal": first, "al": last}, NOW)


def test_a_range_that_still_runs_ends_today():
    asked = asked_for({"periodo": "libero", "dal": "2026-11-20", "al": "2027-01-20"}, NOW)

    assert (asked.first_day, asked.last_day) == (date(2026, 11, 20), TODAY)


def test_the_files_hold_what_the_page_shows(plant, community, owner):
    write_day(plant, community, date(2026, 11, 5))
    client, query = signed_in(owner), "?periodo=giorno&data=2026-11-05"

    text = client.get(reverse("web:my-energy-csv") + query)
    book = client.get(reverse("web:my-energy-xlsx") + query)

    rows = list(csv.DictReader(io.StringIO(text.content.decode("utf-8-sig")), delimiter=";"))
    sheets = load_workbook(io.BytesIO(book.content)).worksheets
    table = list(sheets[1].iter_rows(values_only=True))
    assert len(rows) == 24
    assert rows[0]["dalla comunità (kWh)"] == "1,000000"
    assert table[0][3:5] == ("prelevata (kWh)", "dalla comunità (kWh)")
    assert table[1][3:5] == (1, 1)
    assert text["Content-Disposition"].endswith('cer-cer-a_casa-rossi-energia-giorno_2026-11-05_2026-11-05.csv"')


def test_a_formula_in_a_name_stays_a_text_in_the_workbook(owner, community):
    plant = make_plant(7, owner=owner, cer_configuration=community, name='=HYPERLINK("http://x")')
    write_day(plant, community, date(2026, 11, 5))

    answer = signed_in(owner).get(
        reverse("core:plant-history-xlsx", args=[plant.pk]) + "?periodo=giorno&data=2026-11-05"
    )

    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert (sheet["B1"].value, sheet["B1"].data_type) == ('=HYPERLINK("http://x")', "s")


def test_the_plant_of_another_is_not_there(plant, owner):
    stranger = make_user("stranger")
    make_plant(9, owner=stranger)
    client = signed_in(stranger)

    for name in ("web:my-energy", "web:my-energy-csv", "web:my-energy-xlsx"):
        assert client.get(f"{reverse(name)}?impianto={plant.pk}").status_code == 404
    assert client.get(reverse("core:plant-quarters", args=[plant.pk])).status_code == 404


def test_the_quarters_of_a_year_are_one_array_with_holes(plant, owner):
    make_device(1, plant=plant)
    now = timezone.now()

    answer = signed_in(owner).get(reverse("core:plant-quarters", args=[plant.pk]) + f"?periodo=anno&data={now.date()}")

    body = answer.json()
    assert body["step"] == 900
    assert (body["exchange"], body["produced"]) == ([], [])


def test_a_page_asks_as_often_for_a_year_as_for_a_day(plant, community, owner):
    write_day(plant, community, date(2026, 11, 5))
    client = signed_in(owner)

    def asked(span: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{reverse('web:my-energy')}?periodo={span}&data=2026-11-05").status_code == 200
        return len(queries)

    assert asked("giorno") == asked("anno") <= 14
