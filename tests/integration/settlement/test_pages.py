"""The readings side by side, and one hour of one member down to the kWh and the cent."""

from __future__ import annotations

import html
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from cercollettiva.core.models import CERMembership, MemberRole, PlantType
from cercollettiva.domain.calendar import Range, Span, range_of, step
from cercollettiva.domain.settlement.advances import monthly_advance
from cercollettiva.domain.settlement.errors import MissingPlantData, MissingPrices
from cercollettiva.settlement.cases import community_case
from cercollettiva.settlement.comparison import readings, suggestion
from cercollettiva.settlement.estimates import estimate, settled_and_divided
from cercollettiva.settlement.explanation import explain
from cercollettiva.settlement.models import SettlementRun
from cercollettiva.settlement.operations import write_rule
from cercollettiva.settlement.reasons import reason_of, reason_of_run
from tests.integration.core.scene import join, make_plant, make_user
from tests.integration.settlement.world import make_world, write_hours, write_published

pytestmark = pytest.mark.django_db


@pytest.fixture
def month() -> Range:
    return step(range_of(Span.MONTH, timezone.now()), Span.MONTH, -1)


@pytest.fixture
def world(month):
    world = make_world()
    first_day = Range(month.start, range_of(Span.DAY, month.start).end)
    write_hours(world, first_day)
    write_published(month)
    world.admin = make_user("admin")
    join(world.admin, world.cer, MemberRole.ADMIN)
    write_rule(world.cer, valid_from=month.start.date() - timedelta(days=5), by=None)
    return world


def test_an_hour_is_explained_down_to_the_cent_and_the_hours_make_the_month(world, month):
    made = community_case(world.cer, month)
    settled, divided = settled_and_divided(made)
    bruno = world.people["bruno"].pk

    hours = [explain(made, settled, divided, hour=number, user=bruno) for number in range(24)]

    first = hours[0]
    assert (first.injected, first.withdrawn, first.shared) == (10, 8, 8)
    assert (first.own_withdrawn, first.own_shared) == (6, 6)
    assert first.plants[0].tariff == pytest.approx(90)
    assert first.plants[0].name == ""  # of somebody else
    assert first.premium == pytest.approx(0.72)
    assert first.valorisation == pytest.approx(0.08)
    assert sum(part.cents for hour in hours for part in hour.parts) == pytest.approx(divided.of_member(bruno))
    assert first.month_cents == divided.of_member(bruno)


@pytest.mark.parametrize(
    "asked", ["ieri", "2999-01-01T00:00+00:00", "1900-01-01T00:00+00:00", "0001-01-01T00:00+14:00"]
)
def test_an_hour_that_cannot_be_asked_for_is_not_found(world, client, asked):
    client.force_login(world.people["bruno"])

    assert client.get(reverse("settlement:hour", args=[world.cer.pk]), {"inizio": asked}).status_code == 404


def test_another_members_hour_is_for_administrators(world, month, client):
    address = reverse("settlement:hour", args=[world.cer.pk])
    asked = {"inizio": month.start.isoformat(), "socio": world.people["bruno"].pk}
    stranger = make_user("stranger")

    def status(user, **more) -> int:
        client.force_login(user)
        return client.get(address, {**asked, **more}).status_code

    assert status(world.people["firm"]) == 404
    assert status(world.admin) == 200
    assert status(world.admin, socio=stranger.pk) == 404
    now = timezone.now()
    CERMembership.objects.filter(user=world.people["bruno"]).update(active_to=now)
    join(world.people["bruno"], world.cer, active_from=now)
    assert status(world.admin) == 200  # who left and came back is one person
    assert status(world.admin, socio="uno") == 404
    assert status(stranger) == 404


