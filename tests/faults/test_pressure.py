"""More than the ingestor can take, and one device that takes more than its part."""

from __future__ import annotations

import json
import threading
import time

import pytest

from bench import parts
from bench.publisher import STATUS, Publisher
from tests.faults.load import DRAIN_SECONDS, IS_LONG, NOTHING_LOST, SECONDS, Load, ask, rows, settled
from tests.support import platform
from tests.support.processes import wait_until

pytestmark = pytest.mark.faults

OVERLOAD = 3000
MOST_MEMORY_MB = 300
NORMAL = 100  # devices that speak once a second
NOISY = 999  # the one that speaks fifty times


def test_three_times_the_load_loses_nothing_stays_small_and_drains(postgres, mosquitto):
    seconds = 60 if IS_LONG else SECONDS
    with platform.ingestor(postgres, mosquitto) as child:
        load = Load(mosquitto.port, rate=OVERLOAD, seconds=seconds, devices=1000)
        load.start()
        load.join()
        ended = time.monotonic()

        assert settled(postgres, load, within=2 * DRAIN_SECONDS) == NOTHING_LOST
        drained_after = time.monotonic() - ended
        memory = parts.peak_memory_mb(child.pid)
    print({"messages": load.messages, "drained_after_s": round(drained_after, 1), "memory_mb": round(memory)})
    assert memory <= MOST_MEMORY_MB


def speak(port: int, device: int, *, every: float, seconds: float) -> None:
    """One device: a notification with its own time each time, and its registers once a second."""
    prefix = platform.PREFIX.format(device)
    publisher = Publisher(port)
    began = time.time()
    for number in range(int(seconds / every)):
        time.sleep(max(0.0, began + number * every - time.time()))
        params = {"ts": time.time(), "em:0": {**STATUS, "n_current": number}}
        frame = {"src": prefix.rpartition("/")[2], "method": "NotifyStatus", "params": params}
        publisher.publish(f"{prefix}/events/rpc", json.dumps(frame).encode())
        if number % int(1 / every) == 0:
            registers = {"id": 0, "total_act": 1000.0 + number, "total_act_ret": 0.0}
            publisher.publish(f"{prefix}/status/emdata:0", json.dumps(registers).encode())
        publisher.flush()
    publisher.wait(within=10)


def test_a_device_that_speaks_fifty_times_a_second_does_not_delay_a_hundred_others(postgres, mosquitto):
    """Every one of its messages is accounted for: a row, or one of those that the quarantine counts."""
    seconds = int(SECONDS)
    of_noisy = "SELECT count(*) FROM {} row JOIN energy_deviceconfiguration device ON device.id = row.device_id"
    of_noisy += f" WHERE device.topic_prefix = '{platform.PREFIX.format(NOISY)}'"
    left_out = "SELECT coalesce(sum(count), 0) FROM energy_rejectedmessage WHERE strpos(reason, 'too often') > 0"
    with platform.ingestor(postgres, mosquitto):
        devices = [(device, 1.0) for device in range(NORMAL)] + [(NOISY, 0.02)]
        speakers = [
            threading.Thread(target=speak, args=[mosquitto.port, device], kwargs={"every": every, "seconds": seconds})
            for device, every in devices
        ]
        for speaker in speakers:
            speaker.start()
        for speaker in speakers:
            speaker.join()
        all_rows = NORMAL * seconds + 50 * seconds

        assert wait_until(lambda: rows(postgres) + ask(postgres, left_out) == all_rows, within=10)

    noisy_rows = ask(postgres, of_noisy.format("energy_devicemeasurement"))
    assert rows(postgres) - noisy_rows == NORMAL * seconds
    assert ask(postgres, left_out) == 50 * seconds - noisy_rows > 50 * (seconds - 8) / 2
    assert ask(postgres, of_noisy.format("energy_energymeasurement")) == seconds
    assert ask(postgres, "SELECT count(*) FROM monitoring_alert WHERE kind = 'too-often'") == 1
    with platform.connect(postgres) as connection:
        delay = "extract(epoch FROM pg_xact_commit_timestamp(row.xmin) - row.timestamp)::float8"
        statement = (
            f"SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY {delay}) FROM energy_devicemeasurement row"
            " JOIN energy_deviceconfiguration device ON device.id = row.device_id WHERE device.topic_prefix <> %s"
        )
        (p99,) = connection.execute(statement, [platform.PREFIX.format(NOISY)]).fetchone()
    print({"noisy_rows": noisy_rows, "p99_of_the_others_s": round(p99, 3)})
    assert p99 <= 2
