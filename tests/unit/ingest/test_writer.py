"""What the writer says while the database is away, and what it forgets while another works in its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cercollettiva.energy.store import Batch
from cercollettiva.ingest import writer as writer_module
from cercollettiva.ingest.buffer import Load
from cercollettiva.ingest.writer import Writer
from tests.unit.ingest.meters import EM_STATUS, delivery, manager_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_a_database_that_stays_away_is_told_once_a_minute(monkeypatch, caplog):
    writer = Writer(ingestor="test", wake=lambda: None)
    for second in range(0, 150, 2):
        monkeypatch.setattr(writer_module, "steady_now", lambda second=second: NOON + timedelta(seconds=second))
        writer._tell("connection refused")
    writer._tell("")

    told = [record.getMessage() for record in caplog.records]

    assert [("does not take our rows" in line) for line in told] == [True, True, True, False]
    assert "is back" in told[-1]


def test_a_load_that_waited_beside_another_ingestor_says_nothing_of_states():
    manager, batch = manager_of(), Batch()
    manager.read(delivery("status/em:0", EM_STATUS), batch)
    batch.states = manager.take_states()
    load = Load(connection=1, batch=batch)

    load.doubt()

    assert load.batch.states == []
    assert all(row.suspect for row in load.batch.incoming)
