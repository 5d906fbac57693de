"""The invented community in the database: complete, the same on every run, and agreeing with itself to the mWh."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models import F, Sum
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
from cercollettiva.energy.aggregation import aggregate
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DeviceMeasurement,
    DeviceState,
    EnergyAggregate,
    EnergyInterval,
    EnergyMeasurement,
    Period,
    SubjectKind,
)
from cercollettiva.ingest.directory import directory_at
from cercollettiva.ops.seeding import DemoRefused, Seeded, community, seed, wiping
from cercollettiva.ops.simulation.energy import CommunityEnergy
from cercollettiva.ops.simulation.italian_time import ITALY
from cercollettiva.ops.simulation.lucernaia import COMMUNITY
from cercollettiva.ops.simulation.shelly import VirtualShelly
from cercollettiva.users.models import AuditLine, CustomUser
from tests.integration.core.scene import make_populated_community

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

NOW = datetime(2026, 6, 10, 10, 7, 20, tzinfo=UTC)
YESTERDAY = datetime(2026, 6, 9, tzinfo=ITALY)
QUARTERS = 96 + 12 * 4  # yesterday, and today until 12:00 in Italy
MINUTES = 1440 + 12 * 60 + 8

SCHOOL, FAMILY, WORKSHOP, CONSUMER = "IT001E99900001", "IT001E99900005", "IT001E99900004", "IT001E99900011"
PODS = (SCHOOL, WORKSHOP, FAMILY, CONSUMER)
VILLAGE = replace(  # a part of the community is enough for most tests
    COMMUNITY,
    points=tuple(point for point in COMMUNITY.points if point.pod in PODS),
    members=tuple(member for member in COMMUNITY.members if member.pod in PODS),
)
DEVICES = 7


@pytest.fixture
def sow(tmp_path: Path):
    """Seeds a day of history and today; the moment and the rest may be told."""

    def sow(now: datetime = NOW, **options: Any) -> Seeded:
        return seed(now=now, state=tmp_path, **{"days": 1, "scenery": VILLAGE, **options})

    return sow


def counts() -> dict[str, int]:
    """Rows by model, but those of the audit log: it keeps that the demo's people came, and nobody takes that away."""
    return {model.__name__: model._base_manager.count() for model in apps.get_models() if model is not AuditLine}


def device_of(pod: str, role: str) -> DeviceConfiguration:
    return DeviceConfiguration.objects.get(channel_roles__plant__pod_code=pod, channel_roles__role=role)


def registers_of(device: DeviceConfiguration) -> dict[datetime, EnergyMeasurement]:
    return {row.timestamp: row for row in EnergyMeasurement.objects.filter(device=device)}


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


def test_channels_have_the_roles_and_phases_of_the_scenery(sow):
    sow()

    roles = ChannelRole.objects.filter(plant__pod_code=FAMILY).values_list("role", "component", "phases", "sign")
    assert sorted(roles) == [("EXCHANGE", "em:0", "", 1), ("PRODUCTION", "em:0", "b", 1)]
    assert len(directory_at(NOW)) == DEVICES


def test_history_ends_with_the_last_full_quarter_hour(sow):
    sow()

    exchange = EnergyInterval.objects.filter(device=device_of(SCHOOL, "EXCHANGE")).order_by("start")
    production = EnergyInterval.objects.filter(device=device_of(SCHOOL, "PRODUCTION"))
    assert exchange.first().start == YESTERDAY
    assert exchange.last().start == datetime(2026, 6, 10, 9, 45, tzinfo=UTC)
    assert exchange.count() == QUARTERS
    assert EnergyInterval.objects.count() == DEVICES * QUARTERS
    assert not EnergyInterval.objects.exclude(coverage=1, quality=0, source=2).exists()
    assert exchange.filter(energy_in__gt=0).exists()
    assert exchange.filter(energy_out__gt=0).exists()
    assert not exchange.filter(produced__isnull=False).exists()
    assert production.filter(produced__gt=0).exists()
    assert not production.filter(energy_in__isnull=False).exists()


def test_computing_from_the_registers_gives_the_quarter_hours_and_totals_that_were_written(sow):
    sow()
    energies = ("energy_in", "energy_out", "produced")
    written = list(EnergyInterval.objects.order_by("device", "start").values_list("device", "start", *energies))
    totals = list(EnergyAggregate.objects.order_by("pk").values_list("pk", *energies, "coverage"))

    outcome = aggregate(NOW)

    assert outcome.quarters > 0
    assert outcome.events == 0
    ended = datetime(2026, 6, 10, 10, tzinfo=UTC)
    computed = EnergyInterval.objects.filter(start__lt=ended).order_by("device", "start")
    assert list(computed.values_list("device", "start", *energies)) == written
    hours = EnergyAggregate.objects.filter(start__lt=ended, period=Period.HOUR)
    known = {key: values for key, *values in totals}
    assert {row.pk: [*(getattr(row, name) for name in energies), row.coverage] for row in hours} == {
        key: known[key] for key in hours.values_list("pk", flat=True)
    }


