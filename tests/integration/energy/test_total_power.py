from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser

from cercollettiva.energy.models import DeviceConfiguration, DevicePlacement, DeviceState
from cercollettiva.energy.queries import TotalPower, total_power_visible_to
from tests.integration.core.scene import NOW, make_device, make_plant, make_scene, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def says(device: DeviceConfiguration, *, ago: timedelta = timedelta(seconds=10), **powers: float) -> DeviceState:
    return DeviceState.objects.create(device=device, power_at=NOW - ago, last_seen=NOW - ago, **powers)


@pytest.fixture
def staff():
    return make_user("staff", is_staff=True)


def test_what_one_plant_injects_does_not_lower_what_another_draws(staff):
    for number, power in enumerate([1500.0, -400.0, 250.5, -100.0], start=1):
        says(make_device(number, plant=make_plant(number)), exchange_power=power)

    assert total_power_visible_to(staff, NOW) == TotalPower(1750.5, 500.0, None, measured=4, devices=4)


def test_production_is_summed_apart(staff):
    plant = make_plant(1)
    says(make_device(1, plant=plant), exchange_power=-2000.0)
    says(make_device(2, plant=plant), production_power=2600.0, load_power=600.0)

    assert total_power_visible_to(staff, NOW) == TotalPower(0.0, 2000.0, 2600.0, measured=2, devices=2)


def test_an_old_value_is_not_what_a_plant_does_now(staff):
    for number, seconds in enumerate([299, 300, 4000], start=1):
        device = make_device(number, plant=make_plant(number))
        says(device, ago=timedelta(seconds=seconds), exchange_power=10.0**number)
    make_device(9, plant=make_plant(9))

    assert total_power_visible_to(staff, NOW) == TotalPower(10.0, 0.0, None, measured=1, devices=4)


def test_without_a_fresh_value_nothing_is_known_and_nothing_is_zero(staff):
    says(make_device(1, plant=make_plant(1)), ago=timedelta(hours=1), exchange_power=100.0)

    assert total_power_visible_to(staff, NOW) == TotalPower(None, None, None, measured=0, devices=1)


def test_devices_that_stand_nowhere_or_are_not_active_do_not_count(staff):
    says(make_device(1), exchange_power=1.0)
    says(make_device(2, plant=make_plant(2), is_active=False), exchange_power=2.0)
    moved = make_device(3, plant=make_plant(3))
    moved.placements.get().end(at=NOW)
    says(moved, exchange_power=4.0)

    assert total_power_visible_to(staff, NOW).devices == 0


def test_a_moved_device_counts_once(staff):
    device = make_device(1, plant=make_plant(1))
    device.placements.get().end(at=NOW - timedelta(days=1))
    DevicePlacement.objects.create(device=device, plant=make_plant(2), active_from=NOW - timedelta(days=1))
    says(device, exchange_power=7.0)

    assert total_power_visible_to(staff, NOW) == TotalPower(7.0, 0.0, None, measured=1, devices=1)


def test_everybody_gets_the_power_of_the_plants_they_may_see():
    scene = make_scene()
    says(scene.a.device, exchange_power=100.0)
    says(scene.b.device, exchange_power=-40.0)
    viewers = {
        "member": scene.a.member,
        "technician of B": scene.b.technician,
        "stranger": scene.viewers["stranger"],
        "admin who left": scene.viewers["admin who left"],
        "anonymous": AnonymousUser(),
        "staff": scene.viewers["staff"],
    }

    seen = {name: total_power_visible_to(user, NOW)[:2] for name, user in viewers.items()}

    assert seen == {
        "member": (100.0, 0.0),
        "technician of B": (0.0, 40.0),
        "stranger": (None, None),
        "admin who left": (None, None),
        "anonymous": (None, None),
        "staff": (100.0, 40.0),
    }


@pytest.mark.parametrize("viewer", ["member", "admin", "staff"])
def test_it_is_one_query(django_assert_num_queries, viewer):
    scene = make_scene()
    says(scene.a.device, exchange_power=100.0)

    with django_assert_num_queries(1):
        total_power_visible_to(scene.viewers[viewer], NOW)
