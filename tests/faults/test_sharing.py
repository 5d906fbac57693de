"""Several ingestors on one shared subscription, added and killed under load."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack

import pytest

from bench.publisher import STATUS, Publisher
from tests.faults.load import NOTHING_LOST, SECONDS, Load, ask, publish_statuses, rows, settled
from tests.support import platform
from tests.support.processes import Child, wait_until

pytestmark = pytest.mark.faults

RATE = 1000
MANAGE = str(platform.ROOT / "manage.py")


def member(postgres, mosquitto, number: int) -> Child:
    """An ingestor of the group, not started yet."""
    command = (MANAGE, "ingest", "--share", "group", "--client-id", f"ingest-{number}")
    child = platform.ingestor_process(postgres, mosquitto, *command)
    child.answers = lambda: platform.has_subscribed(child)
    return child


def test_ingestors_added_and_killed_under_load_lose_and_double_nothing(postgres, mosquitto):
    with ExitStack() as stack:
        group = [stack.enter_context(member(postgres, mosquitto, 1))]
        load = Load(mosquitto.port, rate=RATE, seconds=300)
        load.start()
        group += [stack.enter_context(member(postgres, mosquitto, number)) for number in (2, 3)]
        for child in group:
            time.sleep(SECONDS / 6)
            child.kill()
            child.start()
        time.sleep(2)
        load.finish()

        assert settled(postgres, load) == NOTHING_LOST
        assert all(child.running for child in group)
    assert ask(postgres, "SELECT count(DISTINCT ingestor) FROM energy_ingestbatch") == 3


def test_a_group_keeps_what_a_restarted_broker_had_acknowledged(postgres, mosquitto):
    """Mosquitto 2.0.11 forgets a *shared* subscription when it stops: what comes until the group is back goes nowhere.

    What it had taken before, and what comes after, is stored. `docs/architecture.md` says what follows from it.
    """
    with member(postgres, mosquitto, 1) as one, member(postgres, mosquitto, 2) as two:
        before = Load(mosquitto.port, rate=RATE, seconds=4)
        before.start()
        before.join()
        mosquitto.terminate()
        mosquitto.start()
        assert wait_until(lambda: platform.connections(one) == platform.connections(two) == 2, within=5)
        time.sleep(0.5)
        assert settled(postgres, before) == NOTHING_LOST

        publish_statuses(mosquitto.port, range(before.messages, before.messages + 1000))

        assert wait_until(lambda: rows(postgres) == before.messages + 1000, within=10)


def test_the_state_of_a_device_has_the_newest_word_of_both(postgres, mosquitto):
    """Three components speak in turn, so that each of two ingestors hears only some of what each said."""
    prefix = platform.PREFIX.format(5)
    with member(postgres, mosquitto, 1), member(postgres, mosquitto, 2):
        publisher = Publisher(mosquitto.port)
        for number in range(30):
            for component in range(3):
                status = {**STATUS, "id": component, "total_act_power": 100.0 * number + component}
                publisher.publish(f"{prefix}/status/em:{component}", json.dumps(status).encode())
                publisher.flush()
                time.sleep(0.02)
        publisher.wait(within=10)
        assert wait_until(lambda: rows(postgres) == 90, within=10)

        def state() -> dict[str, float]:
            with platform.connect(postgres) as connection:
                (values,) = connection.execute("SELECT values FROM energy_devicestate").fetchone()
            return {component: said["power"] for component, said in sorted(values.items())}

        wait_until(lambda: state() == {f"em:{n}": 2900.0 + n for n in range(3)}, within=5)
        assert state() == {f"em:{n}": 2900.0 + n for n in range(3)}
