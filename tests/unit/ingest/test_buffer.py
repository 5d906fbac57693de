"""When a load is due, with a clock of the test's own."""

from datetime import UTC, datetime, timedelta

import pytest

from cercollettiva.ingest.buffer import Buffer

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TICK = timedelta(milliseconds=1)


@pytest.fixture
def buffer() -> Buffer:
    return Buffer(max_deliveries=3, max_age=250 * TICK, max_silence=50 * TICK)


def test_an_empty_buffer_is_never_due(buffer):
    assert not buffer.is_due(now=NOON + timedelta(days=1))


def test_a_full_load_is_due_at_once(buffer):
    for mid in (1, 2, 3):
        buffer.add(mid, now=NOON)

    assert buffer.is_due(now=NOON)


def test_an_old_load_is_due_while_messages_keep_coming(buffer):
    buffer.add(1, now=NOON)
    buffer.add(2, now=NOON + 249 * TICK)

    assert not buffer.is_due(now=NOON + 249 * TICK)
    assert buffer.is_due(now=NOON + 250 * TICK)


def test_a_silent_broker_makes_a_load_due_early(buffer):
    buffer.add(1, now=NOON)

    assert not buffer.is_due(now=NOON + 49 * TICK)
    assert buffer.is_due(now=NOON + 50 * TICK)


def test_taking_a_load_starts_an_empty_one_of_the_same_connection(buffer):
    buffer.begin_connection(7)
    buffer.add(1, now=NOON)
    buffer.add(None, now=NOON)  # quality of service 0: nothing to acknowledge

    load = buffer.take()

    assert (load.connection, load.mids, load.deliveries) == (7, [1], 2)
    assert len(buffer) == 0
    assert buffer.take().connection == 7


def test_message_ids_of_two_connections_never_share_a_load(buffer):
    buffer.add(1, now=NOON)

    with pytest.raises(ValueError, match="old connection"):
        buffer.begin_connection(2)
