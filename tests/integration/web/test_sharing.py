"""The shared hours of a community: all for those who look after it, to a member their own part and nobody else's."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from cercollettiva.core.models import MemberRole, Plant, PlantType
from cercollettiva.domain.calendar import Span, day_range
from cercollettiva.energy import queries
from cercollettiva.energy.models.intervals import IntervalQuality
from cercollettiva.web.energy.shared import Viewer, page_of
from tests.integration.core.scene import join, make_community, make_plant, make_user
from tests.integration.energy.totals import KWH, a_total, write_totals

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOW = datetime(2026, 11, 27, 9, 40, tzinfo=UTC)
NOON = datetime(2026, 11, 5, 11, tzinfo=UTC)  # 12:00 in Italy
ASKED = {"periodo": "mese", "data": "2026-11-05"}


class Village:
    """A community with an administrator, and members who each have a plant."""

    def __init__(self, letter: str = "A") -> None:
        self.community = make_community(letter)
        self.admin = make_user(f"admin-{letter.lower()}")
        join(self.admin, self.community, MemberRole.ADMIN)
        self.people: dict[str, Plant] = {}

    def add(self, name: str, kind: PlantType = PlantType.CONSUMER) -> Plant:
        person = make_user(name, last_name=f"Rossi-{name}")
        join(person, self.community)
        number = 100 * (ord(self.community.code[-1]) - 64) + len(self.people)
        plant = make_plant(
            number, name=f"Casa di {name}", owner=person, cer_configuration=self.community, plant_type=kind
        )
        self.people[name] = plant
        return plant

    def hour(self, start: datetime, figures: dict[str, tuple[float, float]]) -> None:
        """What each drew and injected in an hour [kWh], and the sums of the community."""
        rows = []
        for name, (drawn, injected) in figures.items():
            values = {"energy_in": int(drawn * KWH), "energy_out": int(injected * KWH)}
            rows.append(a_total(self.people[name], Span.HOUR, start, **values))
        sums = {
            "energy_in": sum(row.energy_in for row in rows),
            "energy_out": sum(row.energy_out for row in rows),
            "coverage": len(figures) / max(len(self.people), 1),
            "quality": IntervalQuality.GOOD if len(figures) == len(self.people) else IntervalQuality.PARTIAL,
        }
        write_totals(*rows, a_total(self.community, Span.HOUR, start, **sums))

    def page_for(self, user, query: str = "") -> str:
        address = reverse("core:sharing", args=[self.community.pk])
        return signed_in(user).get(f"{address}?periodo=mese&data=2026-11-05{query}").content.decode()

    def file_for(self, user) -> list[dict[str, str]]:
        address = reverse("core:sharing-csv", args=[self.community.pk])
        answer = signed_in(user).get(f"{address}?periodo=mese&data=2026-11-05")
        assert answer.status_code == 200
        return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))

    def owner_of(self, name: str):
        return self.people[name].owner

    def own_part(self, name: str) -> queries.OwnParts:
        period = day_range(date(2026, 11, 5))
        together = queries.shared_hours(self.community, period)
        plants, viewer = [self.people[name]], self.owner_of(name).pk
        return queries.own_parts(plants, self.community, period, viewer=viewer, together=together)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def village() -> Village:
    """Two who produce and two who consume; at noon 5 kWh are injected, 4 drawn."""
    village = Village()
    for name, kind in (("anna", PlantType.PROSUMER), ("bea", PlantType.PRODUCER), ("carlo", None), ("dino", None)):
        village.add(name, kind or PlantType.CONSUMER)
    village.hour(NOON, {"anna": (0.5, 3), "bea": (0, 2), "carlo": (2.5, 0), "dino": (1, 0)})
    return village


def test_shared_is_the_lesser_of_the_sums_of_an_hour_and_not_of_a_day(village):
    village.hour(NOON + timedelta(hours=8), {"anna": (6, 0), "bea": (0, 0), "carlo": (1, 0), "dino": (1, 0)})

    hours = queries.shared_hours(village.community, day_range(date(2026, 11, 5)))

    known = {hours.at(n).hour: int(hours.shared[n]) for n in range(24) if hours.known[n]}
    assert known == {11: 4 * KWH, 19: 0}


def test_the_parts_of_an_hour_follow_the_contribution_and_add_up_to_the_mwh(village):
    village.hour(
        NOON + timedelta(hours=1), {"anna": (1 / 3, 1), "bea": (0, 1 / 3), "carlo": (1 / 7, 0), "dino": (1, 0)}
    )

    for start, shared in ((NOON, 4 * KWH), (NOON + timedelta(hours=1), 1_333_333)):
        sharers = queries.sharers_of(village.community, list(Plant.objects.order_by("pk")), start)
        total = min(shared, sum(one.drawn_mwh for one in sharers))
        assert sum(one.from_community_mwh for one in sharers) == total
        assert sum(one.to_community_mwh for one in sharers) == total
    noon = {one.plant.name: one for one in queries.sharers_of(village.community, list(Plant.objects.all()), NOON)}
    assert noon["Casa di anna"].to_community_mwh == 2_400_000  # 3 of 5
    assert noon["Casa di carlo"].from_community_mwh == 2_500_000


def test_an_administrator_sees_the_hour_with_members_and_plants_and_what_is_missing(village):
    village.add("elio")

    page = village.page_for(village.admin, "&ora=2026-11-05T11:00Z")

    assert "condivisa <b" in page
    for text in ("Casa di anna", "anna Rossi-anna", "2,400", "Manca 1 punto", "Casa di elio"):
        assert text in page


def test_a_technician_sees_the_plants_and_not_whose_they_are(village):
    technician = make_user("technician")
    join(technician, village.community, MemberRole.TECHNICAL)

    page = village.page_for(technician, "&ora=2026-11-05T11:00Z")

    assert "Casa di anna" in page
    assert "Rossi-anna" not in page


def test_a_member_sees_their_own_part_and_nothing_of_anybody_else(village):
    carlo = village.owner_of("carlo")

    page = village.page_for(carlo, "&ora=2026-11-05T11:00Z")
    (row,) = [row for row in village.file_for(carlo) if row["inizio (UTC)"] == "2026-11-05T11:00:00Z"]

    assert row["prelevata (kWh)"] == "2,500000"
    assert row["dalla comunità (kWh)"] == "2,500000"  # more was injected than drawn: all of it
    assert "2,500" in page
    others = ("anna", "bea", "dino", "Rossi-anna", "Casa di bea")
    totals = ("4,0", "5,0", "4,000", "5,000")  # of the community
    body = page.split("<main")[1]
    for told in (*others, *totals):
        assert told not in body, told


def test_no_address_of_a_member_tells_a_total_of_few_people(village):
    """Differencing: a total minus one's own would be what the others did."""
    carlo = village.owner_of("carlo")
    write_totals(
        *(a_total(village.people[name], Span.DAY, NOON, **day) for name, day in DAY.items()),
        a_total(village.community, Span.DAY, NOON, energy_in=4_000_000, energy_out=5_000_000),
        a_total(village.community, Span.MONTH, NOON, energy_in=4_000_000, energy_out=5_000_000),
        a_total(village.community, Span.YEAR, NOON, energy_in=4_000_000, energy_out=5_000_000),
    )
    client = signed_in(carlo)

    for name in ("core:community", "core:community-history", "core:sharing", "core:sharing-csv"):
        for span in ("giorno", "settimana", "mese", "anno"):
            answer = client.get(f"{reverse(name, args=[village.community.pk])}?periodo={span}&data=2026-11-05")
            told = answer.content.decode()
            for figure in ("4,000000", "5,000000", "4,000<", "5,000<", "4,0\xa0kWh", "5,0\xa0kWh"):
                assert figure not in told, f"{name} by {span} tells {figure}"
    told = signed_in(village.admin).get(
        f"{reverse('core:community-history', args=[village.community.pk])}?periodo=giorno&data=2026-11-05"
    )
    assert "4,000000" in told.content.decode()  # the scan would find it


