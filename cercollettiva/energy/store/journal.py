"""The memory of what was stored lately, by which a redelivered message without a time of its own is recognised.

A meter's status topics carry no time: when the broker sends such a message again after a crash, it would get a new
receive time and become a second row. So each committed batch leaves the fingerprints of such samples in one small row
of `energy.IngestBatch`, in the same transaction. Whatever was committed but not acknowledged is found there (rule R13).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from cercollettiva.energy.models import IngestBatch

MEMORY: Final = timedelta(minutes=10)
MEMORY_OF_OTHERS: Final = timedelta(days=7)  # an ingestor that is away so long has lost its session too
CLOCKS_DIFFER_BY: Final = timedelta(minutes=1)
_INGESTORS: Final = 1000
_last_sequence = 0


def sequence(now: datetime, *, ingestor: str = "") -> int:
    """A number that grows with time and differs between ingestors, without asking the database for one."""
    microseconds = int(now.timestamp() * 1_000_000)
    return microseconds * _INGESTORS + zlib.crc32(ingestor.encode()) % _INGESTORS


def next_sequence(now: datetime, *, ingestor: str) -> int:
    """The sequence of a batch: greater than any this process has used, even when the clock stands or is set back."""
    global _last_sequence
    _last_sequence = max(sequence(now, ingestor=ingestor), _last_sequence + _INGESTORS)
    return _last_sequence


def write(using: str, fingerprints: Iterable[int], *, seq: int, ingestor: str, now: datetime) -> None:
    """Note the fingerprints of a batch; to be called in its transaction."""
    packed = np.fromiter(fingerprints, dtype="<i8").tobytes()
    if packed:
        IngestBatch.objects.using(using).create(seq=seq, ingestor=ingestor, committed_at=now, fingerprints=packed)


def forget(using: str, *, ingestor: str, now: datetime) -> None:
    """Drop what is too old to come again to this ingestor. Not while it reads a backlog: its own age is older."""
    batches = IngestBatch.objects.using(using)
    batches.filter(ingestor=ingestor, committed_at__lt=now - MEMORY).delete()
    batches.filter(committed_at__lt=now - MEMORY_OF_OTHERS).delete()


def recent_fingerprints(using: str) -> NDArray[np.int64]:
    """All the fingerprints remembered, sorted: of each ingestor, ten minutes of them before its last live batch."""
    return _sorted_fingerprints(IngestBatch.objects.using(using))


def fingerprints_of_others(using: str, *, ingestor: str, since: datetime) -> NDArray[np.int64]:
    """What the other ingestors have committed since then, sorted; their clocks may differ from ours a little."""
    batches = IngestBatch.objects.using(using).exclude(ingestor=ingestor)
    return _sorted_fingerprints(batches.filter(committed_at__gte=since - CLOCKS_DIFFER_BY))


def _sorted_fingerprints(batches: QuerySet[IngestBatch]) -> NDArray[np.int64]:
    packed = batches.values_list("fingerprints", flat=True)
    return np.sort(np.frombuffer(b"".join(bytes(part) for part in packed), dtype="<i8"))


def contains(known: NDArray[np.int64], fingerprints: Iterable[int]) -> NDArray[np.bool_]:
    """Which of the fingerprints are among the sorted known ones. Shapes: (n,), (m,) to (m,)."""
    wanted = np.fromiter(fingerprints, dtype=np.int64)
    if not len(known):
        return np.zeros(len(wanted), dtype=np.bool_)
    places = np.searchsorted(known, wanted).clip(max=len(known) - 1)
    found: NDArray[np.bool_] = known[places] == wanted
    return found
