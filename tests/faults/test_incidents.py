"""Behind an incident, a real part that was killed: the watch opens one, and its recovery ends it and tells so, once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.utils import timezone

from bench.publisher import STATUS, Publisher
from cercollettiva.energy.models import DeviceConfiguration, DeviceState
from cercollettiva.monitoring.models import Alert, AlertEvent, Change
from cercollettiva.monitoring.telling import tell
from cercollettiva.monitoring.watch import check
from tests.integration.core.scene import make_device, make_plant, make_user
from tests.support import platform
from tests.support.mailbox import delivered
from tests.support.processes import Child, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

METERS = 4
LOOKS = 22  # a rhythm is known after twenty reports


class Minutes:
    """The clock of the check, which looks each minute; the meters speak in between, in a moment of our own time.

    It is behind ours: what a meter says between two looks counts as said at the second.
    """

    def __init__(self) -> None:
        self._minute = 0
        self._began = timezone.now() - timedelta(hours=2)

    def look(self) -> None:
        """A minute later: look, and tell whoever is to be told."""
        self._minute += 1
        now = self._began + timedelta(minutes=self._minute)
        assert check(now) is not None
        tell(now)


@pytest.fixture
def staff():
    return make_user("staff", is_staff=True)


@pytest.fixture
def devices() -> list[DeviceConfiguration]:
    return [make_device(number + 1, plant=make_plant(number + 1)) for number in range(METERS)]


@pytest.fixture
def ingest(start_manage, mosquitto, settings) -> Child:
    settings.MQTT_URL = mosquitto.url
    child: Child = start_manage("ingest", env={"MQTT_URL": mosquitto.url}, within=60)
    child.answers = lambda: platform.has_subscribed(child)
    assert wait_until(child.answers, within=60), child.log_tail()
    return child


def speak(port: int, devices: Sequence[DeviceConfiguration], word: int) -> None:
    """Powers and registers of every meter, and wait until they are what its row says."""
    publisher = Publisher(port)
    counted = {"id": 0, "total_act": 1000.0 + word, "total_act_ret": 0.0}
    for device in devices:
        publisher.publish(f"{device.topic_prefix}/status/em:0", json.dumps({**STATUS, "n_current": word}).encode())
        publisher.publish(f"{device.topic_prefix}/status/emdata:0", json.dumps(counted).encode())
    publisher.wait(within=10)
    drawn = round((1000 + word) * 1000)
    rows = DeviceState.objects.filter(**{"registers__emdata:0__drawn": drawn})
    assert wait_until(lambda: rows.count() == len(devices), within=15)


def rhythm_of(port: int, devices: Sequence[DeviceConfiguration], minutes: Minutes) -> None:
    for word in range(LOOKS):
        speak(port, devices, word)
        minutes.look()


def incidents() -> list[tuple[str, str, bool]]:
    return [(alert.kind, alert.state, alert.is_platform) for alert in Alert.objects.order_by("pk")]


def test_a_broker_that_is_killed_is_one_incident_and_its_return_is_told(devices, ingest, mosquitto, staff):
    minutes = Minutes()
    rhythm_of(mosquitto.port, devices, minutes)
    assert incidents() == []

    mosquitto.kill()
    for _ in range(8):  # long enough for every meter to be silent
        minutes.look()

    assert incidents() == [("broker-down", "OPEN", True)]
    assert [message.to for message in delivered()] == [[staff.email]]

    connected = platform.connections(ingest)
    mosquitto.start()
    assert wait_until(lambda: platform.connections(ingest) > connected, within=10)
    assert wait_until(lambda: platform.has_subscribed(ingest), within=10)
    minutes.look()
    speak(mosquitto.port, devices, LOOKS)
    minutes.look()
    minutes.look()

    assert incidents() == [("broker-down", "RESOLVED", True)]
    assert list(AlertEvent.objects.order_by("pk").values_list("change", flat=True)) == [Change.OPENED, Change.RESOLVED]
    assert [message.subject for message in delivered()] == ["Broker MQTT fermo", "Tutto a posto: Broker MQTT fermo"]


def test_an_ingestor_that_is_killed_is_one_incident_and_its_return_is_told(devices, ingest, mosquitto, staff):
    minutes = Minutes()
    rhythm_of(mosquitto.port, devices, minutes)

    ingest.kill()
    for _ in range(8):
        minutes.look()

    assert incidents() == [("ingestor-silent", "OPEN", True)]

    ingest.start(within=60)
    minutes.look()
    assert incidents() == [("ingestor-silent", "OPEN", True)]  # it runs, and nothing has come yet
    speak(mosquitto.port, devices, LOOKS)
    minutes.look()
    minutes.look()

    assert incidents() == [("ingestor-silent", "RESOLVED", True)]
    assert [message.subject for message in delivered()] == ["Ricevitore fermo", "Tutto a posto: Ricevitore fermo"]
