"""The tables and the samples are written by hand on both sides: here they are held together."""

from __future__ import annotations

from cercollettiva.devices.samples import Energies, Power
from cercollettiva.energy.models import (
    DeviceMeasurement,
    DeviceMeasurementDetail,
    EnergyInterval,
    EnergyMeasurement,
    Float4Field,
)


def columns_of(model) -> list[str]:
    return [field.column for field in model._meta.concrete_fields if field.column]


def test_a_measurement_has_the_fields_of_a_power_in_their_order():
    assert columns_of(DeviceMeasurement) == [
        *("timestamp", "energy_total", "reported_ts", "device_id", "fingerprint"),
        *Power._fields,
        *("quality", "time_source", "anomalies", "component"),
    ]


def test_every_value_of_a_measurement_is_a_small_float_that_may_be_unknown():
    fields = [DeviceMeasurement._meta.get_field(name) for name in Power._fields]

    assert all(isinstance(field, Float4Field) and field.null for field in fields)


def test_an_energy_measurement_has_the_fields_of_energies_in_their_order():
    assert columns_of(EnergyMeasurement) == [
        "timestamp",
        *Energies._fields,
        *(
            "reported_ts",
            "device_id",
            "fingerprint",
            "seconds",
            "kind",
            "quality",
            "time_source",
            "anomalies",
            "component",
        ),
    ]


def test_the_wide_columns_of_an_interval_come_first():
    assert columns_of(EnergyInterval) == [
        *("device_id", "start", "energy_in", "energy_out", "produced", "recorded_at"),
        *("peak_power", "mean_power", "coverage", "quality", "source", "consumed"),
    ]


def test_the_phases_of_a_measurement_are_those_with_a_value():
    row = DeviceMeasurement(power=715.5, a_power=951.2, a_voltage=236.1, c_power=0.0)

    details = row.phase_details

    assert [detail.phase for detail in details] == ["a", "c"]
    assert details[0] == DeviceMeasurementDetail(
        phase="a",
        voltage=236.1,
        current=None,
        power=951.2,
        apparent_power=None,
        reactive_power=None,
        power_factor=None,
        frequency=None,
    )


def test_a_measurement_without_phases_has_no_details():
    assert DeviceMeasurement(power=715.5).phase_details == []
