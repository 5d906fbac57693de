"""What a load takes along for people's eyes, and when it goes for their sake alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cercollettiva.ingest.mqtt import BrokerAddress
from cercollettiva.ingest.service import FEW, MAX_DELIVERIES, WHEN_BEHIND, WHEN_FULL, WHEN_IDLE, MQTTService
from cercollettiva.ingest.writer import Writer
from tests.unit.ingest.meters import EM_STATUS, PREFIX, delivery, entry


def service_with(messages: int, *, share_group: str = "") -> MQTTService:
    """Nothing is started: no broker, no database."""
    service = MQTTService(BrokerAddress("localhost", 1883), client_id="one", share_group=share_group)
    now = datetime.now(UTC)
    for mid in range(messages):
        service._buffer.add(mid, now=now)
    return service


@pytest.mark.parametrize(
    ("messages", "had_to_wait", "share_group", "room"),
    [
        (MAX_DELIVERIES - 1, False, "", WHEN_IDLE),
        (MAX_DELIVERIES, False, "", WHEN_FULL),
        (MAX_DELIVERIES, True, "", WHEN_BEHIND),
        (MAX_DELIVERIES // 2 + 1, False, "group", WHEN_BEHIND),
    ],
)
def test_the_more_comes_the_less_is_taken_along(messages, had_to_wait, share_group, room):
    service = service_with(messages, share_group=share_group)
    service._had_to_wait = had_to_wait

    assert service._room() == room


@pytest.mark.parametrize(("messages", "goes"), [(0, True), (FEW, True), (FEW + 1, False), (MAX_DELIVERIES, True)])
def test_what_is_owed_to_eyes_hurries_a_small_load_and_no_other(messages, goes):
    service = service_with(messages)
    service._manager.use({PREFIX: entry()})
    service._manager.read(delivery("status/em:0", EM_STATUS), service._buffer.batch)  # its first message: owed at once

    assert service._is_due() is goes


def test_a_load_takes_along_no_more_than_there_is_room_for(monkeypatch):
    service = service_with(1)
    loads = []
    monkeypatch.setattr(Writer, "put", lambda writer, load: loads.append(load))
    devices = WHEN_IDLE.states + 1
    service._manager.use(
        {f"cer/{key}": entry(key=key, name=f"meter-{key}", prefix=f"cer/{key}") for key in range(1, devices + 1)}
    )
    for key in range(1, devices + 1):
        service._manager.read(delivery("status/em:0", EM_STATUS, prefix=f"cer/{key}"), service._buffer.batch)

    service._hand_over()
    service._hand_over(at_last=True)

    assert [len(load.batch.states) for load in loads] == [WHEN_IDLE.states, 1]
    assert [len(load.batch.heard) for load in loads] == [WHEN_IDLE.heard, devices - WHEN_IDLE.heard]
