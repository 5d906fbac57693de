"""Hundreds of thousands of hostile messages through the DeviceManager and the store, and through the real process.

`CER_FUZZ_COUNT` and `CER_FUZZ_SEED` choose how many and which; a seed that ever failed belongs in FAILED_ONCE. It
counts messages and not seconds, so `make test` lets it run beside others.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from secrets import randbits

import pytest
from django.db import connection

from bench.publisher import Publisher
from cercollettiva.energy.models import DeviceConfiguration, DeviceMeasurement, EnergyMeasurement, RejectedMessage
from cercollettiva.energy.store import Batch, save_batch
from cercollettiva.energy.store.rows import ENERGIES, POWERS
from cercollettiva.ingest.directory import directory_at
from cercollettiva.ingest.manager import Delivery, DeviceManager
from tests.support import platform
from tests.support.hostile import CUSTOM_TEMPLATE, METERS, payloads
from tests.support.processes import Child, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.fuzz]

COUNT = int(os.environ.get("CER_FUZZ_COUNT") or 200_000)
SEED = int(os.environ.get("CER_FUZZ_SEED") or randbits(32))
FAILED_ONCE: tuple[int, ...] = ()
PARTS = 2  # each with the next seed, so that two workers share the count
LONGEST = 1.0  # seconds for one message
LONGEST_BATCH = 5.0  # for 500 of them, in the database, on a machine that does much else
MOST_MARKERS = 2  # of our own: one for each time that we were behind, or resumed a session
LONGEST_PAYLOAD = 65_535  # what a broker with our settings lets through
FLOATS = [name for name, kind in POWERS.columns.items() if kind in ("float4", "float8")]


def provision() -> None:
    for meter in METERS:
        device = DeviceConfiguration(device_id=meter.device_id, topic_prefix=meter.prefix)
        device.device_type_id = meter.device_type
        device.save()
    custom = DeviceConfiguration.objects.get(device_type_id="CUSTOM").device_type
    custom.payload_template = CUSTOM_TEMPLATE
    custom.save()


def not_a_number() -> int:
    """Rows with NaN or an infinity in any of their columns, by SQL."""
    count = 0
    with connection.cursor() as cursor:
        for table, names in ((POWERS.name, FLOATS), (ENERGIES.name, ["reported_ts"])):
            odd = " OR ".join(f"{name} IN ('NaN', 'Infinity', '-Infinity')" for name in names)
            cursor.execute(f"SELECT count(*) FROM {table} WHERE {odd}")
            count += cursor.fetchone()[0]
    return count


@pytest.mark.django_db(transaction=True)  # in one transaction, rows of the quarantine would pile up dead
@pytest.mark.parametrize("part", [*range(PARTS), *FAILED_ONCE], ids=str)
def test_whatever_arrives_is_stored_or_refused_and_nothing_hangs(part, caplog, capsys):
    seed, count = (SEED + part, COUNT // PARTS) if part in range(PARTS) else (part, COUNT)
    with capsys.disabled():
        print(f"\nfuzzing: seed {seed}, {count} payloads", flush=True)
    provision()
    manager = DeviceManager()
    now = datetime.now(UTC)
    manager.use(directory_at(now))
    slowest, longest, slowest_batch, outcomes = 0.0, 0.0, 0.0, Counter[str]()
    messages = payloads(seed, count)
    for start in range(0, count, 500):
        batch = Batch()
        for number, (topic, payload) in enumerate(islice(messages, 500), start=start):
            received_at = now + timedelta(milliseconds=number)
            before = len(batch.incoming), len(batch.refusals), len(batch.strangers)
            began, worked = time.perf_counter(), time.thread_time()  # the clock counts what a busy machine did beside
            manager.read(Delivery(topic, payload, received_at), batch)
            slowest = max(slowest, time.thread_time() - worked)
            longest = max(longest, time.perf_counter() - began)
            after = len(batch.incoming), len(batch.refusals), len(batch.strangers)
            outcomes["read" if after[0] > before[0] else "refused" if after[1:] != before[1:] else "nothing"] += 1
        batch.states = manager.take_states()
        samples, refusals = len(batch.incoming), len(batch.refusals)
        began = time.perf_counter()
        outcome = save_batch(batch, ingestor="fuzz", now=now)
        slowest_batch = max(slowest_batch, time.perf_counter() - began)
        assert outcome.stored + outcome.repeated + outcome.refused == samples
        outcomes.update(stored=outcome.stored, repeated=outcome.repeated, refused_rows=outcome.refused)
        outcomes["refusals"] += refusals
    with capsys.disabled():
        print(dict(outcomes), f"slowest message {slowest:.3f} s, batch {slowest_batch:.3f} s")

    assert outcomes["read"] + outcomes["refused"] + outcomes["nothing"] == count
    assert outcomes["read"] > count / 20
    assert outcomes["refused"] > count / 20
    assert DeviceMeasurement.objects.count() + EnergyMeasurement.objects.count() == outcomes["stored"]
    assert not_a_number() == 0
    assert not RejectedMessage.objects.filter(reason="").exists()
    assert slowest < LONGEST
    assert longest < LONGEST_BATCH
    assert slowest_batch < LONGEST_BATCH
    assert [record for record in caplog.records if record.exc_info] == []


def last_word(at: datetime) -> bytes:
    """A message in good order: once it is a row, all before it has been dealt with."""
    params = {"ts": at.timestamp(), "em:0": {"id": 0, "total_act_power": 1.0}}
    return json.dumps({"src": METERS[0].device_id, "method": "NotifyStatus", "params": params}).encode()


def received_by(child: Child) -> int:
    """What it says at its end, our own markers included."""
    return int(child.log_tail().rpartition("Stopped: ")[2].partition(" received")[0])


@pytest.mark.django_db(transaction=True)
def test_the_process_acknowledges_all_of_it_and_goes_on(mosquitto, start_manage):
    """Nothing of it comes again: what is not acknowledged would, after a restart."""
    provision()
    options = {"env": {"MQTT_URL": mosquitto.url}}
    child = start_manage("ingest", **options)
    assert wait_until(lambda: platform.has_subscribed(child), within=20), child.log_tail()
    publisher, published = Publisher(mosquitto.port), 0
    for topic, payload in payloads(SEED, 5000):
        if len(payload) + len(topic) < LONGEST_PAYLOAD:
            publisher.publish(topic, payload)
            published += 1
    publisher.wait(within=60)
    assert publisher.acknowledged == published

    last_at = datetime.now(UTC).replace(microsecond=0)
    publisher.publish(f"{METERS[0].prefix}/events/rpc", last_word(last_at))
    publisher.flush()

    assert wait_until(DeviceMeasurement.objects.filter(timestamp=last_at).exists, within=60, every=0.2)
    assert child.running
    assert child.terminate() == 0
    assert published < received_by(child) <= published + 1 + MOST_MARKERS

    again = start_manage("ingest", **options)
    assert wait_until(lambda: again.has_written("session kept: True"), within=20)
    time.sleep(1)
    again.terminate()
    assert received_by(again) <= MOST_MARKERS
    assert "0 stored, 0 repeated, 0 refused" in again.log_tail()
