"""The broker stops, dies and forgets: with our settings, what it has acknowledged becomes one row all the same.

Each of those settings has its control arm: a broker without it must lose, or the tests above it prove nothing.
"""

from __future__ import annotations

import json
import sys
import time

import pytest

from bench.publisher import STATUS
from cercollettiva.ingest.mqtt import BrokerAddress, MQTTConnection
from tests.faults.load import (
    NOTHING_LOST,
    SECONDS,
    Load,
    PatientSender,
    Tally,
    ask,
    publish_statuses,
    rows,
    rows_once_quiet,
    settled,
)
from tests.support import platform
from tests.support.processes import Child, wait_until

pytestmark = pytest.mark.faults

RATE = 1000
AUTOSAVE_CHANGES = 100  # what a kill of the broker may take along
STORM_PROCESSES = 4
STORM_CLIENTS = 250  # in each


def under_load(postgres, mosquitto, *, stops: int, stop) -> Tally:
    """Stop and start the broker that often; each time the ingestor is back within five seconds."""
    with platform.ingestor(postgres, mosquitto) as child:
        seconds = max(SECONDS * 25 / 60, 3 * stops)
        load = Load(mosquitto.port, rate=RATE, seconds=seconds, sender=PatientSender(mosquitto.port))
        load.start()
        for _ in range(stops):
            time.sleep(seconds / (stops + 1))
            connected = platform.connections(child)
            # What a broker that is killed has acknowledged and not yet sent on is lost with it, up to its autosave: on
            # a machine that does much else, we wait until the ingestor keeps pace, and stop it at that very moment.
            assert wait_until(lambda: rows(postgres) > load.sent - RATE * 0.3, within=15)
            stop()
            mosquitto.start()
            assert wait_until(lambda before=connected: platform.connections(child) > before, within=5)
        found = settled(postgres, load)
        assert child.running
        assert load.acknowledged == load.messages
        return found


def test_a_broker_terminated_three_times_loses_and_doubles_nothing(postgres, mosquitto):
    assert under_load(postgres, mosquitto, stops=3, stop=mosquitto.terminate) == NOTHING_LOST


def test_a_broker_killed_four_times_loses_and_doubles_nothing(postgres, mosquitto):
    assert under_load(postgres, mosquitto, stops=4, stop=mosquitto.kill) == NOTHING_LOST


def lost_while_away(postgres, broker, *, messages: int, kill: bool = False) -> int:
    """How many of the messages acknowledged while the ingestor was away never became a row."""
    with platform.ingestor(postgres, broker) as child:
        child.terminate()
        publish_statuses(broker.port, range(messages))
        if kill:
            broker.kill()
            broker.start()
        child.start()
        return messages - rows_once_quiet(postgres, within=10)


def test_a_queue_without_a_limit_keeps_what_was_acknowledged(postgres, mosquitto):
    assert lost_while_away(postgres, mosquitto, messages=5000) == 0


def test_a_queue_of_the_usual_length_loses(postgres, start_mosquitto):
    """The control arm: Mosquitto's default of 1,000 drops what it has acknowledged."""
    broker = start_mosquitto(settings={"max_queued_messages": None, "max_inflight_messages": None})

    assert lost_while_away(postgres, broker, messages=5000) > 3000


def test_a_kill_of_the_broker_loses_no_more_than_its_autosave_lets_it(postgres, mosquitto):
    assert lost_while_away(postgres, mosquitto, messages=5000, kill=True) <= AUTOSAVE_CHANGES


def test_database_and_broker_dead_together_lose_no_more_than_the_autosave_lets_them(postgres, mosquitto):
    """The one hole there is; the records that meters keep close it for energy."""
    with platform.ingestor(postgres, mosquitto) as child:
        postgres.stop(immediate=True)
        publish_statuses(mosquitto.port, range(5000))
        mosquitto.kill()
        connected = platform.connections(child)
        mosquitto.start()
        postgres.start()

        assert wait_until(lambda: platform.connections(child) > connected, within=10)
        stored = rows_once_quiet(postgres, within=15)

    assert 5000 - AUTOSAVE_CHANGES <= stored <= 5000


