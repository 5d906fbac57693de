"""The screen of the town hall: there only where it was chosen, sums of five plants and more, nothing of anybody."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from cercollettiva.core.models import CERConfiguration, MemberRole
from cercollettiva.energy.models import ChannelRole, DevicePlacement, DeviceState
from cercollettiva.users.models import AuditLine, CustomUser
from tests.integration.core.scene import LONG_AGO, join, make_community, make_device, make_plant, make_user

pytestmark = pytest.mark.django_db


def signed_in(user: CustomUser) -> Client:
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def measured(community: CERConfiguration, numbers: range, at: datetime) -> None:
    for number in numbers:
        owner = make_user(f"owner-{number}", last_name=f"PERSON-{number}")
        plant = make_plant(number, name=f"PLANT-{number}", owner=owner, cer_configuration=community)
        device = make_device(number, plant=plant)
        placement = DevicePlacement.objects.get(device=device)
        ChannelRole.objects.create(placement=placement, component="em:0", role="EXCHANGE", active_from=LONG_AGO)
        power = -3000.0 if number % 2 else 1000.0
        DeviceState.objects.create(device=device, seq=number, last_seen=at, exchange_power=power, power_at=at)


@pytest.fixture
def community() -> CERConfiguration:
    community = make_community("A")
    community.shows_screen = True
    community.save()
    return community


def figures(community: CERConfiguration) -> dict:
    cache.clear()
    return Client().get(f"/cer/{community.pk}/schermo/data/").json()


def test_with_five_plants_everybody_reads_the_sums_and_no_name(community):
    measured(community, range(1, 6), timezone.now())

    page = Client().get(f"/cer/{community.pk}/schermo/")

    assert figures(community)["shared"] == 2000.0
    assert figures(community)["injected"] == 9000.0
    body = page.content.decode()
    assert "2,00" in body
    assert "PERSON-" not in body
    assert "PLANT-" not in body
    assert "IT001" not in body
    assert 'http-equiv="refresh"' in body  # without a script it still moves


def test_with_four_plants_there_is_no_figure(community):
    measured(community, range(1, 5), timezone.now())

    told = figures(community)

    assert (told["enough"], told["shared"], told["injected"], told["withdrawn"]) == (False, None, None, None)
    assert "meno di cinque" in Client().get(f"/cer/{community.pk}/schermo/").content.decode()


def test_a_figure_that_is_old_is_no_figure_of_now(community):
    measured(community, range(1, 6), timezone.now() - timedelta(minutes=6))

    assert figures(community)["shared"] is None


@pytest.mark.parametrize("change", [{"shows_screen": False}, {"is_active": False}])
def test_where_it_was_not_chosen_it_is_not_there(community, change):
    CERConfiguration.objects.filter(pk=community.pk).update(**change)

    for address in ("", "data/"):
        assert Client().get(f"/cer/{community.pk}/schermo/{address}").status_code == 404


def test_who_administers_looks_first_and_then_shows_it_and_hides_it_again(community):
    CERConfiguration.objects.update(shows_screen=False)
    admin = make_user("admin")
    join(admin, community, MemberRole.ADMIN)
    client, address = signed_in(admin), f"/cer/{community.pk}/schermo/"

    assert "Per ora la vedi solo tu" in client.get(address).content.decode()
    client.post(address, {"action": "show"})
    assert Client().get(address).status_code == 200
    client.post(address, {"action": "hide"})
    assert Client().get(address).status_code == 404
    assert list(AuditLine.objects.filter(action__startswith="SCREEN").values_list("action", flat=True)) == [
        "SCREEN_SHOWN",
        "SCREEN_HIDDEN",
    ]


def test_many_screens_ask_the_database_once(community, django_assert_max_num_queries):
    measured(community, range(1, 6), timezone.now())
    figures(community)

    with django_assert_max_num_queries(5):  # each time, whether it is still shown
        for _ in range(5):
            Client().get(f"/cer/{community.pk}/schermo/data/")
