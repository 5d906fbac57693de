"""The ingestor under load while its parts are killed: every message becomes exactly one row (rules R1, R4, R13).

`CER_FAULT_SECONDS` sets how long each lasts; the figures of reliability are for 60.
"""

from __future__ import annotations

import os
import time

import pytest

from tests.faults.load import Load, Tally, tally
from tests.support import platform
from tests.support.processes import wait_until

pytestmark = pytest.mark.faults

SECONDS = float(os.environ.get("CER_FAULT_SECONDS", "60"))
RATE = 1000
DEVICES = 50
DRAIN_SECONDS = 30


@pytest.fixture
def postgres():
    with platform.provisioned_postgres(DEVICES) as server:
        yield server


def settled(postgres, load: Load) -> Tally:
    """The tally once the load is through and all rows are there, or nothing more comes."""
    load.join()
    with platform.connect(postgres) as connection:
        wait_until(lambda: tally(connection, load.messages) == Tally(0, 0), within=DRAIN_SECONDS, every=1)
        return tally(connection, load.messages)


def kill_every(seconds: float, child, load: Load) -> int:
    kills = 0
    while load.is_alive():
        time.sleep(seconds)
        child.kill()
        child.start()
        kills += 1
    return kills


def test_kill_9_every_5_seconds_loses_and_doubles_nothing(postgres, mosquitto):
    with platform.ingestor(postgres, mosquitto) as child:
        load = Load(mosquitto.port, rate=RATE, seconds=SECONDS, devices=DEVICES)
        load.start()

        kills = kill_every(5, child, load)

        assert settled(postgres, load) == Tally(lost=0, doubled=0)
        assert load.acknowledged == load.messages
        assert kills >= SECONDS / 10


def test_a_database_stopped_for_half_the_time_loses_and_doubles_nothing(postgres, mosquitto):
    with platform.ingestor(postgres, mosquitto) as child:
        load = Load(mosquitto.port, rate=RATE, seconds=SECONDS, devices=DEVICES)
        load.start()
        time.sleep(SECONDS / 4)

        postgres.stop(immediate=True)
        time.sleep(SECONDS / 2)
        assert child.running
        postgres.start()

        assert settled(postgres, load) == Tally(lost=0, doubled=0)
        assert child.running


def test_a_broker_restarted_under_load_loses_and_doubles_nothing(postgres, mosquitto):
    with platform.ingestor(postgres, mosquitto) as child:
        first = Load(mosquitto.port, rate=RATE, seconds=SECONDS / 12, devices=DEVICES)
        first.start()
        first.join()

        mosquitto.terminate()
        mosquitto.start()

        assert wait_until(lambda: platform.connections(child) == 2, within=10)
        assert settled(postgres, first) == Tally(lost=0, doubled=0)


def test_a_stop_drains_what_has_arrived(postgres, mosquitto):
    with platform.ingestor(postgres, mosquitto) as child:
        load = Load(mosquitto.port, rate=RATE, seconds=3, devices=DEVICES)
        load.start()
        load.join()

        code = child.terminate()

        assert code == 0
        with platform.connect(postgres) as connection:
            stored = load.messages - tally(connection, load.messages).lost
        assert f"{stored} stored" in child.log_tail()


def test_without_waiting_for_the_commit_messages_are_lost(postgres, mosquitto):
    """The control arm: were it not to lose, the tests above would prove nothing."""
    script = str(platform.ROOT / "tests" / "faults" / "automatic_ack.py")
    with platform.ingestor(postgres, mosquitto, script) as child:
        load = Load(mosquitto.port, rate=RATE, seconds=max(SECONDS / 3, 12), devices=DEVICES)
        load.start()

        kill_every(3, child, load)
        load.join()
        time.sleep(5)

        with platform.connect(postgres) as connection:
            assert tally(connection, load.messages).lost > 0


def test_kills_between_commit_and_acknowledgement_double_nothing(postgres, mosquitto):
    assert killed_while_dawdling(postgres, mosquitto) == Tally(lost=0, doubled=0)


def test_without_the_journal_such_kills_double(postgres, mosquitto):
    """The control arm of the test above."""
    assert killed_while_dawdling(postgres, mosquitto, "--no-journal").doubled > 0


def killed_while_dawdling(postgres, mosquitto, *options: str) -> Tally:
    script = str(platform.ROOT / "tests" / "faults" / "dawdling.py")
    with platform.ingestor(postgres, mosquitto, script, *options) as child:
        load = Load(mosquitto.port, rate=RATE, seconds=max(SECONDS / 4, 12), devices=DEVICES)
        load.start()
        kill_every(3, child, load)
        return settled(postgres, load)
