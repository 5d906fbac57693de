"""A device that calls itself by the ingestor's name: the broker must not give it the ingestor's session."""

from __future__ import annotations

import pytest

from cercollettiva.ingest.mqtt import BrokerAddress, MQTTConnection
from tests.support import platform
from tests.support.mosquitto import MosquittoServer
from tests.support.processes import wait_until

pytestmark = pytest.mark.faults

NAME = "ingest"


def connections_beside_an_impostor(postgres, broker: MosquittoServer) -> int:
    """How often the ingestor had to connect while a device of another user had its client id."""
    child = platform.ingestor_process(postgres, broker, str(platform.ROOT / "manage.py"), "ingest", "--client-id", NAME)
    child.env["MQTT_URL"] = f"mqtt://{NAME}:secret@{broker.host}:{broker.port}"
    child.answers = lambda: platform.has_subscribed(child)
    with child:
        impostor = MQTTConnection(
            BrokerAddress(broker.host, broker.port, "shellypro3em-000001", "secret"),
            client_id=NAME,
            clean_session=True,
            on_arrival=lambda arrival: None,
            on_session=lambda had_session: None,
        )
        impostor.connect()
        assert wait_until(lambda: impostor.poll(0.05) or impostor.is_connected, within=10)
        wait_until(lambda: impostor.poll(0.05) or platform.connections(child) > 1, within=4)
        impostor.disconnect()
        return platform.connections(child)


def test_a_device_cannot_take_the_session_of_the_ingestor(postgres, start_mosquitto):
    broker = start_mosquitto(settings={"use_username_as_clientid": "true"})

    assert connections_beside_an_impostor(postgres, broker) == 1


def test_where_clients_name_themselves_it_can(postgres, start_mosquitto):
    """The control arm: without `use_username_as_clientid` the ingestor is thrown out and comes back."""
    broker = start_mosquitto()

    assert connections_beside_an_impostor(postgres, broker) > 1
