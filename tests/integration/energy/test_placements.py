"""Meters that come, move, are replaced and leave: each plant gets exactly its part."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cercollettiva.core.models import MemberRole
from cercollettiva.domain.calendar import Span
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DevicePlacement,
    DeviceType,
    EnergyAggregate,
    MQTTAuditLog,
    Role,
    SubjectKind,
)
from cercollettiva.energy.operations import NotProvisioned
from cercollettiva.energy.placements import (
    By,
    NewMeter,
    WantedRole,
    add_meter,
    move_meter,
    set_roles,
    take_away,
    turn_round,
)
from tests.integration.core.scene import LONG_AGO, join, make_community, make_plant, make_user
from tests.integration.energy.meters import MINUTE, NOON, compute, drawn, injected, make_meter, registers

pytestmark = pytest.mark.django_db

NEW = "shellypro3em-0000aa"


@pytest.fixture
def community():
    return make_community("A")


@pytest.fixture
def by(community) -> By:
    technician = make_user("technician")
    join(technician, community, MemberRole.TECHNICAL)
    return By(technician, "192.0.2.7")


@pytest.fixture
def house(community):
    return make_plant(1, nominal_power=6, cer_configuration=community)


@pytest.fixture
def barn(community):
    return make_plant(2, nominal_power=6, cer_configuration=community)


def placed(device) -> DevicePlacement:
    return DevicePlacement.objects.get(device=device, active_to__isnull=True)


def new_meter(**changes) -> NewMeter:
    given = {
        "device_id": NEW,
        "kind": DeviceType.objects.get(code="SHELLY_PRO_3EM"),
        "component": "em:0",
        "role": Role.EXCHANGE,
        "since": NOON,
    }
    return NewMeter(**{**given, **changes})


def drawn_by(plant) -> int:
    """What a plant drew in all, by its hours. [mWh]"""
    hours = EnergyAggregate.objects.filter(subject_kind=SubjectKind.PLANT, subject_id=plant.pk, period=Span.HOUR)
    return sum(hour.energy_in or 0 for hour in hours)


def community_days(key: int) -> list[int]:
    """What a community drew on each day. [mWh]"""
    days = EnergyAggregate.objects.filter(subject_kind=SubjectKind.COMMUNITY, subject_id=key, period=Span.DAY)
    return list(days.order_by("start").values_list("energy_in", flat=True))


def test_a_meter_moved_within_a_quarter_leaves_each_plant_exactly_its_part(house, barn, by):
    meter = make_meter(1, plant=house)
    compute(registers(meter, [(60_000, 0)] * 60))
    assert (drawn_by(house), drawn_by(barn)) == (3_600_000, 0)

    move_meter(placed(meter), barn, since=NOON + 20 * MINUTE, by=by)
    compute()

    assert (drawn_by(house), drawn_by(barn)) == (20 * 60_000, 40 * 60_000)
    assert placed(meter).plant == barn
    assert MQTTAuditLog.objects.get().action == "MOVED"


@pytest.mark.parametrize("since", [NOON - timedelta(hours=10), LONG_AGO])
def test_a_meter_moved_back_in_time_takes_its_whole_hours_along(house, barn, by, since):
    meter = make_meter(1, plant=house)
    compute(registers(meter, [(60_000, 0)] * 180))
    assert (drawn_by(house), drawn_by(barn)) == (180 * 60_000, 0)

    move_meter(placed(meter), barn, since=since, by=by)
    compute()

    assert (drawn_by(house), drawn_by(barn)) == (0, 180 * 60_000)
    assert not EnergyAggregate.objects.filter(subject_kind=SubjectKind.PLANT, subject_id=house.pk).exists()
    assert community_days(house.cer_configuration_id) == [180 * 60_000]


def test_a_meter_taken_away_back_in_time_leaves_nothing_after_that(house, by):
    meter = make_meter(1, plant=house)
    compute(registers(meter, [(60_000, 0)] * 180))

    take_away(placed(meter), at=NOON + 60 * MINUTE, by=by)
    compute()

    assert drawn_by(house) == 60 * 60_000
    assert community_days(house.cer_configuration_id) == [60 * 60_000]


def test_a_meter_without_any_role_from_the_start_leaves_nothing(house, by):
    meter = make_meter(1, plant=house)
    compute(registers(meter, [(60_000, 0)] * 60))

    set_roles(placed(meter), [], since=LONG_AGO, by=by)
    compute()

    assert drawn_by(house) == 0
    assert community_days(house.cer_configuration_id) == []


def test_a_meter_that_is_replaced_hands_its_roles_over(house, by):
    old = make_meter(1, plant=house, role_fields={"sign": -1})
    compute(registers(old, [(0, 60_000)] * 30))

    placement = add_meter(house, new_meter(since=NOON + 30 * MINUTE, replaces=placed(old)), by=by)
    compute(registers(placement.device, [(0, 30_000)] * 30, start=NOON + 30 * MINUTE))

    role = ChannelRole.objects.get(placement=placement)
    assert (role.role, role.sign, role.active_from) == (Role.EXCHANGE, -1, NOON + 30 * MINUTE)
    assert placement.device.topic_prefix == f"cercollettiva/IT001E00000001/{NEW}"
    assert drawn_by(house) == 30 * 60_000 + 30 * 30_000


def test_a_clamp_the_wrong_way_round_is_counted_again_from_the_start(house, by):
    meter = make_meter(1, plant=house)
    compute(registers(meter, [(60_000, 0)] * 15))
    assert (drawn(meter), injected(meter)) == ([900_000], [0])

    turn_round(ChannelRole.objects.get(), by=by)
    compute()

    assert (drawn(meter), injected(meter)) == ([0], [900_000])
    assert ChannelRole.objects.get().sign == -1


def test_roles_change_from_a_moment_on_and_what_stays_keeps_its_row(house, by):
    meter = make_meter(1, plant=house, roles=[("em1:0", Role.EXCHANGE), ("em1:1", Role.LOAD)])
    exchange = ChannelRole.objects.get(component="em1:0")
    wanted = [WantedRole("em1:0", Role.EXCHANGE), WantedRole("em1:1", Role.PRODUCTION, sign=-1)]

    assert set_roles(placed(meter), wanted, since=NOON, by=by) == 1
    assert set_roles(placed(meter), wanted, since=NOON, by=by) == 0

    roles = ChannelRole.objects.filter(component="em1:1").order_by("active_from")
    assert [(role.role, role.sign, role.active_from, role.active_to) for role in roles] == [
        (Role.LOAD, 1, LONG_AGO, NOON),
        (Role.PRODUCTION, -1, NOON, None),
    ]
    assert ChannelRole.objects.get(component="em1:0") == exchange


def test_a_role_that_was_wrong_from_the_start_is_replaced(house, by):
    meter = make_meter(1, plant=house)

    set_roles(placed(meter), [WantedRole("em:0", Role.PRODUCTION)], since=LONG_AGO, by=by)

    assert ChannelRole.objects.get().role == Role.PRODUCTION


def test_a_meter_that_was_taken_away_may_come_back(house, barn, by):
    meter = make_meter(1, plant=house)
    take_away(placed(meter), at=NOON, by=by)

    again = new_meter(device_id=meter.device_id, since=NOON + MINUTE)
    placement = add_meter(barn, again, by=by)

    assert placement.device == meter
    assert DeviceConfiguration.objects.count() == 1


def test_nobody_takes_the_meter_of_a_plant_that_is_not_theirs(house, by):
    other = make_plant(9, cer_configuration=make_community("B"))
    meter = make_meter(9, plant=other)
    take_away(placed(meter), at=NOON, by=by)

    with pytest.raises(NotProvisioned) as refused:
        add_meter(house, new_meter(device_id=meter.device_id), by=by)

    assert refused.value.field == "device_id"
    assert not DevicePlacement.objects.filter(plant=house).exists()


@pytest.mark.parametrize(
    ("since", "words"),
    [
        (LONG_AGO - timedelta(days=1), "comincia dopo"),
        (NOON + timedelta(days=3000), "nel futuro"),
    ],
)
def test_a_moment_that_cannot_be_is_refused_with_what_to_write(house, by, since, words):
    with pytest.raises(NotProvisioned, match=words) as refused:
        add_meter(house, new_meter(since=since), by=by)

    assert refused.value.field == "since"
    assert not DeviceConfiguration.objects.exists()


def test_a_second_meter_of_the_exchange_is_refused_whole(house, by):
    make_meter(1, plant=house)

    with pytest.raises(NotProvisioned, match="un POD ne ha uno solo"):
        add_meter(house, new_meter(), by=by)

    assert DeviceConfiguration.objects.count() == 1
    assert not MQTTAuditLog.objects.exists()


def test_a_meter_cannot_leave_before_it_came_nor_twice(house, barn, by):
    meter = make_meter(1, plant=house)
    placement = placed(meter)

    with pytest.raises(NotProvisioned, match="sta qui dal"):
        take_away(placement, at=LONG_AGO - MINUTE, by=by)
    move_meter(placement, barn, since=NOON, by=by)
    with pytest.raises(NotProvisioned, match="non sta più qui"):
        move_meter(placement, barn, since=NOON + MINUTE, by=by)

    assert DevicePlacement.objects.filter(device=meter).count() == 2
