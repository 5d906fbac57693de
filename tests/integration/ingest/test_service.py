"""The ingest process on a real broker and both databases: what a message leaves behind."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from bench.publisher import Publisher
from cercollettiva.devices.samples import TimeSource
from cercollettiva.energy.models import (
    DeviceConfiguration,
    DeviceMeasurement,
    DeviceState,
    DirtyQuarter,
    EnergyMeasurement,
    RejectedMessage,
    UnknownDevice,
)
from cercollettiva.ingest.mqtt import BrokerAddress, MQTTConnection
from tests.support.processes import Child, wait_until
from tests.unit.ingest.meters import EM_STATUS, EMDATA_STATUS, NAME, PREFIX

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def device() -> DeviceConfiguration:
    return DeviceConfiguration.objects.create(device_id=NAME, device_type_id="SHELLY_PRO_3EM", topic_prefix=PREFIX)


@pytest.fixture
def start_ingest(start_manage, mosquitto):
    def start(*arguments: str) -> Child:
        child = start_manage("ingest", *arguments, env={"MQTT_URL": mosquitto.url})
        assert wait_until(lambda: "Connected to the broker" in own_log(child), within=20), child.log_tail()
        time.sleep(0.2)  # the subscription follows the connection
        return child

    return start


def own_log(child: Child) -> str:
    """What this process has written; the log is shared with those before it."""
    return "\n".join(line for line in child.log.read_text().splitlines() if f"[{child.pid}]" in line)


def publish(port: int, *messages: tuple[str, bytes], retain: bool = False) -> None:
    if not retain:
        publisher = Publisher(port)
        for rest, payload in messages:
            publisher.publish(f"{PREFIX}/{rest}", payload)
        publisher.wait(within=10)
        return
    connection = MQTTConnection(
        BrokerAddress("127.0.0.1", port),
        client_id="retainer",
        clean_session=True,
        on_arrival=lambda arrival: None,
        on_session=lambda had_session: None,
    )
    connection.connect()
    for _ in range(5):
        connection.poll(0.05)
    for rest, payload in messages:
        connection.publish(f"{PREFIX}/{rest}", payload, retain=True)
    for _ in range(5):
        connection.poll(0.05)
    connection.disconnect()


def rows_become(number: int, model=DeviceMeasurement) -> bool:
    return wait_until(lambda: model.objects.count() == number, within=10)


def notify(second: float, power: float) -> bytes:
    frame = {"src": NAME, "method": "NotifyStatus", "params": {"ts": second, "em:0": {"total_act_power": power}}}
    return json.dumps(frame).encode()


def test_a_message_becomes_a_row_a_state_and_a_mark(device, start_ingest, mosquitto):
    start_ingest()

    publish(mosquitto.port, ("status/em:0", EM_STATUS), ("status/emdata:0", EMDATA_STATUS))

    assert rows_become(1)
    assert rows_become(1, EnergyMeasurement)
    assert DeviceMeasurement.objects.get().power == pytest.approx(715.5)
    assert EnergyMeasurement.objects.get().drawn == 215_966_760
    assert DirtyQuarter.objects.get().device_id == device.pk
    assert wait_until(lambda: DeviceState.objects.filter(device=device).exclude(registers={}).exists(), within=5)
    state = DeviceState.objects.get(device=device)
    assert state.values["em:0"]["a_power"] == 951.2
    assert state.registers["emdata:0"]["drawn"] == 215_966_760
    assert state.online


def test_what_is_stored_does_not_come_again(device, start_ingest, mosquitto):
    first = start_ingest()
    publish(mosquitto.port, ("status/em:0", EM_STATUS))
    assert rows_become(1)

    assert first.terminate() == 0
    second = start_ingest()

    assert wait_until(lambda: "session kept: True" in own_log(second), within=5)
    second.terminate()
    assert "0 received" in own_log(second) or "1 received" in own_log(second)  # at most our own marker
    assert DeviceMeasurement.objects.count() == 1


def test_a_message_sent_twice_by_the_broker_is_one_row(device, start_ingest, mosquitto):
    """Kill -9 between the commit and the acknowledgement cannot be timed here: tests/faults does it under load."""
    child = start_ingest()
    publish(mosquitto.port, *[("events/rpc", notify(1767225600.12, 5.0))] * 3)

    assert rows_become(1)
    time.sleep(0.5)
    assert DeviceMeasurement.objects.count() == 1
    assert not RejectedMessage.objects.exists()
    assert child.running


def test_a_bad_message_is_quarantined_without_hurting_its_neighbours(device, start_ingest, mosquitto):
    start_ingest()
    messages = [("events/rpc", notify(1767225600 + number, 5.0)) for number in range(100)]
    messages.insert(50, ("status/em:0", b'{"id":0,"a_current":4.0'))
    messages.insert(51, ("status/emdata:0", b'{"id":0,"total_act":NaN}'))

    publish(mosquitto.port, *messages)

    assert rows_become(100)
    assert rows_become(2, RejectedMessage)
    assert set(RejectedMessage.objects.values_list("device_id", "count")) == {(device.pk, 1)}


def test_an_unknown_device_is_listed_and_read_once_it_is_provisioned(start_ingest, mosquitto):
    start_ingest()
    publish(mosquitto.port, ("status/em:0", EM_STATUS))
    assert rows_become(1, UnknownDevice)
    assert DeviceMeasurement.objects.count() == 0

    DeviceConfiguration.objects.create(device_id=NAME, device_type_id="SHELLY_PRO_3EM", topic_prefix=PREFIX)
    time.sleep(5)  # the promise
    publish(mosquitto.port, ("status/em:0", EM_STATUS))

    assert rows_become(1)
    assert UnknownDevice.objects.get().prefix == PREFIX


def test_retained_messages_make_no_row_at_any_restart(device, start_ingest, mosquitto):
    publish(mosquitto.port, ("status/em:0", EM_STATUS), ("status/emdata:0", EMDATA_STATUS), retain=True)

    for _ in range(3):
        child = start_ingest()
        assert wait_until(lambda: DeviceState.objects.filter(device=device).exists(), within=10)
        child.terminate()

    assert DeviceMeasurement.objects.count() == EnergyMeasurement.objects.count() == 0
    assert DeviceState.objects.get(device=device).last_seen is None


def test_what_waited_in_the_broker_has_an_unknown_time_and_what_follows_does_not(device, start_ingest, mosquitto):
    start_ingest().terminate()
    publish(mosquitto.port, ("status/em:0", EM_STATUS), ("events/rpc", notify(1767225600.5, 5.0)))

    start_ingest()
    assert rows_become(2)
    publish(mosquitto.port, ("status/em:0", EM_STATUS.replace(b"951.2", b"952.2")))
    assert rows_become(3)

    sources = DeviceMeasurement.objects.order_by("timestamp").values_list("time_source", flat=True)
    assert list(sources) == [TimeSource.DEVICE, TimeSource.UNKNOWN, TimeSource.RECEIVED]
    assert DeviceMeasurement.objects.earliest("timestamp").timestamp == datetime(2026, 1, 1, 0, 0, 0, 500_000, UTC)


def test_it_waits_for_a_broker_that_is_not_there_yet(device, start_manage, mosquitto):
    mosquitto.terminate()
    child = start_manage("ingest", env={"MQTT_URL": mosquitto.url})
    assert wait_until(lambda: "The broker does not answer" in own_log(child), within=20)

    mosquitto.start()

    assert wait_until(lambda: "Connected to the broker" in own_log(child), within=5)


def test_a_refused_password_is_told_in_the_log(device, start_manage, start_mosquitto):
    broker = start_mosquitto(settings={"allow_anonymous": "false"})

    child = start_manage("ingest", env={"MQTT_URL": f"mqtt://ingest:wrong@127.0.0.1:{broker.port}"})

    assert wait_until(lambda: "The broker refuses us" in own_log(child), within=20), child.log_tail()


def test_two_ingestors_share_the_messages(device, start_ingest, mosquitto):
    first = start_ingest("--client-id", "ingest-1", "--share", "ingest")
    second = start_ingest("--client-id", "ingest-2", "--share", "ingest")

    publish(mosquitto.port, *[("events/rpc", notify(1767225600 + number, 5.0)) for number in range(200)])

    assert rows_become(200)
    for child in (first, second):
        child.terminate()
        stored = int(own_log(child).rpartition(" received, ")[2].partition(" stored")[0])
        assert 50 <= stored <= 150


@pytest.mark.parametrize("url", ["", "localhost", "http://localhost"])
def test_without_a_broker_it_says_what_to_set(settings, url):
    settings.MQTT_URL = url

    with pytest.raises(CommandError, match=r"mqtt://"):
        call_command("ingest")
