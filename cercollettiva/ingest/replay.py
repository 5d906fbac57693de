"""Deliveries from a file through the whole path, with the file's own clock: support cases and tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from cercollettiva.energy.models import DeviceState
from cercollettiva.energy.store import save_batch
from cercollettiva.ingest.buffer import Load
from cercollettiva.ingest.directory import directory_at
from cercollettiva.ingest.manager import Delivery, DeviceManager
from cercollettiva.ingest.writer import Redeliveries

INGESTOR: Final = "replay"
DELIVERIES_AT_A_TIME: Final = 500


class BadLine(NamedTuple):
    """A line of the file that is no delivery, and why."""

    number: int
    reason: str


class Replayed(NamedTuple):
    """What became of a file."""

    deliveries: int
    stored: int
    repeated: int
    refused: int
    strangers: int
    bad_lines: list[BadLine]


def replay(lines: Iterable[str]) -> Replayed:
    """Send every delivery of the lines through manager, buffer and store.

    Lines are JSON objects: `recv` (epoch seconds), `topic`, `payload` (text, or the JSON itself), and perhaps `retain`
    and `dup`. A line that is none of that is reported by its number, and the others go on.
    """
    manager = DeviceManager()
    manager.remember(DeviceState.objects.all())
    manager.use(directory_at(datetime.now(UTC)))
    writer = _Writer()
    bad_lines: list[BadLine] = []
    deliveries = 0
    load = Load(connection=0)
    for delivery in _deliveries(lines, bad_lines):
        manager.read(delivery, load.batch)
        deliveries += 1
        if deliveries % DELIVERIES_AT_A_TIME == 0:
            writer.store(load, manager)
            # Each load counts as a connection of its own, so that copies of what the one before held are recognised.
            load = Load(connection=deliveries)
    writer.store(load, manager)
    return Replayed(deliveries, writer.stored, writer.repeated, writer.refused, writer.strangers, bad_lines)


class _Writer:
    """Stores loads one after the other and adds up what became of them."""

    def __init__(self) -> None:
        self.stored = self.repeated = self.refused = self.strangers = 0
        self._redeliveries = Redeliveries()

    def store(self, load: Load, manager: DeviceManager) -> None:
        batch, now = load.batch, datetime.now(UTC)
        batch.states, batch.heard = manager.take_states(), manager.take_heard()
        self.repeated += self._redeliveries.remove_from(load)
        outcome = save_batch(batch, ingestor=INGESTOR, now=now)
        self.stored += outcome.stored
        self.repeated += outcome.repeated
        self.refused += outcome.refused + len(batch.refusals)
        self.strangers += len(batch.strangers)


def _deliveries(lines: Iterable[str], bad_lines: list[BadLine]) -> Iterator[Delivery]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _delivery(json.loads(line))
        except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError) as error:
            bad_lines.append(BadLine(number, f"{type(error).__name__}: {error}"))


def _delivery(fields: Any) -> Delivery:
    payload = fields["payload"]
    text = payload if isinstance(payload, str) else json.dumps(payload)
    topic = fields["topic"]
    if not isinstance(topic, str):
        raise TypeError("topic must be text")
    return Delivery(
        topic=topic,
        payload=text.encode("utf-8", "surrogatepass"),
        received_at=datetime.fromtimestamp(fields["recv"], UTC),
        retain=bool(fields.get("retain", False)),
        dup=bool(fields.get("dup", False)),
    )
