from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from cercollettiva.core.models import Plant, PlantType
from cercollettiva.energy import partitions, queries
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DeviceMeasurement,
    DeviceState,
    EnergyMeasurement,
    Role,
)
from cercollettiva.energy.queries import EnergyToday
from tests.integration.core.scene import (
    NOW,
    make_device,
    make_plant,
)
from tests.integration.energy.test_power_now import measures

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

MIDNIGHT = datetime(2026, 5, 31, 22, tzinfo=UTC)  # in Italy, where NOW is 14:00 of 1 June


# ---- energy today


def read(device: DeviceConfiguration, at: datetime, component: str = "emdata:0", **registers: int) -> None:
    partitions.ensure_months(connection, EnergyMeasurement, [partitions.month_of(at)])
    EnergyMeasurement.objects.create(
        device=device, timestamp=at, component=component, kind=0, fingerprint=1, **registers
    )


def reads_now(device: DeviceConfiguration, component: str = "emdata:0", **registers: int) -> None:
    registers_now = {component: {"at": NOW.isoformat(), **registers}}
    DeviceState.objects.create(device=device, last_seen=NOW, registers=registers_now)


def today_of(plant: Plant) -> EnergyToday | None:
    return queries.energy_today([plant.pk], NOW).get(plant.pk)


def test_the_energy_of_today_is_what_the_registers_moved_since_the_italian_midnight():
    plant = make_plant(1)
    device = make_device(1, plant=plant)
    measures(device, Role.EXCHANGE)
    read(device, MIDNIGHT - timedelta(minutes=2), drawn=900, returned=0)
    read(device, MIDNIGHT - timedelta(minutes=1), drawn=1000, returned=50)
    read(device, MIDNIGHT + timedelta(minutes=1), drawn=1700, returned=60)
    reads_now(device, drawn=5000, returned=250)

    assert today_of(plant) == EnergyToday(drawn_mwh=4000, injected_mwh=200)


def test_a_register_at_midnight_itself_is_the_one():
    plant = make_plant(1)
    device = make_device(1, plant=plant)
    measures(device, Role.EXCHANGE)
    read(device, MIDNIGHT - timedelta(minutes=1), drawn=900, returned=0)
    read(device, MIDNIGHT, drawn=1000, returned=0)
    reads_now(device, drawn=5000, returned=0)

    assert today_of(plant) == EnergyToday(4000, 0, None)


def test_channels_are_added_phases_chosen_and_a_clamp_the_wrong_way_round_is_turned():
    plant = make_plant(1)
    device = make_device(1, plant=plant)
    measures(device, Role.EXCHANGE, component="em1:0")
    measures(device, Role.EXCHANGE, component="em1:1", sign=-1)
    inverter = make_device(2, plant=plant)
    measures(inverter, Role.PRODUCTION, phases="bc")
    for component in ("em1data:0", "em1data:1"):
        read(device, MIDNIGHT, component, drawn=0, returned=0)
    read(inverter, MIDNIGHT, drawn=999, b_drawn=100, c_drawn=200)
    DeviceState.objects.create(
        device=device,
        registers={
            "em1data:0": {"at": NOW.isoformat(), "drawn": 10, "returned": 20},
            "em1data:1": {"at": NOW.isoformat(), "drawn": 3, "returned": 4},
        },
    )
    reads_now(inverter, drawn=9999, b_drawn=150, c_drawn=201)

    assert today_of(plant) == EnergyToday(drawn_mwh=14, injected_mwh=23, produced_mwh=51)


def test_what_a_producer_without_another_meter_produces_is_injected():
    plants = [make_plant(1, plant_type=PlantType.PRODUCER), make_plant(2, plant_type=PlantType.PROSUMER)]
    for number, plant in enumerate(plants, start=1):
        device = make_device(number, plant=plant)
        measures(device, Role.PRODUCTION)
        read(device, MIDNIGHT, drawn=100)
        reads_now(device, drawn=700)

    assert [today_of(plant) for plant in plants] == [EnergyToday(None, 600, 600), EnergyToday(None, None, 600)]


@pytest.mark.parametrize(
    "trouble", ["a reset", "no register before midnight", "an old register", "placed today", "silent since yesterday"]
)
def test_what_the_registers_cannot_say_is_unknown(trouble):
    plant = make_plant(1)
    device = make_device(1, plant=plant)
    role = measures(device, Role.EXCHANGE)
    if trouble != "no register before midnight":
        before = timedelta(minutes=61 if trouble == "an old register" else 1)
        read(device, MIDNIGHT - before, drawn=1000, returned=1000)
    if trouble == "placed today":
        ChannelRole.objects.filter(pk=role.pk).update(active_from=MIDNIGHT + timedelta(hours=1))
    reads_now(device, drawn=10 if trouble == "a reset" else 5000, returned=10 if trouble == "a reset" else 5000)
    if trouble == "silent since yesterday":
        at = (MIDNIGHT - timedelta(seconds=30)).isoformat()
        DeviceState.objects.update(registers={"emdata:0": {"at": at, "drawn": 5000, "returned": 5000}})

    assert today_of(plant) == EnergyToday()


