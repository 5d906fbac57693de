"""The demo's broker and the virtual meters, as the processes they are."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cercollettiva.ingest.mqtt import Arrival, BrokerAddress, MQTTConnection
from cercollettiva.ops.broker import DemoBroker, demo_broker
from cercollettiva.ops.seeding import seed
from tests.support.processes import Child, accepts_connections, free_port
from tests.unit.house.tree import ROOT

TOPICS = "cercollettiva/#"


class Listener:
    """A connection that keeps what it hears."""

    def __init__(self, url: str, *, client_id: str = "listener", clean: bool = True) -> None:
        self.arrivals: list[Arrival] = []
        self.kept_session: bool | None = None
        self.connection = MQTTConnection(
            BrokerAddress.from_url(url),
            client_id=client_id,
            on_arrival=self._arrived,
            on_session=self._began,
            clean_session=clean,
        )
        self.connection.connect()

    def _arrived(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)
        self.connection.acknowledge([arrival.mid])

    def _began(self, had_session: bool) -> None:
        self.kept_session = had_session
        self.connection.subscribe([TOPICS])

    def poll_until(self, holds: Callable[[], object], *, within: float = 20) -> None:
        deadline = time.monotonic() + within
        while not holds():
            assert time.monotonic() < deadline, [arrival.topic for arrival in self.arrivals]
            self.connection.poll(0.05)

    def endings(self) -> set[str]:
        """What stands behind the device's prefix."""
        return {arrival.topic.split("/", 3)[3] for arrival in self.arrivals}


def start_broker(chosen: DemoBroker) -> Child:
    port = int(chosen.url.rpartition(":")[2])
    return Child(chosen.command, name=chosen.kind, folder=ROOT, answers=lambda: accepts_connections(port))


@pytest.fixture(params=["iotcore", "mosquitto"])
def broker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[DemoBroker]:
    """Each of the brokers that the demo may start."""
    if request.param == "mosquitto":
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    chosen = demo_broker(mqtt_url="", folder=tmp_path)
    assert chosen.kind == request.param
    child = start_broker(chosen).start()
    yield chosen
    child.terminate()


@pytest.fixture
def seeded(transactional_db: None, tmp_path: Path) -> None:
    seed(now=datetime.now(UTC), state=tmp_path, days=0)


def test_the_broker_keeps_the_session_of_who_went_away_and_takes_long_messages(broker):
    listener = Listener(broker.url, client_id="stays", clean=False)
    listener.poll_until(lambda: listener.kept_session is not None)
    for _ in range(5):
        listener.connection.poll(0.05)
    listener.connection.disconnect()
    speaker = Listener(broker.url, client_id="speaker")
    speaker.poll_until(lambda: speaker.kept_session is not None)
    speaker.connection.publish("cercollettiva/pod/device/long", b"x" * 60_000)
    speaker.poll_until(lambda: speaker.arrivals)

    again = Listener(broker.url, client_id="stays", clean=False)

    again.poll_until(lambda: again.arrivals)
    assert again.kept_session
    assert len(again.arrivals[0].payload) == 60_000


def test_the_broker_is_not_on_the_network(broker):
    port = int(broker.url.rpartition(":")[2])
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if line.split()[3] == "0A"]

    assert f"0100007F:{port:04X}" in listening
    assert f"00000000:{port:04X}" not in listening


@pytest.mark.both_databases
@pytest.mark.usefixtures("seeded")
def test_the_virtual_meters_speak_answer_and_say_goodbye(mosquitto, start_manage):
    listener = Listener(mosquitto.url)
    meters = start_manage("simulate_devices", env={"MQTT_URL": mosquitto.url})
    listener.poll_until(lambda: {"online", "status/em:0", "events/rpc"} <= listener.endings())
    device = next(arrival.topic for arrival in listener.arrivals).rpartition("/")[0]

    request = {"id": 1, "src": "cercollettiva/pod/asking", "method": "EM.GetStatus", "params": {"id": 0}}
    listener.connection.publish(f"{device}/rpc", json.dumps(request).encode())

    listener.poll_until(lambda: any(arrival.topic.endswith("asking/rpc") for arrival in listener.arrivals))
    listener.arrivals.clear()
    assert meters.terminate() == 0
    listener.poll_until(lambda: sum(arrival.payload == b"false" for arrival in listener.arrivals) == 16)


@pytest.mark.usefixtures("seeded")
def test_at_another_speed_nothing_is_said_that_carries_a_time(mosquitto, start_manage):
    listener = Listener(mosquitto.url)

    start_manage("simulate_devices", "--speed", "600", env={"MQTT_URL": mosquitto.url})

    listener.poll_until(lambda: sum("/status/" in arrival.topic for arrival in listener.arrivals) > 5)
    assert listener.endings() == {"online", "status/em:0"}


@pytest.mark.usefixtures("seeded")
def test_the_meters_come_back_after_the_broker_did(mosquitto, start_manage):
    meters = start_manage("simulate_devices", env={"MQTT_URL": mosquitto.url})
    listener = Listener(mosquitto.url)
    listener.poll_until(lambda: listener.arrivals)
    mosquitto.kill()
    mosquitto.start()

    again = Listener(mosquitto.url)

    again.poll_until(lambda: "status/em:0" in again.endings())
    assert meters.running


def command_line(*arguments: str, **env: str) -> Child:
    return Child([sys.executable, ROOT / "manage.py", *arguments], name=arguments[0], env=env)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [((), 1, "esegui prima manage.py seed_demo"), (("--speed", "fast"), 2, "la velocità è un numero")],
)
def test_what_is_wrong_is_said_with_its_exit_code(arguments: tuple[str, ...], code: int, words: str, database_url: str):
    child: Any = command_line("simulate_devices", *arguments, DATABASE_URL=database_url)

    child.start()

    assert child.wait() == code
    assert words in child.log_tail()


def test_free_ports_are_free():
    with socket.create_server(("127.0.0.1", free_port())):
        pass