DAY = {
    "anna": {"energy_in": 500_000, "energy_out": 3_000_000},
    "bea": {"energy_in": 0, "energy_out": 2_000_000},
    "carlo": {"energy_in": 2_500_000, "energy_out": 0},
    "dino": {"energy_in": 1_000_000, "energy_out": 0},
}


def test_the_own_part_of_the_only_producer_is_withheld_where_it_tells_what_one_neighbour_drew():
    village = Village()
    village.add("anna", PlantType.PRODUCER)
    village.add("bea")
    village.hour(NOON, {"anna": (0, 3), "bea": (1.234, 0)})  # shared 1,234: what bea drew
    village.hour(NOON + timedelta(hours=1), {"anna": (0, 1), "bea": (1.5, 0)})  # shared 1: all that anna gave

    own = village.own_part("anna")

    assert own.withheld[12]
    assert own.to_community[12] == queries.UNKNOWN
    assert own.to_community[13] == 1 * KWH
    assert "1,234" not in village.page_for(village.owner_of("anna"))


def test_behind_five_others_the_own_part_of_the_only_producer_is_told():
    village = Village()
    village.add("anna", PlantType.PRODUCER)
    for number in range(5):
        village.add(f"socio{number}")
    village.hour(NOON, {"anna": (0, 3), **{f"socio{number}": (0.2, 0) for number in range(5)}})
    told = village.own_part("anna")
    Plant.objects.filter(pk=village.people["socio4"].pk).update(owner=village.owner_of("socio3"))  # now four people

    withheld = village.own_part("anna")

    assert told.to_community[12] == 1 * KWH
    assert withheld.to_community[12] == queries.UNKNOWN


