"""Reading what a meter stored, from the virtual Shelly, and all that may go wrong with it (failure model, row 30)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cercollettiva.devices.samples import Device, Sample
from cercollettiva.devices.shelly_components import Component
from cercollettiva.devices.shelly_history import LONGEST_WAIT, MOST_FAILURES, Ask, End, History
from cercollettiva.devices.shelly_records import samples_of_history
from cercollettiva.devices.shelly_rpc import request
from cercollettiva.ops.simulation.shelly import VirtualShelly
from tests.unit.ops.test_shelly import EXCHANGE, NOON

EMDATA = Component("emdata:0", "emdata", 0)
END = int(NOON.timestamp())
HOUR, DAY = 3600, 86_400
DEVICE = Device(1, EXCHANGE.device_id, EXCHANGE.topic_prefix, ZoneInfo("Europe/Rome"), datetime(2025, 1, 1, tzinfo=UTC))
SECOND = timedelta(seconds=1)

Answer = Callable[[Ask, dict[str, Any]], dict[str, Any] | None]  # what was asked, what would be right: what comes back


@pytest.fixture
def shelly(energy) -> VirtualShelly:
    return VirtualShelly(EXCHANGE, energy, started_at=NOON)


class Reader:
    """Whoever sends the requests, with a clock of its own; `spoil` says what comes back in the place of an answer."""

    def __init__(self, shelly: VirtualShelly, history: History, spoil: Answer = lambda asked, frame: frame) -> None:
        self.shelly, self.history, self._spoil = shelly, history, spoil
        self.now = NOON
        self.asked: list[Ask] = []
        self.waited: list[timedelta] = []
        self.samples: list[Sample] = []

    def run(self, *, most: int = 100) -> None:
        """Until there is nothing more to ask."""
        while self.history.end is None:
            assert len(self.asked) < most, "it asks for ever"
            waited_since = self.now
            while (ask := self.history.next_ask(self.now)) is None:
                self.now += SECOND
            if self.now > waited_since:
                self.waited.append(self.now - waited_since)
            self.take(ask)

    def take(self, ask: Ask) -> None:
        self.asked.append(ask)
        request(ask.method, ask.params, request_id=len(self.asked), device_id=DEVICE.device_id or "")  # may be sent
        right = self.shelly.answer({"id": 1, "method": ask.method, "params": dict(ask.params)}, at=NOON)
        frame = self._spoil(ask, right)
        if frame is None:
            self.history.unanswered(self.now)
        elif "error" in frame:
            self.history.failed(frame["error"]["code"], self.now)
        else:
            self.samples += samples_of_history(EMDATA, in_decimals(frame["result"]), self.now, DEVICE)
            self.history.answered(frame["result"], self.now)


def in_decimals(result: dict[str, Any]) -> dict[str, Any]:
    blocks = [
        {**block, "values": [[Decimal(str(value)) for value in row] for row in block["values"]]}
        for block in result["data"]
    ]
    return {**result, "data": blocks}


def minutes_of(reader: Reader) -> list[datetime]:
    return [sample.at for sample in reader.samples]


def test_every_stored_minute_is_read_once_and_is_true(shelly):
    reader = Reader(shelly, History(EMDATA, start=END - 2 * DAY - HOUR, end=END))

    reader.run()

    assert reader.history.end is End.DONE
    assert len(minutes_of(reader)) == len(set(minutes_of(reader))) == 2 * 1440 + 60
    drawn = sum(sample.reading.energies.drawn for sample in reader.samples)
    assert drawn == sum(shelly.oracle(NOON - timedelta(days=2, hours=1), NOON).drawn)
    assert reader.waited == []
    assert max(ask.params["end_ts"] - ask.params["ts"] for ask in reader.asked) < DAY


@pytest.mark.parametrize("code", [404, -105])
def test_a_meter_without_that_memory_is_asked_once(shelly, code):
    reader = Reader(shelly, History(EMDATA, start=END - HOUR, end=END), lambda ask, frame: {"error": {"code": code}})

    reader.run()

    assert (reader.history.end, len(reader.asked)) == (End.NOT_THERE, 1)
    assert reader.history.next_ask(NOON + timedelta(days=1)) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda ask, frame: None,  # no answer in time, or the meter is gone
        lambda ask, frame: {"error": {"code": -114, "message": "Resource unavailable"}},
        *(
            lambda ask, frame, next_ts=next_ts: {"result": {"data": [], "next_record_ts": next_ts(ask.params["ts"])}}
            for next_ts in (
                lambda ts: ts,  # not advancing
                lambda ts: ts - 60,  # going back
                lambda ts: 0,
                lambda ts: True,
                lambda ts: str(ts + 60),
                lambda ts: [ts + 60],
            )
        ),
    ],
)
def test_a_meter_that_fails_again_and_again_is_left_after_a_few_waits_each_longer(shelly, spoil):
    reader = Reader(shelly, History(EMDATA, start=END - HOUR, end=END), spoil)

    reader.run(most=MOST_FAILURES)

    assert reader.history.end is End.GAVE_UP
    assert len(reader.asked) == MOST_FAILURES
    assert reader.waited == sorted(set(reader.waited))
    assert reader.waited[-1] <= LONGEST_WAIT
    assert reader.history.resume_at == END - HOUR
    assert reader.samples == []


def test_after_a_failure_it_goes_on_where_it_stopped_and_asks_nothing_twice(shelly):
    failures = iter([None, True, None, True, True])
    reader = Reader(
        shelly,
        History(EMDATA, start=END - 5 * HOUR, end=END),
        lambda ask, frame: frame if next(failures, True) else None,
    )

    reader.run()

    assert reader.history.end is End.DONE
    assert len(minutes_of(reader)) == len(set(minutes_of(reader))) == 300
    assert (len(reader.asked), len(reader.waited)) == (5, 2)


def test_a_meter_that_was_left_is_taken_up_another_day_where_it_was(shelly):
    answers = iter([True, True])
    first = Reader(
        shelly,
        History(EMDATA, start=END - 5 * HOUR, end=END),
        lambda ask, frame: frame if next(answers, None) else None,
    )
    first.run()
    assert first.history.end is End.GAVE_UP

    second = Reader(shelly, History(EMDATA, start=first.history.resume_at, end=END))
    second.run()

    assert sorted(minutes_of(first) + minutes_of(second)) == [NOON - timedelta(minutes=n) for n in range(300, 0, -1)]


def test_of_nothing_there_is_nothing_to_ask():
    history = History(EMDATA, start=END, end=END)

    assert (history.end, history.next_ask(NOON)) == (End.DONE, None)
