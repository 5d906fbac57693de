"""The technician's pages on real rows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cercollettiva.core.models import MemberRole
from cercollettiva.devices.samples import Anomaly, Energies, Power, Registers, Sample, TimeSource
from cercollettiva.energy.models import (
    ChannelRole,
    DevicePlacement,
    DeviceState,
    LastMessage,
    RegisterEvent,
    RejectedMessage,
    UnknownDevice,
)
from cercollettiva.energy.store import save_samples
from cercollettiva.monitoring.models import Alert
from tests.integration.core.scene import LONG_AGO, join, make_community, make_device, make_plant, make_user
from tests.integration.web.hostile import HOSTILE

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

LIST = "/energy/devices/"


@pytest.fixture
def community():
    return make_community("A")


@pytest.fixture
def client(community) -> Client:
    technician = make_user("technician")
    join(technician, community, MemberRole.TECHNICAL)
    client = Client()
    client.force_login(technician)
    return client


def make_meter(number: int, community, *, seconds: float | None = None, **state):
    """A meter that was heard so many seconds ago."""
    plant = make_plant(number, cer_configuration=community)
    device = make_device(number)
    placement = DevicePlacement.objects.create(device=device, plant=plant, active_from=LONG_AGO)
    ChannelRole.objects.create(placement=placement, component="em:0", role="EXCHANGE", active_from=LONG_AGO)
    if seconds is not None:
        seen = timezone.now() - timedelta(seconds=seconds)
        DeviceState.objects.create(device=device, last_seen=seen, **{"online": True, **state})
    return device


def names_in(answer) -> list[str]:
    return [meter["name"] for meter in answer.context["meters"]]


def says(device, anomaly: Anomaly, *, ago: timedelta = timedelta(seconds=5), registers: bool = False) -> None:
    reading = Registers(Energies(drawn=1)) if registers else Power(power=1.0)
    component = "emdata:0" if registers else "em:0"
    at = timezone.now() - ago
    save_samples([Sample(device.pk, component, at, TimeSource.RECEIVED, reading, anomaly)], now=timezone.now())


def test_the_list_puts_those_that_need_somebody_first(client, community):
    live = make_meter(1, community, seconds=5)
    late = make_meter(2, community, seconds=60)
    odd, dead_phase = make_meter(3, community, seconds=5), make_meter(4, community, seconds=5)
    never = make_meter(5, community)
    silent, gone = make_meter(6, community, seconds=3600), make_meter(7, community, seconds=5, online=False)
    says(odd, Anomaly.CLOCK_NOT_SET, registers=True)
    says(dead_phase, Anomaly.PHASE_B_NO_VOLTAGE)
    says(live, Anomaly.DIRECTION_UNKNOWN)
    says(live, Anomaly.CLOCK_AHEAD, ago=timedelta(hours=1))

    answer = client.get(LIST)

    expected = [silent, gone, never, odd, dead_phase, late, live]
    assert names_in(answer) == [device.device_id for device in expected]
    assert "2 misuratori" in answer.content.decode()
    assert [one["count"] for one in answer.context["filters"]] == [7, 2, 1, 2, 1, 1]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("?stato=muti", [2]),
        ("?stato=in-linea", [1]),
        ("?stato=qualcosa", [2, 1]),
        ("?q=Casa+2", [2]),
        ("?q=IT+001+E+00000001", [1]),
        ("?q=cer/1/", [1]),
        ("?q=Casa&stato=muti", [2]),
        ("?q=%00", [2, 1]),
        ("?q=niente&pagina=abc", []),
        ("?pagina=99999999999999999999", [2, 1]),
    ],
)
def test_the_list_is_searched_by_words_and_by_state(client, community, query, numbers):
    make_meter(1, community, seconds=5)
    make_meter(2, community, seconds=3600)

    assert names_in(client.get(LIST + query)) == [f"shellypro3em-{number:06x}" for number in numbers]


def test_what_a_meter_said_elsewhere_counts_for_nothing(client, community):
    device = make_meter(1, community, seconds=5)
    device.placements.update(active_from=timezone.now())

    answer = client.get(reverse("meters:meter", args=[device.pk]))

    assert "non ha ancora parlato" in answer.content.decode()


def test_the_pages_ask_the_same_few_times_however_much_there_is(client, community):
    def asked(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    def add_refusals(device, numbers: range) -> None:
        now = timezone.now()
        for number in numbers:
            topic = f"{device.topic_prefix}/{number}"
            RejectedMessage.objects.create(device=device, topic=topic, reason="x", first_seen=now, last_seen=now)
            unknown = f"new/IT001E00000001/{number}"
            UnknownDevice.objects.create(prefix=unknown, last_topic=unknown + "/a", first_seen=now, last_seen=now)

    device = make_meter(1, community, seconds=5)
    add_refusals(device, range(1))
    paths = [LIST, reverse("meters:meter", args=[device.pk]), reverse("meters:strangers")]
    few = [asked(path) for path in paths]
    for number in range(2, 70):
        make_meter(number, community, seconds=5 * number)
    add_refusals(device, range(1, 60))

    assert [asked(path) for path in paths] == few
    assert max(few) <= 22
    assert len(client.get(LIST).context["meters"]) == 50
    assert len(client.get(f"{LIST}?pagina=2").context["meters"]) == 19


def test_a_meter_shows_its_values_its_message_and_what_was_refused(client, community):
    now = timezone.now()
    values = {"em:0": {"at": now.isoformat(), "a_power": 951.2, "a_voltage": 236.1, "b_voltage": 1.5}}
    registers = {"emdata:0": {"at": now.isoformat(), "drawn": 215_966_760, "returned": 36_010, "a_drawn": 105_681_310}}
    device = make_meter(1, community, seconds=1, values=values, registers=registers)
    topic = f"{device.topic_prefix}/status/em:0"
    LastMessage.objects.create(device=device, topic=topic, first_bytes=b'{"id":0', size=3000, received_at=now)
    RejectedMessage.objects.create(
        device=device, topic=topic, reason="src is 'x'", first_bytes=b"\xff", count=12, first_seen=now, last_seen=now
    )
    says(device, Anomaly.CLOCK_AHEAD)

    page = client.get(reverse("meters:meter", args=[device.pk])).content.decode()

    for told in (
        *("236,1", "951", "215,967", "105,681", topic, "{&quot;id&quot;:0", "3.000"),
        *("Qui parla un altro misuratore", "src is &#x27;x&#x27;", "12 volte", ">ff<", "avanti di oltre 5 minuti"),
        *("Casa 1", "scambio con la rete", "ma qualcosa non va"),
    ):
        assert told in page, told


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_whatever_a_device_says_is_shown_as_text(client, community, text):
    now = timezone.now()
    device = make_meter(1, community, seconds=1)
    storable = text.replace("\0", "\ufffd")[:400]
    LastMessage.objects.create(device=device, topic=storable, first_bytes=text.encode()[:1024], size=1, received_at=now)
    RejectedMessage.objects.create(
        device=device, topic=storable, reason=storable[:150], first_bytes=text.encode()[:256],
        first_seen=now, last_seen=now,
    )  # fmt: skip
    prefix = f"IT001E00000001/{storable}"
    UnknownDevice.objects.create(
        prefix=prefix, last_topic=prefix + "/x", first_bytes=text.encode()[:256], first_seen=now, last_seen=now
    )
    stranger = UnknownDevice.objects.get()

    for path in (
        reverse("meters:meter", args=[device.pk]),
        reverse("meters:strangers"),
        reverse("meters:stranger", args=[stranger.pk]),
    ):
        answer = client.get(path)
        page = answer.content.decode()
        assert answer.status_code == 200
        assert not {character for character in page if character in "\0\x1b\x07\u202e\u2028\u200b\ufeff\u0489"}
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "<svg/onload" not in page
    answer = client.post(reverse("meters:stranger", args=[stranger.pk]), {"device_id": text, "confirmed": "1"})
    assert answer.status_code == 200


def test_members_have_no_such_pages_and_no_link_to_them(community):
    member = make_user("member")
    join(member, community)
    client = Client()
    client.force_login(member)

    assert LIST not in client.get(reverse("web:dashboard")).content.decode()
    assert client.get(LIST).status_code == 404


def test_technicians_have_a_link_to_them(client):
    assert f'href="{LIST}"' in client.get(reverse("web:dashboard")).content.decode()
    assert f'href="{LIST}" aria-current="page"' in client.get(LIST).content.decode()


def test_a_meters_page_shows_its_alerts_and_what_its_registers_did(client, community):
    device = make_meter(1, community, seconds=5)
    now = timezone.now()
    Alert.objects.create(device=device, kind="register-reset", message="Il contatore è ripartito da zero.")
    RegisterEvent.objects.create(
        device=device, component="emdata:0", register="drawn", at=now, kind=1, before=2, after=0, found_at=now
    )

    page = client.get(f"/energy/devices/{device.pk}/").content.decode()

    assert "Il contatore è ripartito da zero." in page
    assert "emdata:0: contatore azzerato" in page