def test_the_energy_of_any_number_of_plants_is_two_queries(django_assert_num_queries):
    for number in range(1, 6):
        device = make_device(number, plant=make_plant(number))
        measures(device, Role.EXCHANGE)
        read(device, MIDNIGHT, drawn=0)
        reads_now(device, drawn=number)

    with django_assert_num_queries(2):
        today = queries.energy_today(Plant.objects.all(), NOW)

    assert sorted(energy.drawn_mwh for energy in today.values()) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), 23),  # the day has 23 hours
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), 25),
    ],
)
def test_the_day_is_the_italian_day(now, hours):
    assert now - queries.local_midnight(now) == timedelta(hours=hours) - timedelta(minutes=1)


# ---- history

START = NOW - timedelta(hours=1)


def measure(device: DeviceConfiguration, at: datetime, power: float | None, **fields: Any) -> None:
    partitions.ensure_months(connection, DeviceMeasurement, [partitions.month_of(at)])
    given = {"component": "em:0", "fingerprint": 1, "power": power, **fields}
    DeviceMeasurement.objects.create(device=device, timestamp=at, **given)


def means_of(plant: Plant, **options: Any) -> list[float | None]:
    return [mean.power_w for mean in queries.power_history(plant, START, NOW, **options)]


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


@pytest.fixture
def metered() -> tuple[Plant, DeviceConfiguration]:
    plant = make_plant(1)
    device = make_device(1, plant=plant)
    measures(device, Role.EXCHANGE)
    return plant, device


def test_a_mean_is_weighted_by_time_and_a_gap_stays_a_gap(metered):
    plant, device = metered
    for minute, power in ((-1, 300.0), (2, 600.0), (3, -100.0)):  # holds until 8
        measure(device, START + minutes(minute), power)
    measure(device, START + minutes(29), 50.0)

    history = queries.power_history(plant, START, NOW)

    assert [mean.power_w for mean in history] == [(2 * 300 + 600 - 5 * 100) / 8, 50.0, 50.0, None]
    assert [round(mean.coverage, 4) for mean in history] == [0.5333, 0.0667, 0.2667, 0.0]
    assert (history[0].start, history[-1].end) == (START, NOW)


def test_a_producer_has_the_sign_of_what_it_gives():
    plant = make_plant(1, plant_type=PlantType.PRODUCER)
    device = make_device(1, plant=plant)
    measures(device, Role.EXCHANGE)
    measure(device, START, -500.0)

    assert means_of(plant)[0] == 500.0


def test_load_minus_production_stands_in_for_the_exchange():
    plant = make_plant(1)
    device = make_device(1, plant=plant)
    measures(device, Role.LOAD, phases="a")
    measures(device, Role.PRODUCTION, phases="bc")
    measure(device, START, None, a_power=300.0, b_power=100.0, c_power=50.0)

    assert means_of(plant)[0] == 150.0


def test_where_one_of_several_channels_said_nothing_the_sum_is_unknown():
    plant = make_plant(1)
    device = make_device(1, plant=plant)
    for number in (0, 1):
        measures(device, Role.EXCHANGE, component=f"em1:{number}", sign=1 - 2 * number)
        measure(device, START, 100.0 + number, component=f"em1:{number}")
    measure(device, START + minutes(20), 100.0, component="em1:0")

    assert means_of(plant) == [-1.0, None, None, None]


def test_channels_count_while_their_role_lasts():
    plant = make_plant(1)
    old, new = make_device(1, plant=plant), make_device(2, plant=plant)
    swap = START + minutes(5)
    measures(old, Role.EXCHANGE, active_to=swap)
    measures(new, Role.EXCHANGE, active_from=swap)
    for minute in range(0, 60, 3):
        measure(old, START + minutes(minute), 900.0)
        measure(new, START + minutes(minute), 300.0)

    assert means_of(plant) == [pytest.approx(500.0), 300.0, 300.0, 300.0]


def test_what_a_device_measured_elsewhere_is_not_the_plants(metered):
    plant, device = metered
    device.placements.get().end(at=START + minutes(15))
    for minute in range(0, 60, 3):
        measure(device, START + minutes(minute), 100.0)

    assert means_of(plant) == [100.0, None, None, None]


def test_a_value_of_unknown_time_is_left_out(metered):
    plant, device = metered
    measure(device, START, 100.0, time_source=2)

    assert means_of(plant) == [None] * 4


def test_steps_may_be_of_any_length_and_the_last_may_be_short(metered):
    plant, device = metered
    measure(device, START, 100.0)

    history = queries.power_history(plant, START, NOW, timedelta(minutes=25))

    assert [(mean.end - mean.start).seconds // 60 for mean in history] == [25, 25, 10]


@pytest.mark.parametrize(
    ("length", "step"), [(timedelta(hours=49), timedelta(minutes=15)), (timedelta(hours=1), timedelta(seconds=59))]
)
def test_too_much_history_is_refused(length, step):
    with pytest.raises(queries.TooMuchHistory):
        queries.power_history(make_plant(1), NOW - length, NOW, step)


def test_history_is_two_queries(metered, django_assert_num_queries):
    plant, device = metered
    for second in range(0, 3600, 60):
        measure(device, START + timedelta(seconds=second), 100.0)

    with django_assert_num_queries(2):
        assert means_of(plant) == [100.0] * 4
