"""What operators do and what disks do, while meters go on speaking."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cercollettiva.monitoring import health
from cercollettiva.monitoring.probes import Health
from tests.faults.load import NOTHING_LOST, Load, settled
from tests.support import platform
from tests.support.processes import make_folder

pytestmark = pytest.mark.faults

LOCKED = "LOCK TABLE energy_devicemeasurement, energy_devicestate, energy_ingestbatch IN ACCESS EXCLUSIVE MODE"


def test_a_migration_under_load_holds_the_messages_and_loses_none(postgres, mosquitto):
    """Its exclusive locks, as long as it may keep others waiting for one, and the command itself back and forth."""
    with platform.ingestor(postgres, mosquitto) as child:
        load = Load(mosquitto.port, rate=300, seconds=10)
        load.start()
        time.sleep(1)
        for _ in range(2):
            with psycopg.connect(postgres.url()) as migrating:
                migrating.execute(LOCKED)
                time.sleep(1.9)
        for name in ("0006", "0007"):
            platform.manage("migrate", "monitoring", name, "--verbosity=0", database_url=postgres.url())

        assert settled(postgres, load) == NOTHING_LOST
        assert child.running


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 2 MB."""
    folder = make_folder("disk")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0777", "tmpfs", folder], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("only who may mount a disk can fill one")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_of_the_broker_is_seen_though_it_goes_on_acknowledging(
    small_disk, start_mosquitto, settings, monkeypatch
):
    broker = start_mosquitto(folder=small_disk, settings={"autosave_interval": "1"})
    settings.BROKER_FOLDER = small_disk
    monkeypatch.setattr(health, "MEMORY_LOW", 0.0)
    monkeypatch.setattr(health, "MEMORY_OUT", 0.0)
    assert health.growing_folders()["broker"] == small_disk
    assert health.shutil.disk_usage(small_disk).free > 0

    (small_disk / "filler").write_bytes(os.urandom(health.shutil.disk_usage(small_disk).free))
    load = Load(broker.port, rate=200, seconds=1)
    load.start()
    load.join()

    assert load.acknowledged == load.messages  # a PUBACK says nothing about the disk
    began = time.monotonic()
    assert health.system().status is Health.UNHEALTHY
    assert time.monotonic() - began < 60

    (small_disk / "filler").unlink()

    assert health.shutil.disk_usage(small_disk).free > 0
