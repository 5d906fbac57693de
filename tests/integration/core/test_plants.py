from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from cercollettiva.core.connection import ConnectionStatus
from cercollettiva.core.models import Plant, PlantMeasurement, PlantMeasurementQuality, PlantMeasurementSource
from cercollettiva.core.models.plants import AppendOnly
from cercollettiva.domain.identifiers import InvalidIdentifier
from cercollettiva.energy.models import DeviceState
from tests.integration.core.scene import LONG_AGO, NOW, make_device, make_plant

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def measure(plant: Plant, **fields: object) -> PlantMeasurement:
    given = {
        "plant": plant,
        "start": NOW,
        "end": NOW + timedelta(minutes=15),
        "drawn_mwh": 250_000,
        "recorded_at": NOW,
        "source": PlantMeasurementSource.OPERATOR,
        **fields,
    }
    return PlantMeasurement.objects.create(**given)


def test_a_pod_is_kept_as_written_and_compared_without_its_control_character():
    plant = make_plant(1, pod_code=" it001e12345678 9")

    plant.refresh_from_db()
    assert (plant.pod_code, plant.pod_key) == ("IT001E123456789", "IT001E12345678")


def test_the_key_follows_a_pod_saved_alone():
    plant = make_plant(1)
    plant.pod_code = "IT001E87654321"

    plant.save(update_fields=["pod_code"])

    plant.refresh_from_db()
    assert plant.pod_key == "IT001E87654321"


def test_a_wrong_pod_is_not_saved():
    with pytest.raises(InvalidIdentifier, match="Ne hai scritti 13"):
        make_plant(1, pod_code="IT001E1234567")


def test_a_form_says_what_is_wrong_with_a_pod():
    plant = make_plant(1)
    plant.pod_code = "IT001E1234567"

    with pytest.raises(ValidationError) as refusal:
        plant.full_clean()

    assert refusal.value.message_dict["pod_code"] == [
        "Ne hai scritti 13, ne servono 14 o 15: per esempio IT001E12345678."
    ]


def test_a_pod_has_one_plant_at_a_time_whatever_its_control_character():
    make_plant(1, pod_code="IT001E12345678")

    with pytest.raises(IntegrityError, match="plant_pod_periods_do_not_overlap"):
        make_plant(2, pod_code="IT001E123456789", active_from=NOW)


def test_a_pod_may_pass_to_another_row_when_the_first_ends():
    make_plant(1, pod_code="IT001E12345678", active_to=NOW)

    second = make_plant(2, pod_code="IT001E123456789", active_from=NOW)

    assert Plant.objects.active_at(NOW).get(pod_key="IT001E12345678") == second
    assert Plant.objects.active_at(NOW - timedelta(microseconds=1)).get(pod_key="IT001E12345678") != second


def test_a_row_that_ended_cannot_be_opened_again_under_another():
    first = make_plant(1, pod_code="IT001E12345678", active_to=NOW)
    make_plant(2, pod_code="IT001E12345678", active_from=NOW)
    first.active_to = None

    with pytest.raises(IntegrityError, match="plant_pod_periods_do_not_overlap"):
        first.save()


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"pod_key": "IT001E1234567"}, "plant_pod_key_is_a_pod"),
        ({"active_to": LONG_AGO - timedelta(days=1)}, "plant_ends_after_it_starts"),
        ({"plant_type": "OTHER"}, "plant_type_is_known"),
        ({"source": "COAL"}, "plant_source_is_known"),
        ({"connection_voltage": "XT"}, "plant_connection_voltage_is_known"),
        ({"market_zone": "EST"}, "plant_market_zone_is_known"),
        ({"nominal_power": -1}, "plant_power_is_not_negative"),
        ({"grant_share": "1.01"}, "plant_grant_is_a_share"),
        ({"latitude": 91, "longitude": 9}, "plant_coordinates_are_on_the_globe"),
        ({"latitude": 45, "longitude": None}, "plant_coordinates_are_on_the_globe"),
    ],
)
def test_the_database_refuses_a_plant_that_cannot_be(values, constraint):
    make_plant(1)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Plant.objects.update(**values)


def test_a_plant_knows_whether_its_meter_speaks():
    plant = make_plant(1)
    nothing = plant.test_mqtt_connection(NOW)
    device = make_device(plant=plant)
    never = plant.test_mqtt_connection(NOW)
    DeviceState.objects.create(device=device, last_seen=NOW - timedelta(minutes=2), online=True)
    fine = plant.test_mqtt_connection(NOW)

    assert [report.status for report in (nothing, never, fine)] == [
        ConnectionStatus.NO_DEVICE,
        ConnectionStatus.NEVER_SPOKEN,
        ConnectionStatus.FINE,
    ]
    assert fine.age == timedelta(minutes=2)


def test_a_meter_that_was_taken_away_is_not_the_plant_s_any_more():
    plant = make_plant(1)
    device = make_device(plant=plant)
    device.placements.get().end(at=NOW)

    assert plant.test_mqtt_connection(NOW).status is ConnectionStatus.NO_DEVICE
    assert plant.test_mqtt_connection(NOW - timedelta(seconds=1)).status is ConnectionStatus.NEVER_SPOKEN


def test_asking_whether_the_meters_speak_is_one_query(django_assert_num_queries):
    plant = make_plant(1)
    for number in (1, 2):
        DeviceState.objects.create(device=make_device(number, plant=plant), last_seen=NOW)

    with django_assert_num_queries(1):
        plant.test_mqtt_connection(NOW)


def test_a_correction_of_a_measure_is_a_new_version():
    plant = make_plant(1)
    measure(plant)
    measure(plant, version=2, drawn_mwh=260_000, recorded_at=NOW + timedelta(days=1))

    known = [
        list(PlantMeasurement.objects.known_at(NOW + timedelta(days=days)).values_list("drawn_mwh", flat=True))
        for days in (0, 1)
    ]

    assert known == [[250_000], [250_000, 260_000]]


def test_a_measure_from_outside_is_never_changed():
    row = measure(make_plant(1))
    row.drawn_mwh = 1

    for change in (row.save, row.delete, PlantMeasurement.objects.all().delete):
        with pytest.raises(AppendOnly):
            change()
    with pytest.raises(AppendOnly):
        PlantMeasurement.objects.update(drawn_mwh=1)
    assert PlantMeasurement.objects.get().drawn_mwh == 250_000


def test_an_unknown_quantity_is_null_and_not_zero():
    row = measure(make_plant(1), quality=PlantMeasurementQuality.PROVISIONAL)

    row.refresh_from_db()
    assert row.injected_mwh is None


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"end": NOW}, "plant_measurement_ends_after_it_starts"),
        ({"drawn_mwh": -1}, "plant_measurement_is_a_quantity"),
        ({"injected_mwh": 10**15 + 1}, "plant_measurement_is_a_quantity"),
        ({"version": 0}, "plant_measurement_versions_start_at_one"),
    ],
)
def test_the_database_refuses_a_measure_that_cannot_be(values, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        measure(make_plant(1), **values)


def test_a_version_of_a_measure_is_written_once():
    plant = make_plant(1)
    measure(plant)

    with pytest.raises(IntegrityError):
        measure(plant)
