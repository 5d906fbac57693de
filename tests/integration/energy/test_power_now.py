from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cercollettiva.core.models import CERConfiguration, MemberRole, Plant, PlantType
from cercollettiva.energy import queries
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DeviceState,
    Role,
)
from cercollettiva.energy.queries import PlantPower
from tests.integration.core.scene import (
    LONG_AGO,
    NOW,
    join,
    make_community,
    make_device,
    make_plant,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def measures(device: DeviceConfiguration, role: Role, **fields: Any) -> ChannelRole:
    placement = device.placements.get(active_to=None)
    given = {"component": "em:0", "active_from": LONG_AGO, **fields}
    return ChannelRole.objects.create(placement=placement, role=role, **given)


def says(device: DeviceConfiguration, *, ago: timedelta = timedelta(seconds=10), **fields: Any) -> DeviceState:
    given = {"power_at": NOW - ago, "last_seen": NOW - ago, "online": True, **fields}
    return DeviceState.objects.create(device=device, **given)


def power_of(plant: Plant) -> PlantPower:
    return queries.power_of_plants([plant.pk], NOW)[plant.pk]


# ---- power of plants


@pytest.mark.parametrize(
    ("exchange", "drawn", "injected"), [(350.0, 350.0, 0.0), (-1200.5, 0.0, 1200.5), (0.0, 0.0, 0.0)]
)
def test_the_exchange_says_what_is_drawn_and_what_is_injected(exchange, drawn, injected):
    plant = make_plant(1)
    says(make_device(1, plant=plant), exchange_power=exchange)

    power = power_of(plant)

    assert (power.exchange_w, power.drawn_w, power.injected_w) == (exchange, drawn, injected)
    assert (power.measured, power.online, power.at) == (True, True, NOW - timedelta(seconds=10))


@pytest.mark.parametrize(
    ("kind", "powers", "drawn", "injected"),
    [
        (PlantType.PRODUCER, {"production_power": 2600.0}, None, 2600.0),
        (PlantType.PRODUCER, {"production_power": -4.0}, None, 0.0),  # an inverter at night
        (PlantType.PROSUMER, {"production_power": 2600.0}, None, None),
        (PlantType.PROSUMER, {"production_power": 2600.0, "load_power": 600.0}, 0.0, 2000.0),
        (PlantType.PROSUMER, {"production_power": 100.0, "load_power": 600.0}, 500.0, 0.0),
        (PlantType.CONSUMER, {"load_power": 600.0}, None, None),
    ],
)
def test_without_a_meter_of_the_exchange_it_is_estimated_where_it_can_be(kind, powers, drawn, injected):
    plant = make_plant(1, plant_type=kind)
    says(make_device(1, plant=plant), **powers)

    power = power_of(plant)

    assert (power.exchange_w, power.drawn_w, power.injected_w) == (None, drawn, injected)


def test_a_silent_meter_of_the_exchange_is_not_replaced_by_an_estimate():
    plant = make_plant(1, plant_type=PlantType.PRODUCER)
    measures(make_device(1, plant=plant), Role.EXCHANGE)
    says(make_device(2, plant=plant), production_power=2600.0)

    power = power_of(plant)

    assert (power.injected_w, power.production_w, power.measured) == (None, 2600.0, True)


def test_two_inverters_of_which_one_is_silent_produce_an_unknown_power():
    plant = make_plant(1)
    says(make_device(1, plant=plant), production_power=1000.0)
    says(make_device(2, plant=plant), production_power=900.0, ago=timedelta(hours=1))

    assert power_of(plant).production_w is None


def test_an_old_value_is_unknown_and_its_age_is_not():
    plant = make_plant(1)
    says(make_device(1, plant=plant), exchange_power=5.0, ago=timedelta(minutes=5))

    assert power_of(plant) == PlantPower(at=NOW - timedelta(minutes=5))


def test_a_device_brings_no_value_from_where_it_stood_before():
    plant = make_plant(1)
    device = make_device(1, plant=plant)
    device.placements.update(active_from=NOW - timedelta(seconds=5))
    says(device, exchange_power=5.0, ago=timedelta(seconds=10))

    assert power_of(plant)[:6] == (None,) * 6


def test_plants_without_a_device_are_there_and_unknown():
    plant = make_plant(1)
    says(make_device(1, plant=plant, is_active=False), exchange_power=5.0)

    assert power_of(plant) == PlantPower()
    assert power_of(make_plant(2)) == PlantPower()


def test_a_meter_that_said_goodbye_is_not_online():
    plant = make_plant(1)
    says(make_device(1, plant=plant), exchange_power=5.0, online=False)

    assert (power_of(plant).online, power_of(plant).measured) == (False, True)


def test_the_power_of_any_number_of_plants_is_one_query(django_assert_num_queries):
    for number in range(1, 9):
        says(make_device(number, plant=make_plant(number)), exchange_power=float(number))

    with django_assert_num_queries(1):
        powers = queries.power_of_plants(Plant.objects.filter(pod_code__lt="IT001E00000006"), NOW)

    assert sorted(power.drawn_w for power in powers.values()) == [1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.parametrize(
    ("kind", "power", "shown"),
    [
        (PlantType.PRODUCER, PlantPower(exchange_w=-900.0, production_w=1000.0), 1000.0),
        (PlantType.PRODUCER, PlantPower(exchange_w=-900.0), 900.0),
        (PlantType.PRODUCER, PlantPower(), None),
        (PlantType.PROSUMER, PlantPower(exchange_w=-900.0, production_w=1000.0), -900.0),
        (PlantType.PROSUMER, PlantPower(production_w=1000.0), None),
        (PlantType.PROSUMER, PlantPower(drawn_w=0.0, injected_w=400.0), -400.0),
        (PlantType.CONSUMER, PlantPower(exchange_w=0.0), 0.0),
    ],
)
def test_a_producer_shows_what_it_gives_and_others_what_they_draw(kind, power, shown):
    assert queries.power_shown(kind, power) == shown


# ---- communities


def populate(cer: CERConfiguration, first: int, *plants: tuple[PlantType, float | None]) -> None:
    for number, (kind, exchange) in enumerate(plants, start=first):
        device = make_device(number, plant=make_plant(number, plant_type=kind, cer_configuration=cer))
        if exchange is not None:
            says(device, exchange_power=exchange)


def community_power(cer: CERConfiguration) -> queries.CommunityPower:
    return queries.communities_power(CERConfiguration.objects.filter(pk=cer.pk), NOW)[cer.pk]


def test_a_community_shares_the_lesser_of_what_is_injected_and_drawn():
    cer = make_community("A")
    populate(
        cer,
        1,
        (PlantType.PRODUCER, -5000.0),
        (PlantType.PROSUMER, -1500.0),
        (PlantType.PROSUMER, 300.0),
        (PlantType.CONSUMER, 2000.0),
        (PlantType.CONSUMER, None),
    )

    power = community_power(cer)

    assert (power.producer_power, power.consumer_power, power.net_power) == (6500.0, 2300.0, 2300.0)
    assert (power.plants_count, power.plants_measured) == (5, 4)
    assert power.updated_at == NOW - timedelta(seconds=10)


@pytest.mark.parametrize(("people", "told"), [(5, False), (6, True)])
def test_a_member_is_told_a_community_where_five_others_are_measured_and_its_managers_always(people, told):
    cer = make_community("A")
    member, admin = make_user("member"), make_user("admin")
    join(member, cer)
    join(admin, cer, MemberRole.ADMIN)
    populate(cer, 1, *[(PlantType.PROSUMER, 100.0)] * people, (PlantType.CONSUMER, None), (PlantType.CONSUMER, 1.0))
    for number in range(1, people + 1):
        Plant.objects.filter(pod_key=f"IT001E{number:08}").update(owner=make_user(f"owner-{number}"))

    def shown(user) -> queries.CommunityPower:
        return queries.powers_told_to(user, CERConfiguration.objects.filter(pk=cer.pk), NOW)[cer.pk]

    assert shown(admin).consumer_power == 100.0 * people + 1
    assert (shown(member).consumer_power is not None, shown(member).is_withheld) == (told, not told)
    assert shown(member).plants_measured == people + 1  # whose is not known of one, and one is silent


@pytest.mark.parametrize(
    ("plants", "expected"),
    [
        ([], (None, None, None)),
        ([(PlantType.CONSUMER, 100.0)], (0.0, 100.0, 0.0)),
        ([(PlantType.CONSUMER, None)], (0.0, None, None)),
        ([(PlantType.CONSUMER, 100.0), (PlantType.PRODUCER, None)], (None, 100.0, None)),
    ],
)
def test_what_nobody_measured_is_unknown_and_what_nobody_has_is_zero(plants, expected):
    cer = make_community("A")
    populate(cer, 1, *plants)

    assert community_power(cer)[:3] == expected


def test_only_members_count_as_members():
    cer = make_community("A")
    join(make_user("works-for-it"), cer, MemberRole.ADMIN)
    join(make_user("admin-and-member"), cer, MemberRole.ADMIN, member_type="CONSUMER")
    join(make_user("member"), cer)
    join(make_user("applicant"), cer, state="SUBMITTED", active_from=None)
    join(make_user("left"), cer, state="LEFT", active_to=NOW)

    assert community_power(cer).members_count == 2


def test_a_plant_that_left_the_community_no_longer_counts():
    cer = make_community("A")
    populate(cer, 1, (PlantType.CONSUMER, 100.0))
    Plant.objects.update(active_to=NOW)

    assert community_power(cer).plants_count == 0


def test_the_power_of_any_number_of_communities_is_two_queries(django_assert_num_queries):
    for number, letter in enumerate("ABC"):
        populate(make_community(letter), 10 * number + 1, *[(PlantType.CONSUMER, 100.0 * (number + 1))] * 4)

    with django_assert_num_queries(2):
        powers = queries.communities_power(CERConfiguration.objects.exclude(code="CER-A"), NOW)

    assert sorted(power.consumer_power for power in powers.values()) == [800.0, 1200.0]


# ---- devices


EM = {"at": NOW.isoformat(), "power": 30.0, "total_current": 1.0} | {
    f"{phase}_{name}": value
    for phase in "abc"
    for name, value in (("power", 10.0), ("voltage", 230.0), ("current", 0.5), ("power_factor", 0.9))
}


def test_a_device_shows_its_phases_with_their_roles():
    plant = make_plant(1)
    device = make_device(1, plant=plant, vendor="Shelly", model="Pro 3EM")
    measures(device, Role.EXCHANGE, phases="a")
    measures(device, Role.PRODUCTION, phases="bc")
    says(device, exchange_power=10.0, production_power=20.0, values={"em:0": {**EM, "b_voltage": 0.0}})

    [shown] = queries.device_states_of(plant, NOW)

    assert (shown.device_id, shown.model, shown.power) == (device.device_id, "Shelly Pro 3EM", 10.0)
    assert (shown.age, shown.online) == (timedelta(seconds=10), True)
    phases = [(phase.key, phase.role, phase.power, phase.voltage, phase.current) for phase in shown.phases]
    assert phases == [
        ("a", "EXCHANGE", 10.0, 230.0, 0.5),
        ("b", "PRODUCTION", 10.0, 0.0, 0.5),
        ("c", "PRODUCTION", 10.0, 230.0, 0.5),
    ]


def test_a_component_of_one_phase_is_its_own_name():
    plant = make_plant(1)
    says(make_device(1, plant=plant), values={"em1:0": {"power": 1.0, "voltage": 231.0}, "em1:1": {"power": 2.0}})

    [shown] = queries.device_states_of(plant, NOW)

    assert [(phase.key, phase.power, phase.at) for phase in shown.phases] == [
        ("em1:0", 1.0, None),
        ("em1:1", 2.0, None),
    ]


def test_a_device_that_never_spoke_is_there_and_one_that_spoke_elsewhere_says_nothing_here():
    plant = make_plant(1)
    make_device(1, plant=plant)
    moved = make_device(2, plant=plant)
    moved.placements.update(active_from=NOW)
    says(moved, exchange_power=1.0, values={"em:0": EM})

    shown = queries.device_states_of(plant, NOW)

    assert [(device.last_seen, device.power, device.phases, device.online) for device in shown] == [
        (None, None, (), False)
    ] * 2


def test_devices_of_any_number_of_plants_are_two_queries():
    plants = [make_plant(number) for number in range(1, 6)]
    for number, plant in enumerate(plants, start=1):
        device = make_device(number, plant=plant)
        measures(device, Role.EXCHANGE)
        says(device, values={"em:0": EM})

    with CaptureQueriesContext(connection) as asked:
        shown = queries.device_states_of_plants([plant.pk for plant in plants], NOW)

    assert len(asked) == 2
    assert {len(devices) for devices in shown.values()} == {1}
