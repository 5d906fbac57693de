"""The thread that takes loads to the database, one at a time, and keeps trying while it is away."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from django.db import InterfaceError, InternalError, OperationalError, connections
from numpy.typing import NDArray

from cercollettiva.devices.samples import TimeSource
from cercollettiva.energy.models import DeviceState
from cercollettiva.energy.store import Incoming, MergedState, journal, save_batch
from cercollettiva.ingest.breaker import CircuitBreaker
from cercollettiva.ingest.buffer import Load
from cercollettiva.ingest.clock import steady_now
from cercollettiva.ingest.directory import Directory, directory_at, directory_version
from cercollettiva.ingest.notices import open_alerts, tell_of_our_clock
from cercollettiva.ingest.only import AnotherIngestor, OnlyIngestor

logger = logging.getLogger(__name__)

AWAY: Final = (OperationalError, InterfaceError, InternalError)  # InternalError: a replica that is not yet the primary
LOOK_FOR_CHANGES: Final = timedelta(seconds=3)  # a device provisioned now is read within 5 s
READ_ANEW: Final = timedelta(minutes=1)  # roles and placements begin and end by themselves
FORGET_AFTER: Final = timedelta(minutes=1)
REMEMBERED_FOR: Final = timedelta(seconds=30)  # how long a copy of the journal serves redeliveries
TELL_AGAIN_AFTER: Final = timedelta(minutes=1)
STAND_BY_SECONDS: Final = 1.0
NEVER: Final = datetime.min.replace(tzinfo=UTC)
MOST_HELD: Final = 3  # loads that wait for the database; what comes beyond stays with the broker


class Writer(threading.Thread):
    """Stores loads in the order they come. The network thread hands them over and collects what is safe.

    It owns the process's database connection, so it reads the directory of devices too.
    """

    def __init__(self, *, ingestor: str, wake: Callable[[], None], breaker: CircuitBreaker | None = None) -> None:
        super().__init__(name="writer", daemon=True)
        self._ingestor = ingestor
        self._wake = wake
        self._breaker = breaker or CircuitBreaker()
        self._loads: queue.SimpleQueue[Load | None] = queue.SimpleQueue()
        self._safe: deque[Load] = deque()
        self._directories: deque[Directory] = deque()
        self._merged: deque[MergedState] = deque()
        self._held = 0  # loads handed over and not yet safe
        self._stopping = threading.Event()
        self.states: list[DeviceState] = []  # what the database knew of the devices at the start
        self.failure: BaseException | None = None
        self.stored = self.repeated = self.refused = 0
        self._redeliveries = Redeliveries(ingestor=self._ingestor)
        self._only = OnlyIngestor(ingestor)
        self._current: Load | None = None
        self._told = ""  # the trouble that was logged last
        self._version: tuple[object, ...] = ()
        self._looked_at = self._read_at = self._forgot_at = self._told_at = NEVER
        self.is_standing_by = False  # another ingestor of this name is at work

    # Called from the network thread

    def put(self, load: Load) -> None:
        self._held += 1
        self._loads.put(load)

    @property
    def is_busy(self) -> bool:
        return self._held > 0

    @property
    def is_full(self) -> bool:
        """Nothing more is to be handed over: the database is away for long."""
        return self._held >= MOST_HELD

    def safe_loads(self) -> list[Load]:
        """The loads committed since the last call: only now may their messages be acknowledged (rule R1)."""
        safe = []
        while self._safe:
            safe.append(self._safe.popleft())
        self._held -= len(safe)
        return safe

    def merged_states(self) -> list[MergedState]:
        """Where other ingestors of the group knew a device better, since the last call."""
        merged = []
        while self._merged:
            merged.append(self._merged.popleft())
        return merged

    def new_directory(self) -> Directory | None:
        """The directory of devices, when it was read anew since the last call."""
        newest = None
        while self._directories:
            newest = self._directories.popleft()
        return newest

    def stop(self, *, within: timedelta) -> None:
        """Finish what was handed over, for so long at most; what is not stored stays with the broker."""
        self._loads.put(None)
        self.join(timeout=within.total_seconds())
        self._stopping.set()

    # The thread

    def run(self) -> None:
        try:
            while self._step():
                pass
        except BaseException as error:  # carried to the network thread, which raises it
            self.failure = error
        finally:
            connections.close_all()
            self._wake()

    def _step(self) -> bool:
        """One load, or one look at the directory when there is none. False when it is time to go."""
        self._persist(self._look_around)
        try:
            load = self._loads.get(timeout=0.5)
        except queue.Empty:
            return not self._stopping.is_set()
        if load is None:
            return False
        self._current = load
        if self.is_standing_by:
            load.doubt()
        if not self._persist(lambda: self._store(load)):
            return False
        self._current = None
        self._safe.append(load)
        self._wake()
        return True

    def _persist(self, work: Callable[[], None]) -> bool:
        """Do the work, again and again while the database is away. False when asked to stop meanwhile."""
        while not self._stopping.is_set():
            if not self._breaker.allows(now=steady_now()):
                self._stopping.wait(0.02)
                continue
            try:
                self._only.hold()
                work()
            except AnotherIngestor:
                self._stand_by()
            except AWAY as error:
                self._tell(str(error))
                self._breaker.failed(now=steady_now())
                connections.close_all()
            else:
                self._tell("")
                self._breaker.succeeded()
                self.is_standing_by = False
                return True
        return False

    def _tell(self, trouble: str) -> None:
        """Log a trouble of the database when it begins, changes and ends, and once a minute while it lasts."""
        now = steady_now()
        if trouble and (trouble != self._told or now - self._told_at >= TELL_AGAIN_AFTER):
            logger.warning("The database does not take our rows, messages wait in the broker: %s", trouble)
            self._told_at = now
        elif self._told and not trouble:
            logger.warning("The database is back after %d tries", self._breaker.failures)
        self._told = trouble

    def _stand_by(self) -> None:
        """Wait beside the ingestor that holds our name: the broker delivers to it what we had not acknowledged."""
        if not self.is_standing_by:
            logger.warning("Another ingestor is at work as %s: standing by", self._ingestor)
        self.is_standing_by = True
        if self._current is not None:
            self._current.doubt()
            self._redeliveries = Redeliveries(ingestor=self._ingestor)  # what we remember is of before
        self._version, self._looked_at = (), NEVER  # and so is what the devices said last
        self._wake()
        self._stopping.wait(STAND_BY_SECONDS)

    def _store(self, load: Load) -> None:
        now = datetime.now(UTC)
        batch = load.batch
        known = self._redeliveries.remove_from(load)
        outcome = save_batch(batch, ingestor=self._ingestor, now=now)
        open_alerts(load.notices, now=now)
        if load.our_clock is not None:
            tell_of_our_clock(load.our_clock, now=now)
        self._merged.extend(outcome.merged)
        self.stored += outcome.stored
        self.repeated += outcome.repeated + known
        self.refused += outcome.refused
        is_live = bool(batch.incoming) and not load.is_backlog and not known
        if is_live and steady_now() - self._forgot_at >= FORGET_AFTER:
            journal.forget("default", ingestor=self._ingestor, now=now)
            self._forgot_at = steady_now()

    def _look_around(self) -> None:
        """Read the directory when it changed, and once a minute in any case."""
        now = steady_now()
        if now - self._looked_at < LOOK_FOR_CHANGES:
            return
        version = directory_version(datetime.now(UTC))
        if version != self._version or now - self._read_at >= READ_ANEW:
            if not self._version:
                self.states = list(DeviceState.objects.all())
            self._directories.append(directory_at(datetime.now(UTC)))
            self._version, self._read_at = version, now
            self._wake()
        self._looked_at = now


class Redeliveries:
    """Recognises messages without a time of their own that were stored before (rule R13)."""

    def __init__(self, *, ingestor: str = "") -> None:
        self._ingestor = ingestor
        self._known: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._connection: int | None = None
        self._read_at = NEVER
        self._read_on = NEVER  # the same instant, as a date

    def remove_from(self, load: Load) -> int:
        """Take out of a load the rows that were stored before, and say how many they were."""
        suspects = [row for row in load.batch.incoming if _is_suspect(row)]
        if not suspects:
            return 0
        if self._connection != load.connection or steady_now() - self._read_at >= REMEMBERED_FOR:
            self._known = journal.recent_fingerprints("default")
            self._connection, self._read_at, self._read_on = load.connection, steady_now(), datetime.now(UTC)
        fingerprints = [row.fingerprint for row in suspects]
        stored = journal.contains(self._known, fingerprints)
        # What we committed on this connection does not come again on it; of what others committed we know nothing.
        others = journal.fingerprints_of_others("default", ingestor=self._ingestor, since=self._read_on)
        stored |= journal.contains(others, fingerprints)
        gone = {row.fingerprint for row, is_stored in zip(suspects, stored, strict=True) if is_stored}
        rows = load.batch.incoming
        load.batch.incoming = _first_copies(row for row in rows if not (_is_suspect(row) and row.fingerprint in gone))
        return len(rows) - len(load.batch.incoming)


def _is_suspect(row: Incoming) -> bool:
    return row.suspect and row.sample.time_source is not TimeSource.DEVICE


def _first_copies(rows: Iterable[Incoming]) -> list[Incoming]:
    """Without the suspects whose original stands before them in the same load.

    The samples of one delivery share its payload object; a copy of the delivery has an object of its own.
    """
    first: dict[int, bytes] = {}
    return [
        row for row in rows if first.setdefault(row.fingerprint, row.payload) is row.payload or not _is_suspect(row)
    ]
