"""Whose time a sample carries: the device's where it can be believed, else ours (rule R12)."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cercollettiva.devices.quantities import is_number
from cercollettiva.devices.samples import NO_ANOMALY, Anomaly, Device, TimeSource

MAX_SECONDS_AHEAD = 300


class Moment(NamedTuple):
    """When a sample was taken, who says so, and what was odd about it."""

    at: datetime
    source: TimeSource = TimeSource.RECEIVED
    anomalies: Anomaly = NO_ANOMALY
    reported_ts: float | None = None  # what the device said, where it was not believed


def moment_of(ts: object, *, received_at: datetime, device: Device, length: int = 0, last_start: int = 0) -> Moment:
    """The moment of a device's Unix time, or the time of receipt where it cannot be believed.

    For a block of records `ts` is the start of the first interval, `last_start` how long after it the last one
    starts and `length` how long the block lasts: a block that is not believed ended when it arrived. [s]
    """
    reported = _finite(ts)
    if reported is None:
        doubt = Anomaly.CLOCK_NOT_SET
    elif reported + last_start > received_at.timestamp() + MAX_SECONDS_AHEAD:  # milliseconds land here
        doubt = Anomaly.CLOCK_AHEAD
    elif reported < device.commissioned_at.timestamp():
        doubt = Anomaly.CLOCK_NOT_SET
    else:
        return Moment(datetime.fromtimestamp(reported, UTC), TimeSource.DEVICE)
    return Moment(received_at - timedelta(seconds=length), TimeSource.RECEIVED, doubt, reported)


def _finite(ts: object) -> float | None:
    if not is_number(ts):
        return None
    try:
        reported = float(ts)
    except OverflowError:
        return None
    return reported if math.isfinite(reported) else None
