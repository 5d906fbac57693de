"""A stranger becomes a meter: all of it at once, or nothing and the reason in words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cercollettiva.core.models import PlantType
from cercollettiva.energy import guesses
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DevicePlacement,
    DeviceType,
    MQTTAuditLog,
    Role,
    UnknownDevice,
)
from cercollettiva.energy.operations import (
    Adoption,
    NoLongerUnknown,
    NotProvisioned,
    adopt,
    usual_component,
    usual_role,
)
from cercollettiva.ingest.directory import directory_at
from tests.integration.core.scene import make_community, make_device, make_plant, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NAME = "shellypro3em-a1b2c3"
PREFIX = f"cercollettiva/IT001E00000001/{NAME}"


def make_stranger(prefix: str = PREFIX, topic: str | None = None, data: bytes = b"{}") -> UnknownDevice:
    now = timezone.now()
    return UnknownDevice.objects.create(
        prefix=prefix, last_topic=topic or f"{prefix}/status/em:0", first_bytes=data, first_seen=now, last_seen=now
    )


@pytest.fixture
def plant():
    return make_plant(1, cer_configuration=make_community("A"))


@pytest.fixture
def technician():
    return make_user("technician")


@pytest.fixture
def adoption(plant) -> Adoption:
    kind = DeviceType.objects.get(code="SHELLY_PRO_3EM")
    return Adoption(NAME, kind, plant, "em:0", Role.EXCHANGE, timezone.now() - timedelta(minutes=1))


def nothing_was_made() -> bool:
    return not (DevicePlacement.objects.exists() or ChannelRole.objects.exists() or MQTTAuditLog.objects.exists())


def test_all_of_it_is_made_at_once_and_the_stranger_is_gone(adoption, technician):
    stranger = make_stranger()

    device = adopt(stranger.pk, PREFIX, adoption, actor=technician, address="192.0.2.7")

    role = ChannelRole.objects.get()
    line = MQTTAuditLog.objects.get()
    assert (device.device_id, device.topic_prefix, device.vendor) == (NAME, PREFIX, "Shelly")
    assert (role.device, role.plant, role.component, role.role) == (device, adoption.plant, "em:0", "EXCHANGE")
    assert (role.active_from, role.placement.active_from) == (adoption.since, adoption.since)
    assert (line.actor, line.device, line.action, line.address) == (technician, device, "ADOPTED", "192.0.2.7")
    assert PREFIX in line.detail
    assert not UnknownDevice.objects.exists()


def test_the_ingestor_reads_what_was_adopted(adoption, technician):
    adopt(make_stranger().pk, PREFIX, adoption, actor=technician, address=None)

    entry = directory_at(timezone.now())[PREFIX]

    assert [(role.component, role.role) for role in entry.roles] == [("em:0", "EXCHANGE")]


def test_other_strangers_under_the_same_prefix_go_with_it(adoption, technician):
    stranger = make_stranger("tele/a/IT001E00000001/SENSOR", "tele/a/IT001E00000001/SENSOR")
    make_stranger("tele/a/IT001E00000001/STATE")
    neighbour = make_stranger("tele/a/IT001E000000012/STATE")

    adopt(stranger.pk, "tele/a/IT001E00000001", adoption, actor=technician, address=None)

    assert list(UnknownDevice.objects.all()) == [neighbour]


def test_a_second_adoption_of_the_same_stranger_finds_the_first(adoption, technician):
    stranger = make_stranger()
    device = adopt(stranger.pk, PREFIX, adoption, actor=technician, address=None)

    with pytest.raises(NoLongerUnknown) as refused:
        adopt(stranger.pk, PREFIX, adoption, actor=technician, address=None)

    assert refused.value.device == device
    assert DeviceConfiguration.objects.count() == MQTTAuditLog.objects.count() == 1


def test_a_stranger_counted_once_more_before_the_ingestor_knows_is_not_adopted_twice(adoption, technician):
    device = adopt(make_stranger().pk, PREFIX, adoption, actor=technician, address=None)

    with pytest.raises(NoLongerUnknown) as refused:
        adopt(make_stranger().pk, PREFIX, adoption, actor=technician, address=None)

    assert refused.value.device == device


def test_a_second_exchange_meter_at_a_plant_is_refused_in_words(adoption, technician, plant):
    placement = DevicePlacement.objects.create(device=make_device(9), plant=plant, active_from=plant.active_from)
    ChannelRole.objects.create(placement=placement, component="em:0", role="EXCHANGE", active_from=plant.active_from)

    with pytest.raises(NotProvisioned, match="ha già un misuratore dello scambio") as refused:
        adopt(make_stranger().pk, PREFIX, adoption, actor=technician, address=None)

    assert refused.value.field == "role"
    assert not DeviceConfiguration.objects.filter(device_id=NAME).exists()
    assert UnknownDevice.objects.count() == 1
    assert not MQTTAuditLog.objects.exists()


@pytest.mark.parametrize(
    ("change", "prefix", "field", "reason"),
    [
        ({"device_id": "taken"}, PREFIX, "device_id", "già"),
        ({"device_id": "two words"}, PREFIX, "", "lettere, cifre"),
        ({}, "cer/IT001E00000001/with space", "", "spazi"),
        ({}, "x" * 201, "", "200"),
        ({"component": "x" * 33}, PREFIX, "component", "32"),
        ({"since": timezone.now() + timedelta(hours=1)}, PREFIX, "since", "già passato"),
        ({"since": timezone.now() - timedelta(days=9000)}, PREFIX, "since", "non era di questa comunità"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_of_it_stays(adoption, technician, change, prefix, field, reason):
    make_device(9, device_id="taken", topic_prefix="somewhere/else")
    stranger = make_stranger()
    changed = Adoption(**{**vars(adoption), **change})

    with pytest.raises(NotProvisioned, match=reason) as refused:
        adopt(stranger.pk, prefix, changed, actor=technician, address=None)

    assert refused.value.field == field
    assert DeviceConfiguration.objects.count() == 1
    assert nothing_was_made()
    assert UnknownDevice.objects.count() == 1


@pytest.mark.parametrize(
    ("topic", "data", "device_id", "code", "component"),
    [
        (f"{PREFIX}/status/em:0", b"{}", NAME, "SHELLY_PRO_3EM", "em:0"),
        (f"{PREFIX}/status/em1data:2", b"{}", NAME, "SHELLY_PRO_3EM", "em1:2"),
        (f"{PREFIX}/online", b"true", NAME, "SHELLY_PRO_3EM", ""),
        (
            "casa/cantina/events/rpc",
            b'{"src": "shellypmmini-00ff", "method"',
            "shellypmmini-00ff",
            "SHELLY_PM_MINI",
            "",
        ),
        ("casa/cantina/status/pm1:0", b"\xff", "cantina", "", "pm1:0"),
        ("casa/le scale/status/em:0", b"{}", "", "", "em:0"),
        ("casa/x/status/em:0", b'{"src":"<script>"}', "x", "", "em:0"),
        ("uno", b"{}", "", "", ""),
    ],
)
def test_what_the_messages_suggest(topic, data, device_id, code, component):
    prefix = topic.rpartition("/status/")[0] or topic.removesuffix("/online").removesuffix("/events/rpc")
    stranger = UnknownDevice(prefix=prefix, last_topic=topic, first_bytes=data)

    assert guesses.device_id_of(stranger) == device_id
    assert guesses.type_code_of(guesses.device_id_of(stranger)) == code
    assert guesses.component_of(stranger) == component


def test_a_topic_that_no_make_knows_is_adopted_without_its_last_level():
    assert guesses.prefix_to_adopt(UnknownDevice(prefix="a/b/c", last_topic="a/b/c")) == "a/b"
    assert guesses.prefix_to_adopt(UnknownDevice(prefix="a", last_topic="a")) == ""


def test_the_plant_is_the_one_whose_pod_the_topic_names():
    plants = [make_plant(1), make_plant(2)]

    assert guesses.plant_of(make_stranger(), plants) == plants[0]
    assert guesses.plant_of(make_stranger("a/it001e00000002x/b"), plants) == plants[1]
    assert guesses.plant_of(make_stranger("a/b"), plants) is None
    assert guesses.plant_of(make_stranger("a/IT001E00000002/IT001E00000001"), plants) is None


def test_the_usual_role_and_channel_follow_plant_and_model():
    producer, home = (make_plant(n, plant_type=kind) for n, kind in enumerate((PlantType.PRODUCER, PlantType.CONSUMER)))
    channels = {kind.code: usual_component(kind) for kind in DeviceType.objects.all()}

    assert (usual_role(producer), usual_role(home)) == (Role.PRODUCTION, Role.EXCHANGE)
    assert (channels["SHELLY_PRO_3EM"], channels["SHELLY_PRO_EM"], channels["SHELLY_PM_MINI"]) == (
        "em:0",
        "em1:0",
        "pm1:0",
    )
