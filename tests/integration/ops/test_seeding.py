"""The invented community in the database: complete, the same on every run, and agreeing with itself to the mWh."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.test import override_settings

from cercollettiva.core import cards, fees
from cercollettiva.core.models import (
    Application,
    CERConfiguration,
    CERMembership,
    FeePayment,
    MemberRegistry,
    MemberRole,
    MembershipCard,
    Organisation,
    Plant,
)
from cercollettiva.energy.models import (
    DeviceConfiguration,
    EnergyAggregate,
    EnergyInterval,
    EnergyMeasurement,
)
from cercollettiva.ops.seeding import DemoRefused, Seeded, seed, wiping
from cercollettiva.ops.simulation.italian_time import ITALY
from cercollettiva.ops.simulation.lucernaia import COMMUNITY
from cercollettiva.users.models import CustomUser
from tests.integration.core.scene import make_populated_community
from tests.integration.ops.village import (
    CONSUMER,
    NOW,
    SCHOOL,
    VILLAGE,
    YESTERDAY,
    counts,
    device_of,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.fixture
def sow(tmp_path: Path):
    """Seeds a day of history and today; the moment and the rest may be told."""

    def sow(now: datetime = NOW, **options: Any) -> Seeded:
        return seed(now=now, state=tmp_path, **{"days": 1, "scenery": VILLAGE, **options})

    return sow


def test_the_whole_community_is_there_and_its_logins_open_the_door(sow):
    seeded = sow(days=0, scenery=COMMUNITY)

    cer = CERConfiguration.objects.get()
    assert (cer.code, cer.market_zone, cer.organisation.legal_form) == ("CER-LUCERNAIA", "NORD", "ASSOCIATION")
    assert CERMembership.objects.active_at(NOW).members().count() == Plant.objects.count() == 12
    assert Counter(each.state for each in Application.objects.all()) == {
        "SUBMITTED": 2,
        "TO_FIX": 1,
        "REJECTED": 1,
        "DRAFT": 1,
    }
    assert CustomUser.objects.count() == 12 + Application.objects.count()
    assert Plant.objects.filter(source="PV", nominal_power__gt=0, censimp_code__startswith="IM_").count() == 5
    assert DeviceConfiguration.objects.count() == 16
    assert list(MemberRegistry.objects.values_list("number", flat=True)) == list(range(1, 13))
    unpaid = fees.open_fees(MembershipCard.objects.all())
    assert (unpaid.count(), fees.late(unpaid, on=NOW.date()).count()) == (2, 1)
    assert cards.valid_on(NOW.date()).count() == 12
    receipts = FeePayment.objects.order_by("receipt_number").values_list("receipt_number", flat=True)
    assert list(receipts) == list(range(1, MembershipCard.objects.count() - 1))

    users = {kind: CustomUser.objects.get(email=email) for kind, email in seeded.logins.items()}
    assert len(seeded.password) >= 12
    assert all(user.check_password(seeded.password) for user in users.values())
    assert CERConfiguration.objects.administered_by(users["administrator"]).get() == cer
    assert users["technician"].memberships.get().role == MemberRole.TECHNICAL
    assert [plant.plant_type for plant in Plant.objects.visible_to(users["prosumer"])] == ["PROSUMER"]
    assert [plant.plant_type for plant in Plant.objects.visible_to(users["consumer"])] == ["CONSUMER"]
    assert Plant.objects.visible_to(users["technician"]).count() == 12


def test_a_later_run_adds_what_has_passed_and_no_more(sow):
    sow(NOW - timedelta(hours=30))
    sow()
    in_two_runs = energy_and_counts()

    wiping.wipe(VILLAGE)
    sow(days=2)  # from the same midnight, at one go

    assert energy_and_counts() == in_two_runs


def energy_and_counts() -> tuple[Any, ...]:
    sums = EnergyInterval.objects.aggregate(Sum("energy_in"), Sum("energy_out"), Sum("produced"))
    recent = EnergyMeasurement.objects.filter(timestamp__gte=YESTERDAY)
    return *sums.values(), EnergyInterval.objects.count(), recent.count(), recent.aggregate(Sum("drawn"))


def test_the_day_with_100_quarters_has_them_all(sow):
    sow(datetime(2026, 10, 26, 10, tzinfo=UTC), days=2)

    day = EnergyInterval.objects.filter(
        device=device_of(CONSUMER, "EXCHANGE"),
        start__gte=datetime(2026, 10, 25, tzinfo=ITALY),
        start__lt=datetime(2026, 10, 26, tzinfo=ITALY),
    )
    assert day.count() == 100


def test_a_reset_takes_away_what_the_demo_wrote_and_nothing_else(sow):
    stranger = CustomUser.objects.create_user("somebody@example.it", "una password lunga")
    organisation = Organisation.objects.create(name="Un'altra associazione")
    before = counts()
    sow()
    device = DeviceConfiguration.objects.first()
    EnergyAggregate.objects.create(
        subject_kind=0, subject_id=device.pk, period=1, start=NOW, recorded_at=NOW, coverage=1, quality=0, source=2
    )
    Plant.objects.filter(pod_code=SCHOOL).update(verified_by=stranger)

    wiping.wipe(VILLAGE)

    assert {name: count for name, count in counts().items() if count != before[name]} == {}
    assert CustomUser.objects.get() == stranger
    assert Organisation.objects.get() == organisation


def test_a_database_with_another_community_is_refused(sow):
    make_populated_community("A")
    before = counts()

    with pytest.raises(DemoRefused, match=r"c'è già la comunità «CER A».*DATABASE_URL"):
        sow(reset=True)

    assert counts() == before


def test_production_is_refused(sow):
    with override_settings(SESSION_COOKIE_SECURE=True), pytest.raises(DemoRefused, match="produzione"):
        sow()

    assert not CERConfiguration.objects.exists()


def test_the_command_refuses_with_its_exit_code(tmp_path):
    make_populated_community("A")

    with pytest.raises(CommandError) as refused:
        call_command("seed_demo", state=tmp_path)

    assert refused.value.returncode == 1


def test_a_folder_that_cannot_be_written_has_its_exit_code(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(CommandError, match="Non posso scrivere") as refused:
        call_command("seed_demo", state=tmp_path / "file" / "demo")

    assert refused.value.returncode == 3
