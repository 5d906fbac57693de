"""How much the ingestor holds while the database takes nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cercollettiva.ingest import service as module
from cercollettiva.ingest.mqtt import Arrival, BrokerAddress, MQTTConnection
from cercollettiva.ingest.service import MOST_IN_HAND, MOST_WITHOUT_WINDOW, MQTTService


@pytest.fixture
def service() -> MQTTService:
    """Nothing is started: no broker, no database."""
    return MQTTService(BrokerAddress("localhost", 1883), client_id="one")


def arrivals(count: int, *, qos: int) -> list[Arrival]:
    return [Arrival("somebody/topic", b"1", retain=False, dup=False, mid=mid, qos=qos) for mid in range(count)]


@pytest.mark.parametrize(("held", "reads"), [(0, True), (MOST_IN_HAND - 1, True), (MOST_IN_HAND, False)])
def test_with_many_messages_in_hand_no_more_are_read(service, monkeypatch, held, reads):
    asked = []
    monkeypatch.setattr(MQTTConnection, "poll", lambda connection, timeout, *, reads: asked.append(reads))
    monkeypatch.setattr(module.Writer, "is_busy", True)
    for mid in range(held):
        service._buffer.add(mid, now=datetime.now(UTC))

    service._turn()

    assert asked == [reads]


def test_what_no_broker_would_send_again_is_dropped_and_counted(service):
    for arrival in arrivals(MOST_WITHOUT_WINDOW + 7, qos=0):
        service._arrived(arrival)

    assert service.dropped == 7
    assert len(service._buffer) == MOST_WITHOUT_WINDOW
    assert service._buffer.promised == 0


def test_what_the_broker_keeps_for_us_is_never_dropped(service):
    for arrival in arrivals(MOST_WITHOUT_WINDOW + 7, qos=1):
        service._arrived(arrival)

    assert service.dropped == 0
    assert service._buffer.promised == MOST_WITHOUT_WINDOW + 7
