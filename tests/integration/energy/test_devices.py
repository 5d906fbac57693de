from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from cercollettiva.core.models import Plant
from cercollettiva.energy.device_types import bring_up_to_date
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DevicePlacement,
    DeviceState,
    DeviceType,
    Role,
)
from tests.integration.core.scene import LONG_AGO, NOW, make_device, make_plant
from tests.support.hostile import CUSTOM_TEMPLATE

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

CODES = {
    "SHELLY_PRO_3EM",
    "SHELLY_PRO_EM",
    "SHELLY_PRO_4PM",
    "SHELLY_3EM_63",
    "SHELLY_EM3",
    "SHELLY_EM",
    "SHELLY_PLUS_PM",
    "SHELLY_PM_MINI",
    "TASMOTA",
    "CUSTOM",
}


def role_of(device: DeviceConfiguration, role: Role = Role.EXCHANGE, **fields: object) -> ChannelRole:
    given = {"component": "em:0", "active_from": LONG_AGO, **fields}
    return ChannelRole.objects.create(placement=device.placements.get(), role=role, **given)


def test_the_known_models_of_meter_are_there_from_the_start():
    assert set(DeviceType.objects.values_list("code", flat=True)) == CODES


def test_what_an_administrator_changed_in_the_catalogue_stays_after_migrate():
    DeviceType.objects.filter(code="CUSTOM").update(payload_template={"power": "$.p"})
    DeviceType.objects.filter(code="TASMOTA").delete()

    call_command("migrate", verbosity=0, interactive=False)

    assert DeviceType.objects.get(code="CUSTOM").payload_template == {"power": "$.p"}
    assert DeviceType.objects.filter(code="TASMOTA").exists()


def test_a_component_stands_in_a_profile_and_its_registers_have_a_place():
    for kind in DeviceType.objects.exclude(code="CUSTOM"):
        capabilities = kind.capabilities
        profiles = capabilities["profiles"]
        assert set().union(*profiles.values()) == set(capabilities["components"]) == set(capabilities["registers"])
    pro = DeviceType.objects.get(code="SHELLY_PRO_3EM").capabilities
    assert pro["profiles"]["triphase"] == {"em:0": "abc"}
    assert pro["registers"]["em1:2"] == "em1data:2"


def test_types_of_the_first_release_learn_what_is_new_and_others_stay():
    DeviceType.objects.filter(code="TASMOTA").update(topic_template="tele/{prefix}/SENSOR", capabilities={"phases": 1})
    DeviceType.objects.filter(code="SHELLY_EM").update(topic_template="mine/#")

    bring_up_to_date(using="default", apps=apps)

    tasmota = DeviceType.objects.get(code="TASMOTA")
    assert tasmota.topic_template == "{prefix}/SENSOR"
    assert tasmota.capabilities["components"] == {"energy:0": ""}
    assert DeviceType.objects.get(code="SHELLY_EM").topic_template == "mine/#"


def test_another_payload_template_is_a_change_of_its_devices():
    device = make_device(1, device_type_id="CUSTOM")
    kind = DeviceType.objects.get(code="CUSTOM")
    kind.payload_template = CUSTOM_TEMPLATE

    with time_machine.travel(device.updated_at + timedelta(minutes=1), tick=False):
        kind.save()

    assert DeviceConfiguration.objects.get().updated_at == device.updated_at + timedelta(minutes=1)


def test_a_payload_template_that_cannot_be_used_is_refused_with_its_reason():
    kind = DeviceType.objects.get(code="CUSTOM")
    kind.payload_template = {"power": "$.p"}

    with pytest.raises(ValidationError, match="non si può usare: the template has keys"):
        kind.full_clean()

    kind.payload_template = CUSTOM_TEMPLATE
    kind.full_clean()


@pytest.mark.parametrize(
    "prefix",
    ["/cer/a", "cer/a/", "", "cer//a", "cer/+/a", "cer/#", "cer a", "cer/a\n", "$SYS/a", "cer/a\nuser ingest-1"],
)
def test_a_prefix_is_a_plain_topic(prefix):
    with pytest.raises(IntegrityError, match="device_prefix_is_a_plain_topic"):
        make_device(1, topic_prefix=prefix)


