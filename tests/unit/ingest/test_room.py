"""What a load takes along for people's eyes, and when it goes for their sake alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cercollettiva.ingest.mqtt import BrokerAddress
from cercollettiva.ingest.service import MAX_DELIVERIES, WHEN_BEHIND, WHEN_FULL, WHEN_IDLE, MQTTService, Room
from cercollettiva.ingest.writer import Writer
from tests.unit.ingest.meters import EM_STATUS, PREFIX, delivery, entry


def service_with(messages: int, *, share_group: str = "") -> MQTTService:
    """Nothing is started: no broker, no database."""
    service = MQTTService(BrokerAddress("localhost", 1883), client_id="one", share_group=share_group)
    now = datetime.now(UTC)
    for mid in range(messages):
        service._buffer.add(mid, now=now)
    return service


def each_speaks(service: MQTTService, devices: int) -> None:
    keys = range(1, devices + 1)
    service._manager.use({f"cer/{key}": entry(key=key, name=f"meter-{key}", prefix=f"cer/{key}") for key in keys})
    for key in keys:
        service._manager.read(delivery("status/em:0", EM_STATUS, prefix=f"cer/{key}"), service._buffer.batch)


@pytest.mark.parametrize(
    ("messages", "had_to_wait", "share_group", "room"),
    [
        (MAX_DELIVERIES - 1, False, "", WHEN_IDLE),
        (MAX_DELIVERIES, False, "", WHEN_FULL),
        (MAX_DELIVERIES, True, "", WHEN_BEHIND),
        (0, False, "group", WHEN_IDLE),
        (20, False, "group", Room(states=50, heard=10)),
        (MAX_DELIVERIES, False, "group", Room(states=MAX_DELIVERIES // 5, heard=MAX_DELIVERIES // 25)),
        (MAX_DELIVERIES, True, "group", WHEN_BEHIND),
    ],
)
def test_the_more_comes_the_less_is_taken_along(messages, had_to_wait, share_group, room):
    service = service_with(messages, share_group=share_group)
    service._had_to_wait = had_to_wait

    assert service._room() == room


@pytest.mark.parametrize(("messages", "goes"), [(0, True), (1, False), (MAX_DELIVERIES, True)])
def test_what_is_owed_to_eyes_waits_for_the_messages_that_are_there(messages, goes):
    service = service_with(messages)
    service._manager.use({PREFIX: entry()})
    service._manager.read(delivery("status/em:0", EM_STATUS), service._buffer.batch)  # its first message: owed at once

    assert service._is_due() is goes


def test_a_load_takes_along_no_more_than_there_is_room_for(monkeypatch):
    service = service_with(1)
    loads = []
    monkeypatch.setattr(Writer, "put", lambda writer, load: loads.append(load))
    devices = WHEN_IDLE.states + 1
    each_speaks(service, devices)

    service._hand_over()
    service._hand_over(at_last=True)

    assert [len(load.batch.states) for load in loads] == [WHEN_IDLE.states, 1]
    assert [len(load.batch.heard) for load in loads] == [WHEN_IDLE.heard, devices - WHEN_IDLE.heard]


def test_where_more_comes_than_we_can_take_every_last_message_is_told_all_the_same(monkeypatch):
    """One load is as full as the next: without any room a technician would never see what the meter said."""
    service = service_with(MAX_DELIVERIES)
    loads = []
    monkeypatch.setattr(Writer, "put", lambda writer, load: loads.append(load))
    devices = 3 * WHEN_BEHIND.heard
    each_speaks(service, devices)
    for _ in range(3):
        for mid in range(MAX_DELIVERIES):
            service._buffer.add(mid, now=datetime.now(UTC))
        service._had_to_wait = True
        service._hand_over()

    assert [len(load.batch.heard) for load in loads] == [WHEN_BEHIND.heard] * 3
    assert {heard.device_id for load in loads for heard in load.batch.heard} == set(range(1, devices + 1))
