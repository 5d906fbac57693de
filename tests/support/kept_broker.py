"""A Mosquitto that the platform keeps: with the files that `broker_config` writes, started as an installation does."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterable
from pathlib import Path

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from bench.publisher import packet
from cercollettiva.energy.broker.verifiers import ITERATIONS, new_secret, service_secret, verifier_of
from cercollettiva.energy.models import DeviceConfiguration, MQTTConfiguration
from cercollettiva.settings.env import endpoint
from tests.support.processes import LOOPBACK, Child, accepts_connections, free_port, make_folder

ROOT = Path(__file__).resolve().parents[2]
START = ROOT / "tools" / "broker-start"
assert ITERATIONS >= 1000  # what the figures here were measured with


class KeptBroker(Child):
    """The folder and the process; `settings` of the test name its folder and its port."""

    def __init__(self, settings, *options: str) -> None:
        self.port = free_port()
        folder = make_folder("broker")
        settings.BROKER_FOLDER = folder
        settings.BROKER_LISTENER = endpoint("-", f"{LOOPBACK}:{self.port}")
        super().__init__(
            [START, folder, *options], name="broker", folder=folder, answers=lambda: accepts_connections(self.port)
        )

    def client(self, username: str, secret: str = "", *, client_id: str = "", clean: bool = True) -> Client:
        return Client(self.port, username, secret or service_secret(username), client_id or username, clean=clean)


class Client:
    """Somebody at the broker: what came, and how often the broker let go of it."""

    def __init__(self, port: int, username: str, secret: str, client_id: str, *, clean: bool) -> None:
        self.came: list[tuple[str, bytes]] = []
        self.cuts = 0
        self.answer = ""
        self.mqtt = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean)
        self.mqtt.username_pw_set(username, secret)
        self.mqtt.on_message = lambda client, data, message: self.came.append((message.topic, message.payload))
        self.mqtt.on_connect = lambda client, data, flags, reason, properties: setattr(self, "answer", str(reason))
        self.mqtt.on_disconnect = self._cut
        self.mqtt.connect(LOOPBACK, port)
        self.serve_until(lambda: self.answer)

    @property
    def is_in(self) -> bool:
        return self.answer == "Success" and not self.cuts

    def _cut(self, *_: object) -> None:
        self.cuts += 1

    def serve_until(self, holds, *, within: float = 10) -> bool:
        deadline = time.monotonic() + within
        while not holds():
            if time.monotonic() > deadline:
                return False
            self.mqtt.loop(0.02)
        return True

    def subscribe(self, *topics: str) -> Client:
        answered: list[object] = []
        self.mqtt.on_subscribe = lambda *given: answered.append(given)
        for topic in topics:
            self.mqtt.subscribe(topic, 1)
        self.serve_until(lambda: len(answered) == len(topics) or self.cuts)
        return self

    def publish(self, topics: Iterable[str], payload: bytes) -> None:
        """At QoS 1, until all of it is acknowledged, which says nothing about whether anybody gets it."""
        sent = [self.mqtt.publish(topic, payload, qos=1) for topic in topics]
        assert self.serve_until(lambda: all(one.is_published() for one in sent), within=20)

    def leave(self) -> None:
        self.mqtt.disconnect()


def forge(port: int, username: str, secret: str, topic: str) -> None:
    """Connect and publish one message, in one breath.

    This broker acknowledges what is denied, then ends the connection: each forgery is a connection of its own.
    """
    texts = b"".join(struct.pack("!H", len(text)) + text for text in (b"forger", username.encode(), secret.encode()))
    hello = packet(0x10, b"\x00\x04MQTT\x04\xc2\x00\x3c" + texts)
    said = packet(0x32, struct.pack("!H", len(topic.encode())) + topic.encode() + b"\x00\x01" + b"forged")
    answer = b""
    with socket.create_connection((LOOPBACK, port), timeout=10) as line, contextlib.suppress(ConnectionError):
        line.sendall(hello + said)
        while len(answer) < 8 and (more := line.recv(64)):
            answer += more
    assert answer[:4] == b"\x20\x02\x00\x00", "the forger did not even come in"


def make_devices(count: int) -> dict[str, str]:
    """So many devices with credentials; the secret of each."""
    names = [f"shellypro3em-{number:06x}" for number in range(count)]
    DeviceConfiguration.objects.bulk_create(
        DeviceConfiguration(device_id=name, device_type_id="SHELLY_PRO_3EM", topic_prefix=prefix_of(name))
        for name in names
    )
    secrets = {name: new_secret() for name in names}
    MQTTConfiguration.objects.bulk_create(
        MQTTConfiguration(device=device, username=device.device_id, verifier=verifier_of(secrets[device.device_id]))
        for device in DeviceConfiguration.objects.filter(device_id__in=names)
    )
    return secrets


def prefix_of(name: str) -> str:
    return f"cercollettiva/IT001E{int(name[-6:], 16):08}/{name}"
