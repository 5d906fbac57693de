"""What operators do and what disks do, while meters go on speaking."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from cercollettiva.monitoring import health
from cercollettiva.monitoring.probes import Health
from tests.faults.load import NOTHING_LOST, Load, rows, settled
from tests.support import platform
from tests.support.postgres import PostgresServer, binary
from tests.support.processes import make_folder, wait_until

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


@contextmanager
def disk_of(size: str) -> Iterator[Path]:
    folder = make_folder("disk")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", folder], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("only who may mount a disk can fill one")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 2 MB."""
    with disk_of("2m") as folder:
        yield folder


@pytest.fixture
def cluster_on_its_own_disk(postgres: PostgresServer, own_parts: ExitStack) -> PostgresServer:
    """The session's cluster again, emptied, on a disk of 160 MB; the session's own is stopped."""
    postgres.stop()
    # Only what is in the tables goes along: the journal of long tests before this one would fill the disk by itself.
    subprocess.run([binary("pg_resetwal"), postgres.data], user=postgres.user, check=True, capture_output=True)
    folder = own_parts.enter_context(disk_of("160m"))
    subprocess.run(["cp", "--archive", postgres.data, folder], check=True)
    copy = PostgresServer(folder=folder, port=postgres.port)
    copy.passwords = postgres.passwords
    with (copy.data / "postgresql.conf").open("a") as conf:
        conf.write("max_wal_size = '48MB'\nmin_wal_size = '32MB'\n")
    own_parts.callback(copy.stop, immediate=True)
    return copy.start()


def test_a_full_disk_of_the_database_holds_the_messages_and_loses_none(cluster_on_its_own_disk, mosquitto):
    """Fault 12, a kill of the ingestor in the middle: what it had acknowledged without a row would be gone for good."""
    postgres = cluster_on_its_own_disk
    filler = postgres.folder / "filler"
    with platform.ingestor(postgres, mosquitto) as child:
        load = Load(mosquitto.port, rate=500, seconds=12)
        load.start()
        assert wait_until(lambda: rows(postgres) > 500, within=10)

        fill(filler)
        assert wait_until(lambda: "No space left on device" in postgres.log_tail(200), within=15), postgres.log_tail()
        time.sleep(2)
        assert child.running
        child.kill()
        child.start(within=90)
        time.sleep(1)

        filler.unlink()
        if not postgres.running:  # it gives itself up when its journal finds no room; its service starts it again
            postgres.start()
        assert settled(postgres, load) == NOTHING_LOST
        assert child.running
        assert load.acknowledged == load.messages  # by the broker, which has kept them


def fill(path: Path) -> None:
    """To the last byte."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 65536)
    with path.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x")


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
