"""A meter that changed its profile, or was replaced: through the real process to one alert, and no energy."""

from __future__ import annotations

import json
import time

import pytest

from bench.publisher import STATUS, Publisher
from tests.faults.load import ask, rows
from tests.support import platform
from tests.support.processes import wait_until

pytestmark = pytest.mark.faults

CHANGED, REPLACED = (platform.PREFIX.format(number) for number in (3, 4))
ALERTS = "SELECT count(*) FROM monitoring_alert WHERE kind = %s"


def forged(number: int) -> bytes:
    params = {"ts": time.time(), "em:0": {**STATUS, "n_current": number}}
    return json.dumps({"src": "shellypro3em-ffffff", "method": "NotifyStatus", "params": params}).encode()


def test_each_opens_one_alert_though_it_says_so_many_times(postgres, mosquitto):
    with platform.ingestor(postgres, mosquitto) as child:
        publisher = Publisher(mosquitto.port)
        publisher.publish(f"{CHANGED}/status/em:0", json.dumps(STATUS).encode())
        publisher.flush()
        for number in range(30):
            time.sleep(0.4)
            light = {"id": 0, "apower": 12.5 + number, "aenergy": {"total": 687882.498}}
            publisher.publish(f"{CHANGED}/status/light:0", json.dumps(light).encode())
            publisher.publish(f"{REPLACED}/events/rpc", forged(number))
            publisher.flush()

        assert wait_until(lambda: ask(postgres, ALERTS, "profile-changed") == 1, within=10), child.log_tail()
        assert ask(postgres, ALERTS, "replaced") == 1

    assert rows(postgres) == 1  # what came before
    assert ask(postgres, "SELECT count(*) FROM energy_energymeasurement") == 0
    assert (
        ask(postgres, "SELECT count FROM energy_rejectedmessage WHERE strpos(reason, 'shellypro3em-ffffff') > 0") == 30
    )
