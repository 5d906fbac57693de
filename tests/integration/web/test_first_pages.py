"""The first pages on real rows: what they say, and that they ask the database the same few times, whatever there is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cercollettiva.core.models import MemberRole, PlantType
from cercollettiva.devices.samples import Power, Sample, TimeSource
from cercollettiva.energy.models import ChannelRole, DeviceMeasurement, DevicePlacement, DeviceState
from cercollettiva.energy.store import save_samples
from tests.integration.core.scene import LONG_AGO, join, make_community, make_device, make_plant, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def administrator():
    return make_user("admin")


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def make_measured_plant(number: int, community, *, watts: float | None, **fields):
    """A plant with a meter of the exchange that measured just now, or is silent."""
    plant = make_plant(number, cer_configuration=community, **fields)
    device = make_device(number)
    placement = DevicePlacement.objects.create(device=device, plant=plant, active_from=LONG_AGO)
    ChannelRole.objects.create(placement=placement, component="em:0", role="EXCHANGE", active_from=LONG_AGO)
    now = timezone.now()
    if watts is not None:
        DeviceState.objects.create(device=device, last_seen=now, power_at=now, online=True, exchange_power=watts)
    return plant


def test_the_dashboard_says_what_is_injected_drawn_and_shared(administrator):
    community = make_community("A")
    join(administrator, community, MemberRole.ADMIN)
    make_measured_plant(1, community, watts=-3000.0)
    make_measured_plant(2, community, watts=1234.0, plant_type=PlantType.CONSUMER)
    make_measured_plant(3, community, watts=None)

    page = signed_in(administrator).get(reverse("web:dashboard")).content.decode()

    assert "CER A" in page
    for figure in ("3,00", "1,23"):
        assert figure in page
    assert "di 3 punti misurati" in page


def test_the_dashboard_asks_the_same_few_times_however_many_plants_there_are(administrator):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(reverse("web:dashboard")).status_code == 200
        return len(asked)

    for letter in "AB":
        join(administrator, make_community(letter), MemberRole.ADMIN)
    client = signed_in(administrator)
    communities = [membership.community for membership in administrator.memberships.all()]
    make_measured_plant(1, communities[0], watts=100.0)
    few = queries()

    for number in range(2, 30):
        make_measured_plant(number, communities[number % 2], watts=100.0)

    assert queries() == few
    assert few <= 9


def test_somebody_without_a_community_is_told_what_comes_next():
    page = signed_in(make_user("newcomer")).get(reverse("web:dashboard")).content.decode()

    assert "Non sei ancora in una comunità" in page


def test_a_plant_without_a_measure_says_so():
    owner = make_user("owner")
    plant = make_plant(1, owner=owner)

    page = signed_in(owner).get(reverse("core:plant", args=[plant.pk])).content.decode()

    assert "ancora nessuna misura" in page


def test_a_gap_in_the_last_day_stays_a_gap():
    owner = make_user("owner")
    plant = make_measured_plant(1, None, watts=500.0, owner=owner)
    device = plant.device_placements.get().device
    now = timezone.now()
    moments = [now - timedelta(hours=3, minutes=minute) for minute in range(60)]
    save_samples([Sample(device.pk, "em:0", at, TimeSource.DEVICE, Power(power=500.0)) for at in moments], now=now)
    assert DeviceMeasurement.objects.count() == 60

    answer = signed_in(owner).get(reverse("core:plant", args=[plant.pk]))

    quarters = answer.context["quarters"]
    measured = [quarter for quarter in quarters if quarter["power_w"] is not None]
    assert len(quarters) == 96
    assert 4 <= len(measured) <= 6
    assert all(quarter["power_w"] == pytest.approx(500.0) for quarter in measured)
    assert all(quarter["note"] for quarter in quarters if quarter["power_w"] is None)


def test_the_home_counts_only_communities_with_enough_plants_to_hide_one_in():
    community = make_community("A")
    for number in range(1, 5):
        make_measured_plant(number, community, watts=-500.0 if number % 2 else 400.0)
    few = Client().get(reverse("web:home")).context["now"]

    make_measured_plant(5, community, watts=300.0)

    assert few is None
    shown = Client().get(reverse("web:home")).context["now"]
    assert (shown["shared_w"], shown["communities_count"]) == (1000.0, 1)


@pytest.mark.parametrize("path", ["/", "/users/login/"])
def test_a_page_sends_its_content_policy(path):
    policy = Client().get(path)["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_health_is_told_and_nothing_else(client, monkeypatch):
    assert client.get("/monitoring/health/").json() == {"status": "HEALTHY"}


def test_health_is_503_when_the_database_does_not_answer(client, monkeypatch):
    from django.db import OperationalError

    from cercollettiva.monitoring import health

    class Broken:
        def cursor(self):
            raise OperationalError("gone")

    monkeypatch.setattr(health, "connection", Broken())
    health.PROBES["database"].forget()  # what it answered to the test before

    answer = client.get("/monitoring/health/")
    health.PROBES["database"].forget()

    assert (answer.status_code, answer.json()) == (503, {"status": "UNHEALTHY"})
