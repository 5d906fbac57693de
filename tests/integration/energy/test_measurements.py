from __future__ import annotations

import math
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import ProtectedError

from cercollettiva.devices.samples import Energies, Power
from cercollettiva.energy import partitions
from cercollettiva.energy.models import (
    DeviceConfiguration,
    DeviceMeasurement,
    EnergyAggregate,
    EnergyInterval,
    EnergyIntervalHistory,
    EnergyKind,
    EnergyMeasurement,
    IntervalQuality,
    IntervalSource,
    Period,
    SubjectKind,
)
from tests.integration.core.scene import NOW, make_device

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

INTERVAL = {"recorded_at": NOW, "quality": IntervalQuality.GOOD, "source": IntervalSource.REGISTERS}


@pytest.fixture
def device() -> DeviceConfiguration:
    for model in (DeviceMeasurement, EnergyMeasurement, EnergyInterval):
        partitions.ensure_months(connection, model, [partitions.month_of(NOW)])
    return make_device(1)


def measure(device: DeviceConfiguration, **fields: Any) -> DeviceMeasurement:
    given = {"device": device, "timestamp": NOW, "component": "em:0", "fingerprint": -(2**31), **fields}
    return DeviceMeasurement.objects.create(**given)


def register(device: DeviceConfiguration, **fields: Any) -> EnergyMeasurement:
    given = {"timestamp": NOW, "component": "emdata:0", "kind": EnergyKind.REGISTERS, "fingerprint": 1, **fields}
    return EnergyMeasurement.objects.create(device=device, **given)


def test_a_measurement_is_one_row_per_device_instant_and_component(device):
    measure(device)
    measure(device, component="em1:0")

    with pytest.raises(IntegrityError):
        measure(device)


def test_a_measurement_keeps_what_it_was_given_and_nothing_for_the_rest(device):
    measure(device, power=-219.5, a_voltage=236.25)

    row = DeviceMeasurement.objects.get()

    assert row.pk == (device.pk, NOW, "em:0")
    assert (row.power, row.a_voltage, row.fingerprint) == (-219.5, 236.25, -(2**31))
    assert {name for name in Power._fields if getattr(row, name) is not None} == {"power", "a_voltage"}


@pytest.mark.parametrize("name", Power._fields)
@pytest.mark.parametrize("value", [1.1e8, -1.1e8, math.inf, -math.inf])
def test_no_value_of_a_measurement_is_beyond_what_a_meter_measures(device, name, value):
    with pytest.raises((IntegrityError, DataError)), transaction.atomic():
        measure(device, **{name: value})


@pytest.mark.parametrize("name", Power._fields)
def test_no_value_of_a_measurement_is_not_a_number(device, name):
    """PostgreSQL refuses it; SQLite has no NaN and keeps null, which poisons no sum either."""
    try:
        with transaction.atomic():
            measure(device, **{name: math.nan})
    except IntegrityError:
        assert connection.vendor == "postgresql"
    else:
        assert DeviceMeasurement.objects.filter(**{f"{name}__isnull": True}).count() == 1


def test_values_at_the_bound_are_kept(device):
    measure(device, power=1e8, reactive_power=-1e8)

    assert DeviceMeasurement.objects.get().power == 1e8


@pytest.mark.parametrize("name", Energies._fields)
@pytest.mark.parametrize("value", [-1, 10**15])
def test_a_register_is_a_quantity_of_energy(device, name, value):
    with pytest.raises(IntegrityError, match="energy_values_are_registers"), transaction.atomic():
        register(device, **{name: value})


@pytest.mark.parametrize(
    ("kind", "seconds"), [(EnergyKind.REGISTERS, 60), (EnergyKind.RECORD, None), (EnergyKind.RECORD, 0)]
)
def test_a_record_has_a_length_and_a_register_has_none(device, kind, seconds):
    with pytest.raises(IntegrityError, match="energy_record_has_a_length"):
        register(device, kind=kind, seconds=seconds)


def test_registers_and_a_record_of_one_instant_stand_side_by_side(device):
    register(device, drawn=0)
    register(device, drawn=10**15 - 1, kind=EnergyKind.RECORD, seconds=60)

    assert EnergyMeasurement.objects.filter(device=device).count() == 2


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"coverage": 1.01}, "interval_coverage_is_a_share"),
        ({"coverage": -0.01}, "interval_coverage_is_a_share"),
        ({"energy_in": -1}, "interval_energies_are_not_negative"),
        ({"energy_out": -1, "energy_in": None}, "interval_energies_are_not_negative"),
        ({"produced": -1}, "interval_energies_are_not_negative"),
    ],
)
def test_the_database_refuses_an_interval_that_cannot_be(device, values, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        EnergyInterval.objects.create(device=device, start=NOW, **INTERVAL, **values)


def test_an_unknown_energy_is_null_and_not_zero(device):
    EnergyInterval.objects.create(device=device, start=NOW, **INTERVAL)

    row = EnergyInterval.objects.get()

    assert (row.energy_in, row.energy_out, row.produced, row.coverage) == (None, None, None, 0.0)


def test_a_quarter_hour_has_one_row_and_any_number_of_past_versions(device):
    for recorded_at in (NOW, NOW.replace(hour=13)):
        EnergyIntervalHistory.objects.create(
            device=device, start=NOW, replaced_at=NOW.replace(hour=14), **{**INTERVAL, "recorded_at": recorded_at}
        )
    EnergyInterval.objects.create(device=device, start=NOW, **INTERVAL)

    with pytest.raises(IntegrityError):
        EnergyInterval.objects.create(device=device, start=NOW, **INTERVAL)


def test_aggregates_of_other_subjects_and_periods_do_not_meet(device):
    for kind in SubjectKind:
        for period in Period:
            EnergyAggregate.objects.create(subject_kind=kind, subject_id=1, period=period, start=NOW, **INTERVAL)

    assert EnergyAggregate.objects.count() == len(SubjectKind) * len(Period)


@pytest.mark.parametrize("values", [{"subject_kind": 9}, {"period": 9}])
def test_an_aggregate_is_about_something_known(values):
    given = {
        "subject_kind": SubjectKind.PLANT,
        "subject_id": 1,
        "period": Period.DAY,
        "start": NOW,
        **INTERVAL,
        **values,
    }

    with pytest.raises(IntegrityError, match="aggregate_key_is_known"):
        EnergyAggregate.objects.create(**given)


@pytest.mark.parametrize("write", [measure, register])
def test_a_device_that_was_measured_cannot_be_deleted(device, write):
    write(device)

    with pytest.raises(ProtectedError):
        device.delete()


def test_a_device_that_was_never_measured_can_be_deleted(device):
    device.delete()

    assert not DeviceConfiguration.objects.exists()


def test_the_big_tables_have_no_index_beside_their_key():
    for model in (DeviceMeasurement, EnergyMeasurement, EnergyInterval):
        with connection.cursor() as cursor:
            constraints = connection.introspection.get_constraints(cursor, model._meta.db_table)
        indexes = [each["columns"] for each in constraints.values() if each["index"] or each["unique"]]
        assert indexes in ([], [[field.column for field in model._meta.pk_fields]]), (
            model
        )  # SQLite names no index for a primary key
