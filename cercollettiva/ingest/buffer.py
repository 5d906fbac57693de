"""Deliveries on their way to the database, gathered until a trip is worth it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cercollettiva.energy.store import Batch
from cercollettiva.ingest.notices import Notice
from cercollettiva.ingest.skew import OurClock


@dataclass(slots=True)
class Load:
    """One trip: the rows, and the messages to acknowledge once they are committed."""

    connection: int  # which connection the message ids belong to: they mean nothing to the next one
    batch: Batch = field(default_factory=Batch)
    mids: list[int] = field(default_factory=list)
    deliveries: int = 0
    is_backlog: bool = False  # something in it may have been delivered before
    notices: list[Notice] = field(default_factory=list)
    our_clock: OurClock | None = None  # what the devices say of it, where that is news

    def doubt(self) -> None:
        """Somebody else may have stored this meanwhile, and knows better what the devices said last."""
        self.is_backlog = True
        self.batch.states = []
        self.batch.incoming = [row._replace(suspect=True) for row in self.batch.incoming]


class Buffer:
    """Holds a load until it is due; the caller says what time it is.

    A load is due when it is large, old, or when nothing more can come: the broker's window is full, or it is silent.
    """

    def __init__(self, *, max_deliveries: int, max_age: timedelta, max_silence: timedelta) -> None:
        self._max_deliveries = max_deliveries
        self._max_age = max_age
        self._max_silence = max_silence
        self._connection = 0
        self._load = Load(connection=0)
        self._opened_at: datetime | None = None
        self._last_at: datetime | None = None

    def __len__(self) -> int:
        return self._load.deliveries

    @property
    def promised(self) -> int:
        """How many of them the broker keeps until we acknowledge: it sends them again if we fail."""
        return len(self._load.mids)

    @property
    def batch(self) -> Batch:
        """Where the rows of the next delivery go."""
        return self._load.batch

    def add(self, mid: int | None, *, now: datetime) -> None:
        """Count a delivery whose rows are in `batch`; `mid` is None where nothing is to be acknowledged."""
        self._opened_at = self._opened_at or now
        self._last_at = now
        self._load.deliveries += 1
        if mid is not None:
            self._load.mids.append(mid)

    @property
    def is_full(self) -> bool:
        return self._load.deliveries >= self._max_deliveries

    def mark_backlog(self) -> None:
        self._load.is_backlog = True

    def is_due(self, *, now: datetime) -> bool:
        if self._opened_at is None or self._last_at is None:
            return False
        return self.is_full or now - self._opened_at >= self._max_age or now - self._last_at >= self._max_silence

    def take(self) -> Load:
        load, self._load = self._load, Load(connection=self._connection)
        self._opened_at = self._last_at = None
        return load

    def begin_connection(self, number: int) -> None:
        """From now on message ids belong to another connection. What is still held must have been taken before."""
        if self._load.deliveries:
            raise ValueError("Take the load of the old connection before the new one begins.")
        self._connection = self._load.connection = number