def test_a_kill_of_a_broker_that_saves_as_usual_loses(postgres, start_mosquitto):
    """The control arm: Mosquitto's default saves every half hour."""
    broker = start_mosquitto(settings={"autosave_on_changes": None, "autosave_interval": None})

    assert lost_while_away(postgres, broker, messages=5000, kill=True) > 4000


def retain(port: int, *messages: tuple[str, bytes]) -> None:
    connection = MQTTConnection(
        BrokerAddress("127.0.0.1", port),
        client_id="retainer",
        clean_session=True,
        on_arrival=lambda arrival: None,
        on_session=lambda had_session: None,
    )
    connection.connect()
    wait_until(lambda: connection.poll(0.05) or connection.is_connected, within=5)
    for topic, payload in messages:
        connection.publish(topic, payload, retain=True)
    for _ in range(5):
        connection.poll(0.05)
    connection.disconnect()


def test_ten_restarts_make_no_row_of_what_the_broker_retains(postgres, mosquitto):
    prefix = platform.PREFIX.format(7)
    emdata = {"id": 0, "total_act": 215966.76, "total_act_ret": 7.5}
    frame = {"src": prefix.rpartition("/")[2], "method": "NotifyStatus", "params": {"ts": time.time(), "em:0": STATUS}}
    retained = {"status/em:0": STATUS, "status/emdata:0": emdata, "events/rpc": frame, "online": True}
    retain(mosquitto.port, *((f"{prefix}/{rest}", json.dumps(said).encode()) for rest, said in retained.items()))

    with platform.ingestor(postgres, mosquitto) as child:
        for _ in range(10):
            child.terminate()
            child.start()
        state = "SELECT count(*) FROM energy_devicestate WHERE values ? 'em:0' AND last_seen IS NULL"
        assert wait_until(lambda: ask(postgres, state) == 1, within=10)
        assert platform.connections(child) == 1  # of this last process

    assert rows(postgres) == ask(postgres, "SELECT count(*) FROM energy_energymeasurement") == 0
    assert ask(postgres, "SELECT count(*) FROM energy_rejectedmessage") == 0


def start_storm(port: int, first: int, seconds: float) -> Child:
    command = [sys.executable, "-m", "tests.faults.storm", str(port), str(first), str(STORM_CLIENTS), str(seconds)]
    return Child(command, name="storm", env={"PYTHONPATH": str(platform.ROOT)}).start()


def test_a_thousand_devices_come_back_after_a_restart_and_nothing_is_lost(postgres, mosquitto):
    seconds = max(SECONDS / 2, 12)
    with platform.ingestor(postgres, mosquitto):
        storm = [
            Child(
                [
                    sys.executable,
                    "-m",
                    "tests.faults.storm",
                    *map(str, (mosquitto.port, first, STORM_CLIENTS, seconds)),
                ],
                name="storm",
                env={"PYTHONPATH": str(platform.ROOT)},
            )
            for first in range(0, STORM_PROCESSES * STORM_CLIENTS, STORM_CLIENTS)
        ]
        for child in storm:
            child.start()
        assert wait_until(lambda: all("connected" in child.log.read_text() for child in storm), within=20)
        time.sleep(4)

        mosquitto.terminate()
        mosquitto.start()

        assert [child.wait(within=seconds + 60) for child in storm] == [0] * STORM_PROCESSES
        told = [json.loads(child.log.read_text().splitlines()[-1]) for child in storm]
        published = sum(one["published"] for one in told)
        assert wait_until(lambda: rows(postgres) == published, within=30, every=0.5)
    print(told)
    assert sum(one["came_back"] for one in told) == STORM_PROCESSES * STORM_CLIENTS
    assert max(one["longest_away"] for one in told) <= 60
