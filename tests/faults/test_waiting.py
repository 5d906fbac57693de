"""What waited in the broker is not taken for new, whatever made it wait; and one ingestor of a name is enough."""

from __future__ import annotations

import os
import re
import signal
import threading
import time

import pytest

from cercollettiva.devices.samples import TimeSource
from cercollettiva.ingest.mqtt import READS_PER_TURN
from cercollettiva.ingest.service import MOST_IN_HAND
from tests.faults.load import NOTHING_LOST, Load, ask, publish_statuses, rows, tally
from tests.support import platform
from tests.support.processes import wait_until

pytestmark = pytest.mark.faults

MANAGE = str(platform.ROOT / "manage.py")


def test_what_waited_while_the_database_was_away_is_not_dated_on_its_return(postgres, mosquitto):
    with platform.ingestor(postgres, mosquitto):
        publish_statuses(mosquitto.port, range(10))
        assert wait_until(lambda: rows(postgres) == 10, within=10)
        postgres.stop(immediate=True)
        publish_statuses(mosquitto.port, range(10, 3010))
        published = time.time()
        time.sleep(8)

        postgres.start()

        assert wait_until(lambda: rows(postgres) == 3010, within=30)
    late = "SELECT count(*) FROM energy_devicemeasurement WHERE time_source = %s AND timestamp > to_timestamp(%s)"
    assert ask(postgres, late, TimeSource.RECEIVED.value, published + 1) == 0


def test_a_broker_that_pauses_in_a_backlog_does_not_end_it(postgres, mosquitto):
    with platform.ingestor(postgres, mosquitto) as child:
        child.terminate()
    publish_statuses(mosquitto.port, range(20_000))

    with platform.ingestor(postgres, mosquitto):
        wait_until(lambda: rows(postgres) >= 2000, within=10, every=0.01)
        os.kill(mosquitto.pid, signal.SIGSTOP)
        time.sleep(3.5)
        os.kill(mosquitto.pid, signal.SIGCONT)
        assert wait_until(lambda: rows(postgres) == 20_000, within=30)

    known = "SELECT count(*) FROM energy_devicemeasurement WHERE time_source <> %s"
    assert ask(postgres, known, TimeSource.UNKNOWN.value) == 0


def test_a_slow_database_does_not_fill_the_memory_with_what_waited(postgres, mosquitto):
    """Mosquitto 2.0.11 sends all that waits as soon as one of its window is acknowledged."""
    waiting = 15_000
    with platform.ingestor(postgres, mosquitto) as child:
        child.terminate()
    publish_statuses(mosquitto.port, range(waiting))

    with platform.ingestor(postgres, mosquitto, str(platform.ROOT / "tests" / "faults" / "dawdling.py"), "--slow"):
        assert wait_until(lambda: rows(postgres) == waiting, within=60)

    largest = "SELECT max(length(fingerprints)) / 8 FROM energy_ingestbatch"
    assert ask(postgres, largest) < MOST_IN_HAND + READS_PER_TURN


def test_a_second_ingestor_stands_by_and_takes_over_when_the_first_dies(postgres, mosquitto):
    with platform.ingestor(postgres, mosquitto) as first:
        second = platform.ingestor_process(postgres, mosquitto)
        second.answers = lambda: second.has_written("standing by")
        with second:
            load = Load(mosquitto.port, rate=300, seconds=12)
            load.start()
            time.sleep(3)
            assert platform.connections(second) == 0

            first.kill()

            assert wait_until(lambda: platform.connections(second) == 1, within=10)
            load.join()
            wait_until(lambda: rows(postgres) >= load.messages, within=15)
            with platform.connect(postgres) as connection:
                assert tally(connection, load.messages) == NOTHING_LOST


def test_a_broker_that_refuses_the_marker_does_not_stop_the_messages(postgres, start_mosquitto, tmp_path):
    broker = start_mosquitto()
    acl = broker.folder / "acl"
    acl.write_text("topic read #\ntopic write cercollettiva/+/+/#\ntopic deny cercollettiva/ingest/#\n")
    broker.settings["acl_file"] = str(acl)
    broker.terminate()
    broker.start()
    with platform.ingestor(postgres, broker) as child:
        child.terminate()

    with platform.ingestor(postgres, broker) as child:
        load = Load(broker.port, rate=20, seconds=8)
        load.start()
        load.join()

        assert wait_until(lambda: rows(postgres) == load.messages, within=20), child.log_tail()
        assert "allow it in its ACL" in child.log.read_text()


def test_one_ingestor_may_begin_to_share_with_another(postgres, mosquitto):
    with platform.ingestor(postgres, mosquitto) as child:
        child.terminate()
    shared = (MANAGE, "ingest", "--share", "ingest")

    with (
        platform.ingestor(postgres, mosquitto, *shared),
        platform.ingestor(postgres, mosquitto, *shared, "--client-id", "ingest-2"),
    ):
        publish_statuses(mosquitto.port, range(100))
        time.sleep(2)

        assert rows(postgres) == 100


def test_a_stop_under_load_leaves_nothing_to_be_sent_again(postgres, mosquitto):
    load = Load(mosquitto.port, rate=1500, seconds=4)
    with platform.ingestor(postgres, mosquitto) as child:
        load.start()
        time.sleep(2)
        child.terminate()
        load.join()

        child.start()
        wait_until(lambda: rows(postgres) >= load.messages, within=15)
        child.terminate()

        told = re.findall(r"Stopped: .* (\d+) repeated", child.log.read_text())
    assert told[-1] == "0"


def test_a_broker_killed_under_load_does_not_take_the_ingestor_along(postgres, mosquitto):
    with platform.ingestor(postgres, mosquitto) as child:
        for _ in range(4):
            flood = threading.Thread(target=publish_while_it_lasts, args=[mosquitto.port], daemon=True)
            flood.start()
            time.sleep(0.5)
            mosquitto.kill()
            flood.join()
            connected = platform.connections(child)

            mosquitto.start()

            assert wait_until(lambda before=connected: platform.connections(child) > before, within=10)
        assert child.running


def publish_while_it_lasts(port: int) -> None:
    try:
        publish_statuses(port, range(20_000))
    except OSError:
        return  # the broker is gone