@pytest.mark.parametrize("prefix", ["a", "VePro/IT001E12345678/shellypro3em-a1b2c3", "shellies/a", "cer/à/b-c_d.e"])
def test_a_prefix_may_have_any_number_of_levels(prefix):
    assert make_device(1, topic_prefix=prefix).pk


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a+", "#", "a\nb", "a\n"])
def test_the_name_of_a_device_fits_a_line_of_the_broker(name):
    with pytest.raises(IntegrityError, match="device_id_is_a_plain_word"):
        make_device(1, device_id=name)


def test_a_form_says_what_a_prefix_looks_like():
    device = make_device(1)
    device.topic_prefix = "cer/#"

    with pytest.raises(ValidationError, match="non contiene spazi"):
        device.full_clean()


def test_a_form_says_what_a_time_zone_looks_like():
    device = make_device(1)
    device.time_zone = "Europe"

    with pytest.raises(ValidationError) as refusal:
        device.full_clean()

    assert refusal.value.message_dict == {"time_zone": ["«Europe» non è un fuso orario: per esempio Europe/Rome."]}


def test_two_active_devices_do_not_share_a_prefix():
    make_device(1, topic_prefix="cer/a")

    with pytest.raises(IntegrityError), transaction.atomic():
        make_device(2, topic_prefix="cer/a")
    assert make_device(3, topic_prefix="cer/a", is_active=False).pk


def make_device_of_type(code: str) -> None:
    with transaction.atomic():
        make_device(1, device_type_id=code)
        connection.check_constraints()  # foreign keys are checked at the end of a transaction


def test_a_device_of_an_unknown_type_is_refused():
    with pytest.raises(IntegrityError):
        make_device_of_type("SHELLY_42")


def test_a_device_stands_at_one_plant_at_a_time():
    first, second = make_plant(1), make_plant(2)
    device = make_device(1, plant=first)

    with pytest.raises(IntegrityError, match="placement_one_per_device_and_moment"), transaction.atomic():
        DevicePlacement.objects.create(device=device, plant=second, active_from=NOW)
    device.placements.get().end(at=NOW)
    DevicePlacement.objects.create(device=device, plant=second, active_from=NOW)

    assert DevicePlacement.objects.active_at(NOW).get(device=device).plant == second


def test_a_role_knows_the_device_and_plant_of_its_placement():
    plant = make_plant(1)
    device = make_device(1, plant=plant)

    saved = role_of(device)
    [in_bulk] = ChannelRole.objects.bulk_create(
        [ChannelRole(placement=device.placements.get(), component="em:1", role=Role.LOAD, active_from=NOW)]
    )

    assert (saved.device, saved.plant) == (in_bulk.device, in_bulk.plant) == (device, plant)


def test_a_channel_has_one_role_at_a_time():
    device = make_device(1, plant=make_plant(1))
    first = role_of(device, Role.LOAD)

    with pytest.raises(IntegrityError, match="channel_role_one_per_channel_and_moment"), transaction.atomic():
        role_of(device, Role.PRODUCTION, active_from=NOW)
    first.end(at=NOW)
    role_of(device, Role.PRODUCTION, active_from=NOW)

    assert ChannelRole.objects.active_at(NOW).get().role == Role.PRODUCTION


def test_phases_of_a_component_may_have_roles_of_their_own():
    device = make_device(1, plant=make_plant(1))

    role_of(device, Role.PRODUCTION, phases="a")
    role_of(device, Role.LOAD, phases="bc")

    assert device.channel_roles.count() == 2


def test_one_device_measures_the_exchange_of_a_plant():
    plant = make_plant(1)
    first, second = make_device(1, plant=plant), make_device(2, plant=plant)
    role_of(first)

    with pytest.raises(IntegrityError, match="channel_role_one_exchange_device_per_plant"):
        role_of(second, active_from=NOW)


def test_the_channels_of_one_device_share_the_exchange_of_a_plant():
    device = make_device(1, plant=make_plant(1))

    for channel in range(3):
        role_of(device, component=f"em1:{channel}")

    assert device.channel_roles.filter(role=Role.EXCHANGE).count() == 3


