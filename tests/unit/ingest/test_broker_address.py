"""The broker's address, as it stands in MQTT_URL."""

import pytest

from cercollettiva.ingest.mqtt import BrokerAddress


def test_a_plain_address_has_the_usual_port():
    assert BrokerAddress.from_url("mqtt://broker.example") == BrokerAddress("broker.example", 1883)


def test_tls_has_a_port_of_its_own_and_passwords_may_hold_any_character():
    address = BrokerAddress.from_url("mqtts://ingest-1:p%40ss%2Fword@broker.example")

    assert address == BrokerAddress("broker.example", 8883, "ingest-1", "p@ss/word", tls=True)


@pytest.mark.parametrize("url", ["", "localhost:1883", "http://localhost", "mqtt://", "mqtt://host:no"])
def test_anything_else_is_refused_with_the_form_it_should_have(url):
    with pytest.raises(ValueError, match=r"mqtt://|port|Port"):
        BrokerAddress.from_url(url)
