"""The marks of what must be computed again: claimed before anything is read, in the transaction that computes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from cercollettiva.domain.calendar import quarter_of
from cercollettiva.energy import partitions
from cercollettiva.energy.models import DirtyQuarter
from cercollettiva.energy.store.columns import Kind, instant, microseconds, read
from cercollettiva.energy.store.ranges import Ranges

QUARTER_US: Final = 900_000_000
NEAR_US: Final = 4 * QUARTER_US  # marks this close together are computed in one go


def lock(using: str, *, wait: bool) -> bool:
    """Hold the place of the one who computes until the transaction ends; False when another has it.

    Two at a time could write the older result last. On SQLite the transaction itself is the lock.
    """
    connection = connections[using]
    if connection.vendor != "postgresql":
        return True
    call = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {call}(%s, hashtext('aggregate'))", [partitions.LOCK_SPACE])
        return bool(wait or cursor.fetchone()[0])


def claim(using: str, *, after: int, devices: int) -> dict[int, NDArray[np.int64]]:
    """Take the marks of the next few devices in the order of their keys: the dirty quarters of each, ascending. [us]

    What is marked from now on stays for the next time: its readings may not be visible to us.
    """
    marks = DirtyQuarter.objects.using(using).filter(device_id__gt=after)
    chosen = list(marks.order_by("device_id").values_list("device_id", flat=True).distinct()[:devices])
    if not chosen:
        return {}
    places = ", ".join(["%s"] * len(chosen))
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"DELETE FROM energy_dirtyquarter WHERE device_id IN ({places}) RETURNING device_id, start",  # noqa: S608
            chosen,
        )
        claimed: dict[int, set[int]] = {}
        for device, start in cursor.fetchall():  # SQLite knows no zone
            claimed.setdefault(device, set()).add(microseconds(start if start.tzinfo else start.replace(tzinfo=UTC)))
    return {device: np.array(sorted(quarters), dtype=np.int64) for device, quarters in sorted(claimed.items())}


def runs_of(claimed: Mapping[int, NDArray[np.int64]], *, not_before: Mapping[int, int]) -> Ranges:
    """The dirty quarters of each device as ranges, those close together in one; older ones than its bound stay."""
    devices: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    for device, all_quarters in claimed.items():
        quarters = all_quarters[all_quarters >= not_before.get(device, 0)]
        if not len(quarters):
            continue
        breaks = np.flatnonzero(np.diff(quarters) > NEAR_US) + 1
        for run in np.split(quarters, breaks):
            devices.append(device)
            starts.append(int(run[0]))
            ends.append(int(run[-1]) + QUARTER_US)
    return Ranges(*(np.array(column, dtype=np.int64) for column in (devices, starts, ends)))


def mark_changed(device: int, start: datetime, *, using: str = "default") -> int:
    """Mark the quarter-hours of a device that hold readings from a moment on, and the one it falls in; how many.

    For whoever changes what readings mean: a role, a placement. Where there are no readings nothing changes.
    """
    connection = connections[using]
    since = connection.ops.adapt_datetimefield_value(quarter_of(start))
    select = {"at": (Kind.INSTANT, "timestamp")}
    tail = "FROM energy_energymeasurement WHERE device_id = %s AND timestamp >= %s"
    quarters = np.unique(read(using, select, tail, [device, since])["at"] // QUARTER_US * QUARTER_US)
    DirtyQuarter.objects.using(using).bulk_create(
        [DirtyQuarter(device_id=device, start=instant(quarter)) for quarter in quarters], batch_size=1000
    )
    return len(quarters)