def test_another_device_may_measure_production_or_take_over_the_exchange_later():
    plant = make_plant(1)
    first, second = make_device(1, plant=plant), make_device(2, plant=plant)
    role_of(first).end(at=NOW)

    role_of(second, Role.PRODUCTION, component="em1:0")
    role_of(second, active_from=NOW)

    assert plant.channel_roles.count() == 3


def test_a_role_cannot_become_a_second_exchange_by_an_update():
    plant = make_plant(1)
    first, second = make_device(1, plant=plant), make_device(2, plant=plant)
    role_of(first)
    load = role_of(second, Role.LOAD)

    with pytest.raises(IntegrityError, match="channel_role_one_exchange_device_per_plant"):
        ChannelRole.objects.filter(pk=load.pk).update(role=Role.EXCHANGE)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"sign": 0}, "channel_role_sign_is_one"),
        ({"role": "OTHER"}, "channel_role_is_known"),
        ({"phases": "ba"}, "channel_role_phases_are_known"),
        ({"component": ""}, "channel_role_has_a_component"),
        ({"active_to": LONG_AGO - timedelta(days=1)}, "channel_role_ends_after_it_starts"),
    ],
)
def test_the_database_refuses_a_role_that_cannot_be(values, constraint):
    role_of(make_device(1, plant=make_plant(1)))

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ChannelRole.objects.update(**values)


def test_taking_a_device_away_ends_its_roles():
    device = make_device(1, plant=make_plant(1))
    old = role_of(device, component="em1:0", active_to=NOW - timedelta(days=1))
    current = role_of(device)
    future = role_of(device, component="em1:1", active_from=NOW + timedelta(days=1))

    device.placements.get().end(at=NOW)

    ends = [ChannelRole.objects.get(pk=role.pk).active_to for role in (old, current, future)]
    assert ends == [NOW - timedelta(days=1), NOW, NOW + timedelta(days=1)]
    assert not ChannelRole.objects.active_at(NOW + timedelta(days=2)).exists()


def change_the_device(device: DeviceConfiguration) -> None:
    device.save()


def change_the_table(device: DeviceConfiguration) -> None:
    DeviceConfiguration.objects.filter(pk=device.pk).update(is_active=False)


def add_a_role(device: DeviceConfiguration) -> None:
    role_of(device, component="em1:2")


def end_a_role(device: DeviceConfiguration) -> None:
    device.channel_roles.get(component="em:0").end(at=NOW)


def delete_a_role(device: DeviceConfiguration) -> None:
    device.channel_roles.get(component="em:0").delete()


def end_the_placement(device: DeviceConfiguration) -> None:
    device.placements.get().end(at=NOW)


@pytest.mark.parametrize(
    "change", [change_the_device, change_the_table, add_a_role, end_a_role, delete_a_role, end_the_placement]
)
def test_the_ingestor_can_see_that_something_about_a_device_changed(change):
    device = make_device(1, plant=make_plant(1))
    other = make_device(2)
    role_of(device)
    later = datetime(2030, 1, 1, tzinfo=UTC)

    with time_machine.travel(later, tick=False):
        change(device)

    device.refresh_from_db()
    other.refresh_from_db()
    assert device.updated_at == later
    assert other.updated_at < later


def test_a_device_with_a_history_cannot_be_deleted():
    device = make_device(1, plant=make_plant(1))

    with pytest.raises(ProtectedError):
        device.delete()
    with pytest.raises(ProtectedError):
        Plant.objects.get().delete()


def test_a_device_may_have_said_nothing_yet():
    state = DeviceState.objects.create(device=make_device(1))

    state.refresh_from_db()
    assert (state.seq, state.last_seen, state.online, state.exchange_power) == (0, None, None, None)
    assert (state.values, state.registers, state.src) == ({}, {}, "")


def test_a_new_state_finds_room_on_its_page():
    """Half of each page is free on PostgreSQL and no written column has an index, so updates are heap-only."""
    with connection.cursor() as cursor:
        indexes = connection.introspection.get_constraints(cursor, DeviceState._meta.db_table)
        indexed = {
            column for index in indexes.values() if index["index"] or index["unique"] for column in index["columns"]
        }
        if connection.vendor == "postgresql":
            cursor.execute("SELECT reloptions FROM pg_class WHERE relname = 'energy_devicestate'")
            assert cursor.fetchone() == (["fillfactor=50"],)

    assert indexed <= {"device_id"}