def test_the_totals_of_the_community_are_those_of_its_quarter_hours(sow):
    sow()

    cer = CERConfiguration.objects.get()
    exchange = ChannelRole.objects.filter(role="EXCHANGE").values("device")
    day = EnergyAggregate.objects.get(
        subject_kind=SubjectKind.COMMUNITY, subject_id=cer.pk, period=Period.DAY, start=YESTERDAY
    )
    rows = EnergyInterval.objects.filter(
        device__in=exchange, start__gte=YESTERDAY, start__lt=YESTERDAY + timedelta(days=1)
    )
    sums = rows.aggregate(drawn=Sum("energy_in"), injected=Sum("energy_out"))
    assert (day.energy_in, day.energy_out) == (sums["drawn"], sums["injected"])
    assert (day.coverage, day.quality) == (1.0, 0)


def test_registers_and_quarter_hours_agree_to_the_mwh(sow):
    sow()

    compared = 0
    for role in ChannelRole.objects.select_related("device"):
        registers = registers_of(role.device)
        for interval in EnergyInterval.objects.filter(device=role.device, start__gte=YESTERDAY):
            before, after = registers[interval.start], registers[interval.start + timedelta(minutes=15)]
            drawn, returned = after.drawn - before.drawn, after.returned - before.returned
            if role.role == "PRODUCTION":
                assert (interval.produced, returned) == (drawn, 0)
            else:  # the meter does not net its phases, the quarter-hour is netted: their difference is the same
                assert interval.energy_in - interval.energy_out == drawn - returned
            compared += 1
    assert compared == DEVICES * QUARTERS


def test_the_totals_of_a_register_are_the_sums_of_its_phases(sow):
    sow()

    rows = EnergyMeasurement.objects.annotate(
        drawn_by_phase=F("a_drawn") + F("b_drawn") + F("c_drawn"),
        returned_by_phase=F("a_returned") + F("b_returned") + F("c_returned"),
    )
    assert rows.count() == DEVICES * MINUTES
    assert not rows.exclude(drawn=F("drawn_by_phase"), returned=F("returned_by_phase")).exists()


def test_the_meters_go_on_where_the_registers_end(sow):
    sow()
    origin = community.origin_of(VILLAGE)
    energy = CommunityEnergy(VILLAGE, origin=origin)

    for meter, device in community.devices_of(VILLAGE).items():
        shown = VirtualShelly(meter, energy, started_at=NOW).registers(NOW)
        last = max(registers_of(device).items())[1]
        assert 0 <= last.drawn - round(shown["total_act"] * 1000) < 10  # the meter cuts to 0.01 Wh
        assert 0 <= last.returned - round(shown["total_act_ret"] * 1000) < 10


def test_the_last_25_hours_have_a_power_every_minute(sow):
    sow()

    device = device_of(FAMILY, "EXCHANGE")
    powers = DeviceMeasurement.objects.filter(device=device, component="em:0").order_by("timestamp")
    assert powers.count() == 25 * 60
    assert powers.last().timestamp == NOW.replace(minute=6, second=30)
    assert powers.last().energy_total == registers_of(device)[NOW.replace(minute=6, second=0)].drawn
    assert 200 < powers.last().a_voltage < 260


def test_states_show_the_last_values_at_once(sow):
    sow()

    states = DeviceState.objects.select_related("device")
    assert states.count() == DEVICES
    for state in states:
        assert state.online
        assert NOW - state.last_seen < timedelta(minutes=2)
        assert set(state.values) == {"em:0"}
        assert set(state.registers) == {"emdata:0"}
    producing = DeviceState.objects.get(device=device_of(WORKSHOP, "PRODUCTION"))
    assert producing.production_power > 1000
    assert producing.exchange_power is None


def test_a_second_run_changes_nothing(sow):
    first = sow()
    before = counts()

    second = sow()

    assert counts() == before
    assert (second.password, sum(second.written)) == (first.password, 0)


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


def test_a_lost_password_is_replaced_and_opens_the_door(sow, tmp_path):
    first = sow()
    (tmp_path / "password").unlink()

    second = sow()

    user = CustomUser.objects.get(email=second.logins["consumer"])
    assert second.password != first.password
    assert user.check_password(second.password)


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


def test_a_reset_starts_again(sow):
    sow()

    seeded = sow(NOW + timedelta(days=30), reset=True)

    assert seeded.written.intervals == EnergyInterval.objects.count()
    assert EnergyInterval.objects.order_by("start").first().start == datetime(2026, 7, 9, tzinfo=ITALY)


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