def test_the_only_consumer_is_not_told_how_much_one_producer_gave():
    village = Village()
    village.add("anna", PlantType.PRODUCER)
    village.add("bea")
    village.hour(NOON, {"anna": (0, 0.777), "bea": (2, 0)})

    own = village.own_part("bea")

    assert own.withheld[12]
    assert "0,777" not in village.page_for(village.owner_of("bea"), "&ora=2026-11-05T11:00Z")


def test_a_member_without_a_plant_is_told_why_there_is_nothing(village):
    newcomer = make_user("newcomer")
    join(newcomer, village.community)

    page = village.page_for(newcomer)

    assert "Non hai impianti o utenze in questa comunità" in page
    assert "4,0" not in page.split("<main")[1]


def test_an_hour_of_another_plant_of_the_same_person_in_another_community_stays_there():
    here, there = Village("A"), Village("B")
    plant = here.add("anna", PlantType.PROSUMER)
    for number in range(6):
        here.add(f"socio{number}")
    elsewhere = there.add("altra", PlantType.PROSUMER)
    Plant.objects.filter(pk=elsewhere.pk).update(owner=plant.owner)
    here.hour(NOON, {"anna": (1, 0), **{f"socio{number}": (1, 2) for number in range(6)}})
    there.hour(NOON, {"altra": (9, 0)})

    (row,) = [row for row in here.file_for(plant.owner) if row["inizio (UTC)"] == "2026-11-05T11:00:00Z"]

    assert row["prelevata (kWh)"] == "1,000000"


def test_what_was_before_a_plant_joined_is_not_its_part(village):
    plant = village.people["carlo"]
    Plant.objects.filter(pk=plant.pk).update(active_from=NOON + timedelta(hours=1))
    plant.refresh_from_db()

    own = village.own_part("carlo")

    assert own.drawn[12] == queries.UNKNOWN


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"periodo": "secolo"}, "mese o anno"),
        ({"periodo": "giorno"}, "mese o anno"),
        ({**ASKED, "ora": "ieri"}, "2026-03-01T11:00Z"),
        ({**ASKED, "ora": "2026-12-05T11:00Z"}, "non è nel periodo"),
        ({**ASKED, "ora": "2026-11-05T11:15Z"}, "non è nel periodo"),
    ],
)
def test_an_address_that_makes_no_sense_is_answered_in_words(village, query, reason):
    viewer = Viewer(village.admin.pk, manages=True, administers=True, plants=[])
    file = reverse("core:sharing-csv", args=[village.community.pk])

    page = page_of(village.community, viewer, query, NOW)
    refused = signed_in(village.admin).get(file, query)

    assert reason in page.notice
    assert (refused.status_code, reason in refused.content.decode()) == (400, True)


def test_the_workbook_says_what_it_is_and_holds_numbers(village):
    address = reverse("core:sharing-xlsx", args=[village.community.pk])

    answer = signed_in(village.admin).get(address, ASKED)

    book = load_workbook(io.BytesIO(answer.content))
    about = {row[0].value: row[1].value for row in book.worksheets[0].iter_rows()}
    rows = list(book.worksheets[1].iter_rows(values_only=True))
    noon = next(row for row in rows[1:] if row[2] == "2026-11-05T11:00:00Z")
    assert about["fuso orario"] == "Europe/Rome"
    assert about["completezza"].startswith("1 ore note")
    assert noon[3:6] == (5, 4, 4)
    assert noon[0].isoformat() == "2026-11-05T12:00:00"
    assert answer["Content-Disposition"].startswith('attachment; filename="cer-cer-a_condivisione_2026-11-01_')


