"""Who sees which rows: for each kind of row of community A, exactly these of all who may come to look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import connection

from cercollettiva.core import registry
from cercollettiva.core.models import (
    CERConfiguration,
    CERMembership,
    MemberRegistry,
    MembershipCard,
    MembershipState,
    Plant,
)
from cercollettiva.energy import partitions
from cercollettiva.energy.models import (
    DeviceConfiguration,
    DeviceMeasurement,
    DevicePlacement,
    DeviceType,
    EnergyAggregate,
    EnergyInterval,
    EnergyMeasurement,
    Period,
    SubjectKind,
    UnknownDevice,
)
from cercollettiva.settlement.models import (
    TariffParameter,
    ZonalPrice,
)
from cercollettiva.users.models import CustomUser
from tests.integration.core.rows import (
    INTERVAL,
    MATRIX,
    STAFF,
    last_message,
    rejected,
    unknown,
)
from tests.integration.core.scene import (
    NOW,
    Scene,
    join,
    make_community,
    make_device,
    make_plant,
    make_scene,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def scene() -> Scene:
    scene = make_scene()
    month = partitions.month_of(NOW)
    for model in (DeviceMeasurement, EnergyMeasurement, EnergyInterval):
        partitions.ensure_months(connection, model, [month])
    return scene


@pytest.mark.parametrize("name", MATRIX)
def test_a_row_is_seen_by_exactly_these(scene, name):
    make, expected = MATRIX[name]
    row = make(scene.a)
    make(scene.b)
    model: Any = type(row)

    seen_by = {
        viewer
        for viewer, user in scene.viewers.items()
        if model.objects.visible_to(user, at=NOW).filter(pk=row.pk).exists()
    }

    assert seen_by == expected


def test_every_table_with_rows_of_people_is_in_the_matrix(scene):
    rooms = ("users", "core", "energy", "settlement", "monitoring", "documents")
    kinds = [model for room in rooms for model in apps.get_app_config(room).get_models()]
    models_there = {model for model in kinds if not model._meta.proxy}

    in_the_matrix = {type(make(scene.a)) for make, _ in MATRIX.values()}

    assert {model.__name__ for model in models_there - in_the_matrix} == {"DeviceType", "TariffParameter", "ZonalPrice"}


@pytest.mark.parametrize("model", [DeviceType, TariffParameter, ZonalPrice])
def test_what_is_published_is_for_whoever_may_sign_in(scene, model):
    TariffParameter.objects.create(name="TRASE", valid_from=NOW.date(), value=10, source="ARERA")
    ZonalPrice.objects.create(zone="NORD", start=NOW, price=100, source="GME")

    seen_by = {name for name, user in scene.viewers.items() if model.objects.visible_to(user).exists()}

    assert seen_by == set(scene.viewers) - {"anonymous", "disabled admin", "disabled staff"}


def test_nobody_sees_a_row_twice(scene):
    join(scene.a.admin, scene.b.cer)  # somebody with two places
    registry.enter(scene.a.membership, on=NOW, by=None)

    for model in (CustomUser, CERConfiguration, CERMembership, MemberRegistry, MembershipCard, Plant, DevicePlacement):
        keys = list(model.objects.visible_to(scene.a.admin, at=NOW).values_list("pk", flat=True))
        assert len(keys) == len(set(keys)), model


def test_an_applicant_sees_the_application(scene):
    applicant = scene.viewers["applicant"]

    [application] = CERMembership.objects.visible_to(applicant, at=NOW)

    assert application.state == MembershipState.SUBMITTED


def test_an_administrator_sees_who_asks_to_come_in(scene):
    people = CustomUser.objects.visible_to(scene.a.admin, at=NOW)

    assert {user.first_name for user in people} >= {"applicant", "member-a", "admin-a"}
    assert not people.filter(first_name__in=["member-b", "admin-b", "stranger"]).exists()


def test_a_membership_opens_the_door_from_its_first_instant_to_its_last(scene):
    person = make_user("guest")
    start, end = NOW, NOW + timedelta(days=1)
    join(person, scene.a.cer, state=MembershipState.LEFT, active_from=start, active_to=end)

    open_at = [
        CERConfiguration.objects.visible_to(person, at=moment).exists()
        for moment in (start - timedelta(microseconds=1), start, end - timedelta(microseconds=1), end)
    ]

    assert open_at == [False, True, True, False]


def test_without_a_moment_the_present_counts(scene):
    person = make_user("guest")
    membership = join(person, scene.a.cer)

    before = CERConfiguration.objects.visible_to(person).count()
    membership.leave(at=membership.created_at)

    assert (before, CERConfiguration.objects.visible_to(person).count()) == (1, 0)


def test_a_plant_outside_any_community_is_for_its_owner_alone(scene):
    plant = make_plant(999, owner=scene.a.member)

    seen_by = {
        name
        for name, user in scene.viewers.items()
        if Plant.objects.visible_to(user, at=NOW).filter(pk=plant.pk).exists()
    }

    assert seen_by == {"member"} | STAFF


def test_a_member_who_owns_a_plant_in_another_community_sees_that_plant_alone(scene):
    plant = make_plant(998, owner=scene.a.member, cer_configuration=scene.b.cer)

    assert set(Plant.objects.visible_to(scene.a.member, at=NOW)) == {scene.a.plant, plant}


def test_a_moved_meter_takes_nothing_along(scene):
    moved_at = NOW
    scene.a.device.placements.get().end(at=moved_at)
    DevicePlacement.objects.create(device=scene.a.device, plant=scene.b.plant, active_from=moved_at)
    for minutes in (-1, 0):
        DeviceMeasurement.objects.create(
            device=scene.a.device, timestamp=moved_at + timedelta(minutes=minutes), component="em:0", fingerprint=1
        )

    def minutes_seen_by(user: CustomUser | AnonymousUser) -> list[int]:
        rows = DeviceMeasurement.objects.visible_to(user, at=NOW).order_by("timestamp")
        return [int((row.timestamp - moved_at).total_seconds() // 60) for row in rows]

    assert minutes_seen_by(scene.a.member) == [-1]
    assert minutes_seen_by(scene.b.member) == [0]
    assert minutes_seen_by(scene.viewers["staff"]) == [-1, 0]


def total(device: DeviceConfiguration, period: Period, *start: int) -> EnergyAggregate:
    return EnergyAggregate.objects.create(
        subject_kind=SubjectKind.DEVICE,
        subject_id=device.pk,
        period=period,
        start=datetime(*start, tzinfo=UTC),
        **INTERVAL,
    )


def test_the_total_of_a_month_in_which_a_meter_was_moved_is_for_neither_home(scene):
    device, moved_at = scene.a.device, datetime(2026, 4, 10, tzinfo=UTC)
    device.placements.get().end(at=moved_at)
    DevicePlacement.objects.create(device=device, plant=scene.b.plant, active_from=moved_at)
    march, april, may = (total(device, Period.MONTH, 2026, month, 1) for month in (3, 4, 5))
    day_before, day, day_after = (total(device, Period.DAY, 2026, 4, number) for number in (8, 10, 11))
    year = total(device, Period.YEAR, 2026, 1, 1)

    seen = {
        name: set(EnergyAggregate.objects.visible_to(user, at=NOW))
        for name, user in {"A": scene.a.member, "B": scene.b.member, "staff": scene.viewers["staff"]}.items()
    }

    assert seen == {
        "A": {march, day_before},
        "B": {may, day, day_after},
        "staff": {march, april, may, day_before, day, day_after, year},
    }


def test_the_total_of_the_month_in_which_a_meter_was_first_placed_is_seen(scene):
    device = make_device(77)
    DevicePlacement.objects.create(device=device, plant=scene.a.plant, active_from=datetime(2026, 4, 10, tzinfo=UTC))
    april, year = total(device, Period.MONTH, 2026, 4, 1), total(device, Period.YEAR, 2026, 1, 1)
    total(device, Period.MONTH, 2026, 1, 1)

    assert set(EnergyAggregate.objects.visible_to(scene.a.member, at=NOW)) == {april, year}


def test_an_administrator_of_one_community_sees_only_its_people_in_a_shared_register(scene):
    second = make_community("C")
    second.organisation = scene.a.cer.organisation
    second.save()
    person = make_user("second-member")
    other = registry.enter(join(person, second), on=NOW, by=None)
    own = registry.enter(scene.a.membership, on=NOW, by=None)

    seen = set(MemberRegistry.objects.visible_to(scene.a.admin, at=NOW))

    assert seen == {own}
    assert (other.number, own.number) == (1, 2)


def test_a_person_in_two_organisations_has_a_line_for_each_administrator(scene):
    line_in_a = registry.enter(scene.a.membership, on=NOW, by=None)
    line_in_b = registry.enter(join(scene.a.member, scene.b.cer), on=NOW, by=None)

    seen = [set(MemberRegistry.objects.visible_to(admin, at=NOW)) for admin in (scene.a.admin, scene.b.admin)]

    assert seen == [{line_in_a}, {line_in_b}]


def test_managed_by_leaves_out_what_one_only_owns(scene):
    assert not Plant.objects.managed_by(scene.a.member, at=NOW).exists()
    assert set(Plant.objects.managed_by(scene.a.technician, at=NOW)) == {scene.a.plant}
    assert not Plant.objects.managed_by(AnonymousUser(), at=NOW).exists()


def test_only_an_administrator_administers(scene):
    assert not CERConfiguration.objects.administered_by(scene.a.technician, at=NOW).exists()
    assert set(CERConfiguration.objects.administered_by(scene.a.admin, at=NOW)) == {scene.a.cer}
    assert set(CERConfiguration.objects.managed_by(scene.a.technician, at=NOW)) == {scene.a.cer}


def test_an_unknown_device_whose_prefix_names_no_pod_is_for_the_platform_alone(scene):
    UnknownDevice.objects.create(prefix="lab/shelly", last_topic="lab/shelly/online", first_seen=NOW, last_seen=NOW)

    seen = {name for name, user in scene.viewers.items() if UnknownDevice.objects.visible_to(user, at=NOW).exists()}

    assert seen == STAFF


def test_an_unknown_device_is_not_shown_for_a_plant_that_has_left(scene):
    line = unknown(scene.a)

    scene.a.plant.active_to = NOW - timedelta(days=1)
    scene.a.plant.save()

    assert line not in UnknownDevice.objects.visible_to(scene.a.technician, at=NOW)


def test_an_unknown_device_that_is_now_known_is_not_unknown(scene):
    strangers = [
        UnknownDevice.objects.create(prefix=prefix, last_topic=f"{prefix}/x", first_seen=NOW, last_seen=NOW)
        for prefix in ("new/meter", "new/meter/inner", "new/meter2", "old/meter")
    ]
    make_device(70, topic_prefix="new/meter")
    make_device(71, topic_prefix="old/meter", is_active=False)

    assert set(UnknownDevice.objects.still_unknown()) == set(strangers[2:])


def test_a_meter_that_is_moved_leaves_its_raw_messages_behind(scene):
    device = scene.a.device
    lines = [rejected(scene.a), last_message(scene.a)]
    device.placements.get().end(at=NOW + timedelta(hours=1))
    DevicePlacement.objects.create(device=device, plant=scene.b.plant, active_from=NOW + timedelta(hours=1))

    for line in lines:
        rows = type(line).objects
        assert line in rows.visible_to(scene.a.technician, at=NOW + timedelta(days=1))
        assert line not in rows.visible_to(scene.b.technician, at=NOW + timedelta(days=1))
