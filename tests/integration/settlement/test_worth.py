"""Euros on the page of what was shared: all to those who look after the community, to a member what tells nothing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from cercollettiva.core.models import MemberRole, MemberType, PlantMeasurement, PlantMeasurementSource, PlantType
from cercollettiva.domain.calendar import HOUR, Range, Span, range_of, step
from cercollettiva.energy.models import EnergyAggregate, Period, SubjectKind
from cercollettiva.settlement.estimates import estimate
from tests.integration.core.scene import join, make_plant, make_user
from tests.integration.energy.totals import KWH, a_total, write_totals
from tests.integration.settlement.world import make_world, write_hours, write_published

pytestmark = pytest.mark.django_db


@pytest.fixture
def month() -> Range:
    return step(range_of(Span.MONTH, timezone.now()), Span.MONTH, -1)


@pytest.fixture
def first_day(month) -> Range:
    return Range(month.start, range_of(Span.DAY, month.start).end)


@pytest.fixture
def world(month, first_day):
    world = make_world()
    write_hours(world, first_day)
    write_published(month)
    world.admin = make_user("admin")
    join(world.admin, world.cer, MemberRole.ADMIN)
    return world


def add_people(world, first_day: Range, count: int, *, until: int = 24) -> None:
    """Neighbours who draw and inject 1 kWh in the first hours of the day, as hours and as a day."""
    for number in range(count):
        owner = make_user(f"neighbour-{number}")
        join(owner, world.cer, member_type=MemberType.PROSUMER)
        made = {"source": "PV", "nominal_power": Decimal(3), "entry_into_operation": first_day.start.date()}
        plant = make_plant(
            20 + number,
            cer_configuration=world.cer,
            plant_type=PlantType.PROSUMER,
            owner=owner,
            region="Veneto",
            **made,
        )
        energies = {"energy_in": KWH, "energy_out": KWH}
        rows = [a_total(plant, Span.HOUR, first_day.start + hour * HOUR, **energies) for hour in range(until)]
        write_totals(*rows, a_total(plant, Span.DAY, first_day.start, **energies))


def page(client, user, world, month, **query) -> str:
    client.force_login(user)
    asked = {"periodo": "mese", "data": f"{month.start + timedelta(days=2):%Y-%m-%d}", **query}
    answer = client.get(reverse("core:sharing", args=[world.cer.pk]), asked)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().replace("\xa0", " ").split())


def hour_page(client, user, world, start, **query) -> str:
    client.force_login(user)
    answer = client.get(reverse("settlement:hour", args=[world.cer.pk]), {"inizio": start.isoformat(), **query})
    assert answer.status_code == 200
    return " ".join(answer.content.decode().replace("\xa0", " ").split())


def test_those_who_look_after_a_community_see_its_euros_its_plants_and_who_measured(world, month, client):
    PlantMeasurement.objects.create(
        plant=world.plants["bruno"],
        start=month.start,
        end=month.start + HOUR,
        drawn_mwh=6 * KWH,
        source=PlantMeasurementSource.OPERATOR,
    )
    run = estimate(world.cer, month, now=timezone.now())

    text = page(client, world.admin, world, month)

    # 24 hours of 8 kWh at 80 + 10 EUR/MWh and TRASE 10: 17.28 and 1.92
    assert run.totals["premium"] == "17.280000"
    for said in (
        "17,28 €",
        "1,92 €",
        "19,20 €",
        "Casa 1",
        "192,0",
        "distributore 1 %",
        "misuratori della comunità 99 %",
    ):
        assert said in text, said
    assert world.plants["bruno"].pod_key in text  # of which hours are missing
    assert reverse("settlement:comparison", args=[world.cer.pk]) in text


def test_a_member_of_a_small_community_sees_their_own_part_and_no_total(world, month, client):
    run = estimate(world.cer, month, now=timezone.now())
    part = run.parts.get(user=world.people["bruno"])

    text = page(client, world.people["bruno"], world, month)

    assert f"{part.cents // 100},{part.cents % 100:02} €" in text
    assert "meno di cinque altre persone" in text
    for hidden in ("17,28 €", "1,92 €", "19,20 €", "Casa 1", world.plants["firm"].pod_key):
        assert hidden not in text, hidden
    for line in part.lines:
        assert str(line[-1]) not in text  # what all weighed together


def test_a_member_of_a_large_community_is_told_its_euros_but_no_plant_of_another(world, month, first_day, client):
    add_people(world, first_day, 6)
    run = estimate(world.cer, month, now=timezone.now())

    text = page(client, world.people["bruno"], world, month)

    premium = run.totals["premium"][:-4].replace(".", ",")
    assert f"{premium} €" in text
    assert "meno di cinque altre persone" not in text
    assert "Casa 1" not in text


def test_a_day_with_few_behind_it_keeps_the_whole_month_from_members(world, month, first_day, client):
    add_people(world, first_day, 6)
    estimate(world.cer, month, now=timezone.now())
    second = step(first_day, Span.DAY, 1)
    write_totals(a_total(world.plants["roof"], Span.DAY, second.start, energy_in=0, energy_out=KWH))

    assert "meno di cinque altre persone" in page(client, world.people["bruno"], world, month)


def test_a_year_lists_its_months_and_a_month_without_figures_says_why(world, month, client):
    estimate(world.cer, month, now=timezone.now())
    before = step(month, Span.MONTH, -1)
    estimate(world.cer, before, now=timezone.now())

    year = page(client, world.admin, world, month, periodo="anno")
    without = page(client, world.admin, world, before)

    assert "Quanto valgono i mesi" in year
    assert "19,20 €" in year
    assert "Manca il prezzo zonale" in without
    assert "Di questo mese non si può ancora dire quanto vale." in without


def test_without_an_estimate_the_page_says_when_there_will_be_one(world, month, client):
    assert "Non c’è ancora una stima di questo periodo" in page(client, world.admin, world, month)


def test_the_hour_of_a_small_community_tells_a_member_no_total_and_no_weight_of_all(world, month, client):
    text = hour_page(client, world.people["bruno"], world, month.start + HOUR)

    # the roof is Anna's alone: with 6 of 8 kWh Bruno's part says nothing of it that he does not know
    assert "6,000 kWh" in text
    assert "meno di cinque altre persone" in text
    for hidden in ("10,000 kWh", "8,000 kWh", "0,720000 €", "192,000 kWh"):
        assert hidden not in text, hidden


def test_who_looks_after_the_community_sees_the_whole_hour(world, month, client):
    text = hour_page(client, world.admin, world, month.start + HOUR, socio=world.people["bruno"].pk)

    for said in ("10,000 kWh", "8,000 kWh", "90,00 €/MWh", "0,720000 €", "misuratori della comunità 100 %"):
        assert said in text, said


def test_the_only_consumer_is_not_told_the_part_that_says_what_the_roof_gave(world, month, client):
    hours = EnergyAggregate.objects.filter(subject_kind=SubjectKind.PLANT, period=Period.HOUR)
    hours.filter(subject_id=world.plants["roof"].pk).update(energy_out=2 * KWH)
    hours.filter(subject_id=world.plants["firm"].pk).update(energy_in=0)

    text = hour_page(client, world.people["bruno"], world, month.start + HOUR)

    assert "la tua parte non si può mostrare" in text
    assert "2,000 kWh" not in text


def test_where_five_others_are_behind_every_hour_of_the_day_a_member_is_told_the_totals(
    world, month, first_day, client
):
    add_people(world, first_day, 6)

    text = hour_page(client, world.people["bruno"], world, month.start + HOUR)

    assert "16,000 kWh" in text  # the roof and six neighbours inject
    assert "14,000 kWh" in text
    assert "meno di cinque altre persone" not in text


def test_one_hour_with_few_keeps_the_totals_of_its_whole_day_from_members(world, month, first_day, client):
    add_people(world, first_day, 6, until=23)

    text = hour_page(client, world.people["bruno"], world, month.start + HOUR)

    assert "meno di cinque altre persone" in text
    assert "16,000 kWh" not in text


def test_the_page_of_today_says_what_the_month_brings_so_far_and_that_it_is_an_estimate(client):
    now = timezone.now()
    today = range_of(Span.DAY, now)
    world = make_world()
    so_far = Range(range_of(Span.MONTH, now).start, today.start)
    if so_far.start == so_far.end:
        so_far = Range(so_far.start, today.end)  # on the first day of a month, as tomorrow will see it
    write_hours(world, Range(so_far.start, so_far.end))
    write_published(Range(so_far.start, range_of(Span.MONTH, now).end))
    run = estimate(world.cer, so_far, now=now)
    part = run.parts.get(user=world.people["bruno"])

    client.force_login(world.people["bruno"])
    text = client.get(reverse("web:today")).content.decode().replace("\xa0", " ")

    assert f"{part.cents // 100},{part.cents % 100:02} €" in text
    assert "è una stima" in text
