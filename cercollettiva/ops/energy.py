"""Energy as a job: compute what is marked, then tell people what was odd about it."""

from __future__ import annotations

from datetime import datetime

from cercollettiva.energy.aggregation import Aggregated, aggregate
from cercollettiva.energy.retention import retire
from cercollettiva.monitoring.energy import tell_of_registers, tell_of_reversed_channels


def aggregate_and_tell(now: datetime, *, wait: bool = True) -> Aggregated:
    """Compute what is marked, and open an alert for each register that was reset or jumped."""
    outcome = aggregate(now, wait=wait)
    if outcome.events:
        tell_of_registers(now)
    return outcome


def aggregate_if_free(now: datetime) -> Aggregated:
    """The same as a job: where another process is at it, there is nothing left to do."""
    return aggregate_and_tell(now, wait=False)


def check_directions(now: datetime) -> int:
    """Open an alert for each channel that measures backwards what its role says."""
    return tell_of_reversed_channels(now)


def retire_old_rows(now: datetime) -> list[str]:
    """Take away what is older than its term."""
    return [f"{one.table}: {one.rows}" for one in retire(now) if one.rows or one.months]
