"""The pages of a plant's meters, from the new meter to the right direction; and the pages under /energy/."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cercollettiva.core.models import MemberRole
from cercollettiva.devices.samples import Power, Sample, TimeSource
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DevicePlacement,
    DeviceState,
    MQTTAuditLog,
    Role,
    UnknownDevice,
)
from cercollettiva.energy.store import save_samples
from tests.integration.core.scene import join, make_community, make_plant, make_user
from tests.integration.energy.meters import make_meter

pytestmark = pytest.mark.django_db

NAME = "shellypro3em-a1b2c3"


@pytest.fixture
def community():
    return make_community("A")


@pytest.fixture
def plant(community):
    return make_plant(1, cer_configuration=community, nominal_power=6)


@pytest.fixture
def technician(community):
    technician = make_user("technician")
    join(technician, community, MemberRole.TECHNICAL)
    return technician


@pytest.fixture
def client(technician) -> Client:
    client = Client()
    client.force_login(technician)
    return client


def said(device: DeviceConfiguration, watts: float, at=None) -> None:
    at = at or timezone.now()
    values = {"em:0": {"at": at.isoformat(), "power": watts}}
    DeviceState.objects.update_or_create(
        device=device,
        defaults={"seq": 1, "last_seen": at, "online": True, "exchange_power": watts, "power_at": at, "values": values},
    )


def add(client, plant, **changes):
    given = {"device_id": NAME, "kind": "SHELLY_PRO_3EM", "since": "2026-03-29T12:30", **changes}
    return client.post(f"/plants/{plant.pk}/mqtt/add/", given)


def test_a_new_meter_gets_its_card_with_the_names_of_the_makers_page(client, plant):
    answer = add(client, plant)

    placement = DevicePlacement.objects.get()
    page = client.get(answer["Location"]).content.decode()
    assert answer["Location"] == reverse("core:meter-card", args=[plant.pk, placement.pk])
    assert placement.active_from.isoformat() == "2026-03-29T10:30:00+00:00"
    assert ChannelRole.objects.get().role == Role.EXCHANGE
    for written in (
        "Settings → MQTT",
        "Generic status update over MQTT",
        f"cercollettiva/IT001E00000001/{NAME}",
        "data:image/svg+xml",
        "non ha ancora parlato",
        f'data-await="{NAME}"',
        "MQTT.SetConfig",
    ):
        assert written in page


def test_what_is_written_down_of_a_new_meter_has_the_address_before_the_proxy(client, plant, settings):
    settings.PROXY_COUNT = 1
    client.defaults["HTTP_X_FORWARDED_FOR"] = "192.0.2.77"

    add(client, plant)

    assert MQTTAuditLog.objects.get().address == "192.0.2.77"


def test_a_card_shows_no_password_and_nothing_of_another_plant(client, plant, settings):
    settings.MQTT_URL = "mqtts://ingest:geheim@broker.example:8883"
    add(client, plant)

    page = client.get(f"/plants/{plant.pk}/mqtt/{DevicePlacement.objects.get().pk}/").content.decode()

    assert "broker.example:8883" in page
    assert "Default TLS" in page
    assert "geheim" not in page
    other = make_plant(2, cer_configuration=plant.cer_configuration)
    assert client.get(f"/plants/{other.pk}/mqtt/{DevicePlacement.objects.get().pk}/").status_code == 404


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"since": "2999-01-01T00:00"}, "nel futuro"),
        ({"since": "2024-12-31T00:00"}, "scrivi un momento dal 01/01/2025"),
        ({"since": "domani"}, "Scrivi giorno e ora"),
        ({"since": "0026-03-29T12:30"}, "quattro cifre"),
        ({"since": "2026-03-29T02:30"}, "2026-03-29"),  # an hour that the clock jumped over
        ({"device_id": "due parole"}, "solo lettere"),
        ({"component": "em"}, "em:0"),
        ({"kind": "SHELLY_PRO_9EM"}, "Scegli"),
    ],
)
def test_what_is_wrong_about_a_meter_is_told(client, plant, changes, words):
    answer = add(client, plant, **changes)

    told = " ".join(str(error) for errors in answer.context["form"].errors.values() for error in errors)
    assert words in told
    assert not DeviceConfiguration.objects.exists()


def test_a_swap_keeps_the_roles_and_ends_the_old_stay(client, plant):
    old = make_meter(1, plant=plant, role_fields={"sign": -1})
    stay = DevicePlacement.objects.get(device=old)
    assert (
        f'value="{stay.pk}" selected'
        in client.get(f"/plants/{plant.pk}/mqtt/add/?sostituisce={stay.pk}").content.decode()
    )

    add(client, plant, replaces=str(stay.pk))

    stay.refresh_from_db()
    new = ChannelRole.objects.get(device__device_id=NAME)
    assert stay.active_to == new.active_from
    assert (new.role, new.sign) == ("EXCHANGE", -1)


def test_a_meter_moves_after_a_confirmation_and_both_pages_say_so(client, plant):
    meter = make_meter(1, plant=plant)
    barn = make_plant(2, cer_configuration=plant.cer_configuration, name="Stalla")
    stay = DevicePlacement.objects.get()
    address = f"/plants/{plant.pk}/mqtt/{stay.pk}/move/"
    given = {"plant": str(barn.pk), "role": "", "since": "2026-06-01T12:00"}

    asked = client.post(address, given).content.decode()
    assert "va a Stalla?" in asked
    assert DevicePlacement.objects.count() == 1
    early = client.post(address, {**given, "since": "2024-06-01T12:00", "confirmed": "1"}).content.decode()
    assert "Non l’abbiamo spostato" in early
    client.post(address, {**given, "confirmed": "1"})

    assert DevicePlacement.objects.get(active_to=None).plant == barn
    assert client.post(address, {**given, "confirmed": "1"}).status_code == 404
    assert meter.device_id in client.get(f"/plants/{plant.pk}/mqtt/").content.decode()  # among those that were here


def test_the_plant_of_another_community_is_no_place_to_go(client, plant):
    make_meter(1, plant=plant)
    foreign = make_plant(2, cer_configuration=make_community("B"))
    address = f"/plants/{plant.pk}/mqtt/{DevicePlacement.objects.get().pk}/move/"

    answer = client.post(address, {"plant": str(foreign.pk), "since": "2026-06-01T12:00", "confirmed": "1"})

    assert "plant" in answer.context["form"].errors
    assert DevicePlacement.objects.get().plant == plant


def test_channels_get_their_roles_from_a_moment_on(client, plant):
    make_meter(1, plant=plant)
    stay = DevicePlacement.objects.get()
    address = f"/plants/{plant.pk}/mqtt/{stay.pk}/roles/"
    rows = client.get(address).context["form"].channels
    given = {"since": "2026-06-01T12:00", "role_0": "EXCHANGE", "sign_0": "1"}
    number = rows.index(("em1:1", ""))

    client.post(address, {**given, f"role_{number}": "LOAD", f"sign_{number}": "-1"})
    half = client.post(address, {**given, "component": "pm1:0"})

    assert [row[0] for row in rows] == ["em:0", "em1:0", "em1:1", "em1:2"]
    assert ChannelRole.objects.filter(role="LOAD", sign=-1, component="em1:1", active_to=None).count() == 1
    assert "insieme" in half.content.decode()


def test_the_check_says_in_words_that_the_draw_should_rise_and_falls_and_turns_it(client, plant):
    meter = make_meter(1, plant=plant)
    said(meter, 340.0)
    address = f"/plants/{plant.pk}/mqtt/{DevicePlacement.objects.get().pk}/check/"
    role = ChannelRole.objects.get()

    begun = client.post(address, {"action": "begin", "role": role.pk, "expected": "prelievo"})
    waiting = client.get(begun["Location"])
    token = waiting.context["trial"]["token"]
    said(meter, -1_660.0)
    reversed_ = client.get(begun["Location"] + "&parte=1").content.decode()
    noted = client.post(address, {"action": "note", "prova": token, "role": role.pk})
    client.post(address, {"action": "turn", "role": role.pk})

    assert "Aspetto la prossima misura" in waiting.content.decode()
    assert "dovrebbe salire e invece scende" in reversed_
    assert "data-final" in reversed_
    assert "<html" not in reversed_
    assert noted.status_code == 302
    assert "invece scende" in MQTTAuditLog.objects.get(action="CHECKED").detail
    assert ChannelRole.objects.get().sign == -1


def test_a_silent_channel_cannot_be_checked(client, plant):
    make_meter(1, plant=plant)
    address = f"/plants/{plant.pk}/mqtt/{DevicePlacement.objects.get().pk}/check/"

    answer = client.post(
        address, {"action": "begin", "role": ChannelRole.objects.get().pk, "expected": "prelievo"}, follow=True
    )

    assert "non ha ancora detto nulla" in answer.content.decode()


def test_a_closed_plant_takes_no_meter(client, plant):
    plant.active_to = timezone.now()
    plant.save()

    assert "è chiuso dal" in add(client, plant).content.decode()
    assert not DevicePlacement.objects.exists()


def test_who_already_speaks_with_this_pod_is_offered(client, plant):
    now = timezone.now()
    for pod in ("IT001E00000001", "IT001E00000002"):
        prefix = f"cercollettiva/{pod}/{NAME}"
        UnknownDevice.objects.create(
            prefix=prefix, last_topic=f"{prefix}/status/em:0", first_bytes=b"{}", first_seen=now, last_seen=now
        )

    page = client.get(f"/plants/{plant.pk}/mqtt/").content.decode()

    assert f"cercollettiva/IT001E00000001/{NAME}" in page
    assert "IT001E00000002" not in page


# ---- /energy/


def power(device, at, watts) -> Sample:
    return Sample(device.pk, "em:0", at, TimeSource.DEVICE, Power(power=watts))


def test_measurements_are_read_page_by_page_newest_first_and_each_once(client, plant):
    meter = make_meter(1, plant=plant)
    start = timezone.now() - timedelta(hours=2)
    save_samples([power(meter, start + timedelta(seconds=n), float(n)) for n in range(120)], now=timezone.now())

    seen, address, pages = [], "/energy/measurements/", 0
    while address:
        context = client.get(address).context
        seen += [row.power for row in context["page"].rows]
        address = f"/energy/measurements/{context['older_url']}" if context["older_url"] else ""
        pages += 1

    assert pages == 4
    assert seen == [float(n) for n in reversed(range(120))]


def test_measurements_may_be_narrowed_and_a_backward_time_is_refused(client, plant):
    make_meter(1, plant=plant)

    wrong = client.get("/energy/measurements/?dal=2026-06-01T12:00&al=2026-06-01T11:00")
    empty = client.get("/energy/measurements/?dal=2026-06-01T12:00&al=2026-06-01T13:00&dopo=nonsense")
    unknown = client.get("/energy/measurements/?dispositivo=nessuno")

    assert "È prima dell’inizio" in wrong.content.decode()
    assert "Togli il filtro" in empty.content.decode()
    assert "Nessun tuo misuratore" in unknown.content.decode()


def test_what_a_meter_measured_elsewhere_is_not_shown(client, plant):
    other = make_plant(2, cer_configuration=make_community("B"))
    meter = make_meter(2, plant=other)
    moved = timezone.now() - timedelta(hours=1)
    save_samples([power(meter, moved - timedelta(minutes=5), 666.0)], now=timezone.now())
    DevicePlacement.objects.get().end(at=moved)
    DevicePlacement.objects.create(device=meter, plant=plant, active_from=moved)

    context = client.get("/energy/measurements/").context

    assert context["device"] == meter
    assert context["page"].rows == []


@pytest.mark.parametrize("address", ["/energy/", "/energy/plants/", "/plants/"])
def test_many_plants_ask_no_more_of_the_database_than_one(client, plant, address):
    make_meter(1, plant=plant)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for number in range(50, 56):
        make_meter(number, plant=make_plant(number, cer_configuration=plant.cer_configuration))

    with CaptureQueriesContext(connection) as many:
        client.get(address)

    assert len(many) == len(few)


def test_the_broker_page_names_no_secret_and_says_when_nothing_came(client, plant, settings):
    settings.MQTT_URL = "mqtt://ingest:geheim@broker.example"

    page = client.get("/energy/settings/mqtt/").content.decode()

    assert "broker.example:1883" in page
    assert "geheim" not in page
    assert "Ancora nessun messaggio" in page
    assert 'data-socket="/ws/cer/"' in page


def test_without_a_plant_each_page_says_what_will_be_there(community):
    nobody = make_user("nobody")
    client = Client()
    client.force_login(nobody)

    for address in ("/energy/", "/energy/plants/", "/energy/measurements/", "/plants/"):
        page = client.get(address)
        assert page.status_code == 200
        assert 'class="empty"' in page.content.decode()
    assert client.get("/energy/settings/mqtt/").status_code == 404
