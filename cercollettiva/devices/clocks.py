"""Whose time a sample carries: the device's where it can be believed, else ours (rule R12)."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cercollettiva.devices.quantities import is_number
from cercollettiva.devices.samples import NO_ANOMALY, Anomaly, Device, TimeSource

MAX_SECONDS_AHEAD = 300
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)?", re.ASCII)


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


def moment_of_local(text: object, *, received_at: datetime, device: Device) -> Moment:
    """The moment of a date and time that a device writes without its offset, on the clock of the device's zone.

    The hour that comes twice in October is the one nearest to receipt, the hour that March leaves out is not believed,
    and both are flagged.
    """
    try:
        written = datetime.fromisoformat(text) if isinstance(text, str) and _ISO_TIME.fullmatch(text) else None
    except ValueError:
        written = None
    if written is None:
        return moment_of(None, received_at=received_at, device=device)
    if written.tzinfo is not None:
        return moment_of(written.timestamp(), received_at=received_at, device=device)
    first, second = (written.replace(tzinfo=device.zone, fold=fold).timestamp() for fold in (0, 1))
    if first > second:
        return Moment(received_at, TimeSource.RECEIVED, Anomaly.LOCAL_TIME_NONEXISTENT, first)
    nearest = min(first, second, key=lambda ts: abs(ts - received_at.timestamp()))
    moment = moment_of(nearest, received_at=received_at, device=device)
    if first < second:
        return moment._replace(anomalies=moment.anomalies | Anomaly.LOCAL_TIME_AMBIGUOUS)
    return moment


def _finite(ts: object) -> float | None:
    if not is_number(ts):
        return None
    try:
        reported = float(ts)
    except OverflowError:
        return None
    return reported if math.isfinite(reported) else None
