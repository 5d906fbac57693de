"""Which rows of a load are copies of what was stored before (rule R13)."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cercollettiva.energy.store import Batch, journal
from cercollettiva.ingest.buffer import Load
from cercollettiva.ingest.writer import Redeliveries
from tests.unit.ingest.meters import EM_STATUS, NAME, delivery, manager_of


@pytest.fixture(autouse=True)
def remembered(monkeypatch) -> list[int]:
    fingerprints: list[int] = []
    monkeypatch.setattr(journal, "recent_fingerprints", lambda using: np.sort(np.array(fingerprints, dtype=np.int64)))
    monkeypatch.setattr(journal, "fingerprints_of_others", lambda using, **_: np.empty(0, dtype=np.int64))
    return fingerprints


def load_of(*messages, **marks) -> Load:
    manager, batch = manager_of(), Batch()
    for rest, payload in messages:
        manager.read(delivery(rest, payload, **marks), batch)
    return Load(connection=1, batch=batch)


def records_without_a_clock(count: int) -> bytes:
    data = {"ts": 100, "period": 60, "values": [[1.0] * 51] * count}
    event = {"component": "emdata:0", "id": 0, "event": "data", "ts": 100, "data": data}
    return json.dumps({"src": NAME, "method": "NotifyEvent", "params": {"ts": 100, "events": [event]}}).encode()


def test_what_is_in_the_journal_is_taken_out(remembered):
    load = load_of(("status/em:0", EM_STATUS), backlog=True)
    remembered.append(load.batch.incoming[0].fingerprint)

    known = Redeliveries().remove_from(load)

    assert (known, load.batch.incoming) == (1, [])


def test_what_is_not_suspect_stays_though_it_looks_the_same(remembered):
    load = load_of(("status/em:0", EM_STATUS))
    remembered.append(load.batch.incoming[0].fingerprint)

    assert Redeliveries().remove_from(load) == 0
    assert len(load.batch.incoming) == 1


def test_the_rows_of_one_message_are_no_copies_of_each_other():
    load = load_of(("events/rpc", records_without_a_clock(5)), backlog=True)
    assert len(load.batch.incoming) == 5

    known = Redeliveries().remove_from(load)

    assert (known, len(load.batch.incoming)) == (0, 5)


def test_a_second_delivery_in_the_same_load_is_a_copy():
    load = load_of(("status/em:0", EM_STATUS), ("status/em:0", bytes(bytearray(EM_STATUS))), backlog=True)

    known = Redeliveries().remove_from(load)

    assert (known, len(load.batch.incoming)) == (1, 1)
