"""The ingestor under load while its parts are killed: every message becomes exactly one row (rules R1, R4, R13).

`CER_FAULT_SECONDS` sets how long each lasts; the figures of reliability are for 60, by `make faults`.
"""

from __future__ import annotations

import time

import pytest

from tests.faults.load import NOTHING_LOST, SECONDS, Load, Tally, settled, tally
from tests.support import platform

pytestmark = pytest.mark.faults

RATE = 1000


def kill_every(seconds: float, child, load: Load) -> int:
    """Kill it each time so many seconds have passed, however long it then takes to start again."""
    began, kills = time.monotonic(), 0
    while load.is_alive():
        time.sleep(max(0.0, began + (kills + 1) * seconds - time.monotonic()))
        child.kill()
        child.start()
        kills += 1
    return kills


def test_kill_9_every_5_seconds_loses_and_doubles_nothing(postgres, mosquitto):
    with platform.ingestor(postgres, mosquitto) as child:
        load = Load(mosquitto.port, rate=RATE, seconds=SECONDS)
        load.start()

        kills = kill_every(5, child, load)

        assert settled(postgres, load) == NOTHING_LOST
        assert load.acknowledged == load.messages
        assert kills >= SECONDS / 10


def test_a_database_stopped_for_half_the_time_loses_and_doubles_nothing(postgres, mosquitto):
    with platform.ingestor(postgres, mosquitto) as child:
        load = Load(mosquitto.port, rate=RATE, seconds=SECONDS)
        load.start()
        time.sleep(SECONDS / 4)

        postgres.stop(immediate=True)
        time.sleep(SECONDS / 2)
        assert child.running
        postgres.start()

        assert settled(postgres, load) == NOTHING_LOST
        assert child.running


def test_a_stop_drains_what_has_arrived(postgres, mosquitto):
    with platform.ingestor(postgres, mosquitto) as child:
        load = Load(mosquitto.port, rate=RATE, seconds=3)
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
        load = Load(mosquitto.port, rate=RATE, seconds=max(SECONDS / 3, 12))
        load.start()

        kill_every(3, child, load)
        load.join()
        time.sleep(5)

        with platform.connect(postgres) as connection:
            assert tally(connection, load.messages).lost > 0


def test_kills_between_commit_and_acknowledgement_double_nothing(postgres, mosquitto):
    assert killed_while_dawdling(postgres, mosquitto) == NOTHING_LOST


def test_without_the_journal_such_kills_double(postgres, mosquitto):
    """The control arm of the test above."""
    assert killed_while_dawdling(postgres, mosquitto, "--no-journal").doubled > 0


def killed_while_dawdling(postgres, mosquitto, *options: str) -> Tally:
    script = str(platform.ROOT / "tests" / "faults" / "dawdling.py")
    with platform.ingestor(postgres, mosquitto, script, *options) as child:
        load = Load(mosquitto.port, rate=RATE, seconds=max(SECONDS / 4, 12))
        load.start()
        kill_every(3, child, load)
        return settled(postgres, load)