def test_the_readings_stand_side_by_side_with_the_euros_between_them(world, month, client):
    old = world.plants["roof"]
    old.grant_share = Decimal("0.4")
    old.save()
    found = readings(community_case(world.cer, month))

    assert len(found) == 6
    assert [row.is_in_use for row in found].count(True) == 1
    assert {row.difference for row in found} == {0}  # one plant: no other to give it to
    assert len({row.excess for row in found}) == 2
    estimate(world.cer, month, now=timezone.now())
    client.force_login(world.admin)
    text = client.get(reverse("settlement:comparison", args=[world.cer.pk])).content.decode()
    assert "in uso" in text
    assert "Conviene trattenere" in text
    assert client.get(reverse("settlement:comparison", args=[world.cer.pk]), {"mese": "2999-01"}).status_code == 404
    for asked in ("maggio", "0001-02", "1999-12"):
        assert client.get(reverse("settlement:comparison", args=[world.cer.pk]), {"mese": asked}).status_code == 404


def test_advances_are_counted_for_each_plant_in_the_months_it_is_in_and_without_a_premium_too(world, month):
    roof = world.plants["roof"]
    old = make_plant(
        4,
        cer_configuration=world.cer,
        plant_type=PlantType.PRODUCER,
        source=roof.source,
        nominal_power=roof.nominal_power,
        entry_into_operation=date(2015, 1, 1),
        region=roof.region,
    )
    made = community_case(world.cer, month)
    earning, existing = (monthly_advance(plant, 10.0) for plant in made.case.plants)
    totals = {"premium": "1", "valorisation": "1"}
    runs = [
        SettlementRun(plants={str(plant.pk): {} for plant in plants}, totals=totals) for plants in ([roof], [roof, old])
    ]

    held = suggestion(made, runs)

    assert existing.premium == 0
    assert held.advance == pytest.approx(2 * (earning.premium + earning.valorisation) + existing.valorisation)
    assert held.expected == 4
    assert suggestion(made, []) is None


def test_a_month_without_prices_says_why_there_are_no_figures(world, month, client):
    client.force_login(world.admin)
    before = step(month, Span.MONTH, -2)

    text = client.get(reverse("settlement:comparison", args=[world.cer.pk]), {"mese": f"{before.end:%Y-%m}"}).content

    assert "Manca il prezzo zonale" in text.decode()


@pytest.mark.parametrize("name", ["core:sharing", "settlement:hour"])
def test_why_there_are_no_figures_is_told_in_ones_language_and_names_pods_to_those_who_look_after_them(
    world, month, client, name
):
    roof = world.plants["roof"]
    roof.entry_into_operation = None
    roof.save()
    estimate(world.cer, month, now=timezone.now())
    by_month = {"periodo": "mese", "data": f"{month.start + timedelta(days=2):%Y-%m-%d}"}
    asked = {"inizio": month.start.isoformat()} if name == "settlement:hour" else by_month

    def told(user, language: str = "it") -> str:
        client.force_login(user)
        client.cookies["django_language"] = language
        with translation.override(language):  # which a page in this process would leave behind
            return html.unescape(client.get(reverse(name, args=[world.cer.pk]), asked).content.decode())

    assert f"{roof.pod_code}: manca la data di entrata in esercizio" in told(world.admin)
    assert f"{roof.pod_code}: the date of entry into operation is missing" in told(world.admin, "en")
    assert "Un punto di connessione: manca la data di entrata in esercizio" in told(world.people["bruno"])
    assert roof.pod_code not in told(world.people["bruno"], "en")


def test_an_estimate_of_before_the_details_of_a_reason_names_its_pods_to_whoever_may_see_them(world):
    run = SettlementRun(refusal="IT001E00000001: manca la fonte.")

    assert reason_of_run(run, names_pods=True) == run.refusal
    assert "IT001E" not in reason_of_run(run, names_pods=False)
    assert reason_of_run(SettlementRun(), names_pods=True) == ""


def test_what_a_price_is_missing_for_is_told_by_the_clock_of_italy_and_in_english_too():
    hours = [datetime(2026, 7, 1, 10, tzinfo=UTC), datetime(2026, 7, 1, 11, tzinfo=UTC)]

    with translation.override("it"):
        assert "delle 01/07/2026 12:00 e di" in reason_of(MissingPrices(hours), names_pods=False)
    with translation.override("en"):
        assert "the source is" in reason_of(MissingPlantData("IT001E00000001", "la fonte"), names_pods=True)
        assert "12:00 is missing" in reason_of(MissingPrices(hours[:1]), names_pods=False)
