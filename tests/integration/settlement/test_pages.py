"""The readings side by side, and one hour of one member down to the kWh and the cent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from cercollettiva.core.models import MemberRole
from cercollettiva.domain.calendar import Range, Span, range_of, step
from cercollettiva.settlement.cases import community_case
from cercollettiva.settlement.comparison import readings
from cercollettiva.settlement.estimates import estimate, settled_and_divided
from cercollettiva.settlement.explanation import explain
from cercollettiva.settlement.operations import write_rule
from tests.integration.core.scene import join, make_user
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
    assert client.get(reverse("settlement:comparison", args=[world.cer.pk]), {"mese": "maggio"}).status_code == 404


def test_a_month_without_prices_says_why_there_are_no_figures(world, month, client):
    client.force_login(world.admin)
    before = step(month, Span.MONTH, -2)

    text = client.get(reverse("settlement:comparison", args=[world.cer.pk]), {"mese": f"{before.end:%Y-%m}"}).content

    assert "Manca il prezzo zonale" in text.decode()