def test_a_year_is_read_with_one_query_and_the_page_asks_few(village):
    year = (datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC))
    with CaptureQueriesContext(connection) as asked:
        hours = queries.shared_hours(village.community, day_range(date(2026, 1, 1))._replace(end=year[1]))
    client = signed_in(village.admin)
    with CaptureQueriesContext(connection) as of_page:
        client.get(reverse("core:sharing", args=[village.community.pk]) + "?periodo=anno&data=2026-11-05")

    assert len(asked) <= 1  # a COPY is not counted
    assert len(hours.shared) == 8760
    assert len(of_page) <= 12


def crowded_village() -> Village:
    """Seven who produce and consume; carla is the one who looks."""
    village = Village()
    for name in ("carla", *(f"socio{number}" for number in range(6))):
        village.add(name, PlantType.PROSUMER)
    return village


def write_days(village: Village, day: date, injecting: list[str]) -> None:
    """A day in which all drew 1 kWh and some injected 2, as hours, days and the month."""
    start = day_range(day).start
    for name, plant in village.people.items():
        values = {"energy_in": KWH, "energy_out": 2 * KWH if name in injecting else 0}
        write_totals(a_total(plant, Span.DAY, start, **values))
    sums = {"energy_in": 7 * KWH, "energy_out": 2 * len(injecting) * KWH}
    write_totals(a_total(village.community, Span.DAY, start, **sums))


def told(village: Village, span: Span, first: date, last: date, *, now: datetime = NOW) -> list[int | None]:
    """What carla is told to have been injected, period by period."""
    period = day_range(first)._replace(end=day_range(last).end)
    totals = queries.aggregate_by_period(village.community, span, *period)
    viewer = village.owner_of("carla").pk
    shown = queries.told_totals(village.community, span, totals, viewer=viewer, now=now)
    return [total.injected_mwh for total in shown]


def test_a_day_is_told_where_five_others_gave_and_took_and_not_where_four_did():
    village = crowded_village()
    everybody = list(village.people)
    write_days(village, date(2026, 11, 3), everybody)
    write_days(village, date(2026, 11, 4), ["carla", "socio0", "socio1", "socio2", "socio3"])

    assert told(village, Span.DAY, date(2026, 11, 3), date(2026, 11, 4)) == [14 * KWH, None]


def test_a_month_with_one_day_that_is_not_told_is_not_told():
    village = crowded_village()
    write_days(village, date(2026, 10, 3), list(village.people))
    write_totals(a_total(village.community, Span.MONTH, day_range(date(2026, 10, 3)).start, energy_out=14 * KWH))
    before = told(village, Span.MONTH, date(2026, 10, 1), date(2026, 10, 31))
    write_days(village, date(2026, 10, 4), ["socio0"])

    assert before == [14 * KWH]
    assert told(village, Span.MONTH, date(2026, 10, 1), date(2026, 10, 31)) == [None]


def test_the_hours_of_a_day_are_told_together_or_not_at_all():
    village = crowded_village()
    village.hour(NOON, dict.fromkeys(village.people, (1, 2)))
    before = told(village, Span.HOUR, date(2026, 11, 5), date(2026, 11, 5))
    village.hour(NOON + timedelta(hours=5), {**dict.fromkeys(village.people, (1, 0)), "socio0": (1, 2)})

    assert before[12] == 14 * KWH
    assert set(told(village, Span.HOUR, date(2026, 11, 5), date(2026, 11, 5))) == {None}


def test_a_day_that_runs_is_told_by_its_hours_because_two_looks_differ_by_one():
    village = crowded_village()
    write_days(village, date(2026, 11, 5), list(village.people))
    village.hour(NOON, {**dict.fromkeys(village.people, (1, 0)), "socio0": (1, 2)})

    assert told(village, Span.DAY, date(2026, 11, 5), date(2026, 11, 5), now=NOON) == [None]
    assert told(village, Span.DAY, date(2026, 11, 5), date(2026, 11, 5)) == [14 * KWH]
