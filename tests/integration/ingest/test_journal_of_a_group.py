"""What one ingestor of a group stored, another recognises when it is delivered to it (rule R13)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cercollettiva.energy.models import DeviceConfiguration, DeviceMeasurement
from cercollettiva.energy.store import Batch, save_batch
from cercollettiva.ingest.buffer import Load
from cercollettiva.ingest.writer import Redeliveries
from tests.unit.ingest.meters import EM_STATUS, NAME, NOON, PREFIX, delivery, entry, manager_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

SECOND = timedelta(seconds=1)


@pytest.fixture
def device() -> DeviceConfiguration:
    return DeviceConfiguration.objects.create(device_id=NAME, device_type_id="SHELLY_PRO_3EM", topic_prefix=PREFIX)


def load_of(device: DeviceConfiguration, payload: bytes, *, second: int, **marks: bool) -> Load:
    manager, batch = manager_of(entry(key=device.pk)), Batch()
    manager.read(delivery("status/em:0", payload, at=NOON + second * SECOND, **marks), batch)
    return Load(connection=1, batch=batch)


def store(load: Load, redeliveries: Redeliveries, *, ingestor: str) -> int:
    """How many rows were known already."""
    known = redeliveries.remove_from(load)
    save_batch(load.batch, ingestor=ingestor, now=NOON)
    return known


def test_it_is_recognised_though_the_journal_was_read_a_moment_before(device, monkeypatch):
    monkeypatch.setattr("cercollettiva.energy.store.journal.CLOCKS_DIFFER_BY", timedelta(days=36500))  # NOON is a date
    one, two = Redeliveries(ingestor="one"), Redeliveries(ingestor="two")
    store(load_of(device, EM_STATUS + b" ", second=0, backlog=True), two, ingestor="two")  # reads the journal

    store(load_of(device, EM_STATUS, second=1), one, ingestor="one")
    known = store(load_of(device, EM_STATUS, second=2, dup=True), two, ingestor="two")

    assert known == 1
    assert DeviceMeasurement.objects.count() == 2


def test_what_nobody_stored_is_stored(device):
    known = store(load_of(device, EM_STATUS, second=0, dup=True), Redeliveries(ingestor="two"), ingestor="two")

    assert (known, DeviceMeasurement.objects.count()) == (0, 1)
