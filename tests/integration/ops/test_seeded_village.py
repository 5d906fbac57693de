"""What a seeded part of the community holds, and what seeding it again does: its rows agree to the mWh.

One seeding serves all these tests.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F, Sum

from cercollettiva.core.models import (
    CERConfiguration,
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
from cercollettiva.ops.seeding import Seeded, community, seed
from cercollettiva.ops.simulation.energy import CommunityEnergy
from cercollettiva.ops.simulation.italian_time import ITALY
from cercollettiva.ops.simulation.shelly import VirtualShelly
from cercollettiva.users.models import CustomUser
from tests.integration.ops.village import (
    DEVICES,
    FAMILY,
    MINUTES,
    NOW,
    QUARTERS,
    SCHOOL,
    VILLAGE,
    WORKSHOP,
    YESTERDAY,
    counts,
    device_of,
)
from tests.support.standing import standing_rows

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.fixture(scope="module")
def state(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def village(django_db_setup, django_db_blocker, state: Path) -> Iterator[Seeded]:
    with standing_rows(django_db_blocker):
        yield seed(now=NOW, state=state, days=1, scenery=VILLAGE)


@pytest.fixture
def again(state: Path, tmp_path: Path):
    """Seeds what is there once more; the moment and the rest may be told."""
    shutil.copytree(state, tmp_path, dirs_exist_ok=True)

    def again(now: datetime = NOW, **options: Any) -> Seeded:
        return seed(now=now, state=tmp_path, days=1, scenery=VILLAGE, **options)

    return again


def registers_of(device: DeviceConfiguration) -> dict[datetime, EnergyMeasurement]:
    return {row.timestamp: row for row in EnergyMeasurement.objects.filter(device=device)}


def test_channels_have_the_roles_and_phases_of_the_scenery(village):
    roles = ChannelRole.objects.filter(plant__pod_code=FAMILY).values_list("role", "component", "phases", "sign")
    assert sorted(roles) == [("EXCHANGE", "em:0", "", 1), ("PRODUCTION", "em:0", "b", 1)]
    assert len(directory_at(NOW)) == DEVICES


def test_history_ends_with_the_last_full_quarter_hour(village):
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


def test_computing_from_the_registers_gives_the_quarter_hours_and_totals_that_were_written(village):
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


def test_the_totals_of_the_community_are_those_of_its_quarter_hours(village):
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


def test_registers_and_quarter_hours_agree_to_the_mwh(village):
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


def test_the_totals_of_a_register_are_the_sums_of_its_phases(village):
    rows = EnergyMeasurement.objects.annotate(
        drawn_by_phase=F("a_drawn") + F("b_drawn") + F("c_drawn"),
        returned_by_phase=F("a_returned") + F("b_returned") + F("c_returned"),
    )
    assert rows.count() == DEVICES * MINUTES
    assert not rows.exclude(drawn=F("drawn_by_phase"), returned=F("returned_by_phase")).exists()


def test_the_meters_go_on_where_the_registers_end(village):
    origin = community.origin_of(VILLAGE)
    energy = CommunityEnergy(VILLAGE, origin=origin)

    for meter, device in community.devices_of(VILLAGE).items():
        shown = VirtualShelly(meter, energy, started_at=NOW).registers(NOW)
        last = max(registers_of(device).items())[1]
        assert 0 <= last.drawn - round(shown["total_act"] * 1000) < 10  # the meter cuts to 0.01 Wh
        assert 0 <= last.returned - round(shown["total_act_ret"] * 1000) < 10


def test_the_last_25_hours_have_a_power_every_minute(village):
    device = device_of(FAMILY, "EXCHANGE")
    powers = DeviceMeasurement.objects.filter(device=device, component="em:0").order_by("timestamp")
    assert powers.count() == 25 * 60
    assert powers.last().timestamp == NOW.replace(minute=6, second=30)
    assert powers.last().energy_total == registers_of(device)[NOW.replace(minute=6, second=0)].drawn
    assert 200 < powers.last().a_voltage < 260


def test_states_show_the_last_values_at_once(village):
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


def test_a_second_run_changes_nothing(village, again):
    before = counts()

    second = again()

    assert counts() == before
    assert (second.password, sum(second.written)) == (village.password, 0)


def test_a_lost_password_is_replaced_and_opens_the_door(village, again, tmp_path):
    (tmp_path / "password").unlink()

    second = again()

    user = CustomUser.objects.get(email=second.logins["consumer"])
    assert second.password != village.password
    assert user.check_password(second.password)


def test_a_reset_starts_again(village, again):
    seeded = again(NOW + timedelta(days=30), reset=True)

    assert seeded.written.intervals == EnergyInterval.objects.count()
    assert EnergyInterval.objects.order_by("start").first().start == datetime(2026, 7, 9, tzinfo=ITALY)
