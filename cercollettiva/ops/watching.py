"""Watching over meters as a job: what is silent, what is odd, and who is told."""

from __future__ import annotations

from datetime import datetime

from cercollettiva.monitoring import backups, clocks, production, pushing, telling, watch


def watch_meters(now: datetime) -> str:
    """Look at every meter; a look at what another process has just looked at is left out."""
    seen = watch.check(now)
    return "nothing: another looks" if seen is None else f"{seen.meters} meters, +{seen.opened} -{seen.closed} alerts"


def tell_of_alerts(now: datetime) -> int:
    """Send what is due; how many mails left."""
    return telling.tell(now)


def check_clocks(now: datetime) -> tuple[int, int]:
    """Alerts about clocks that were opened, and closed."""
    return clocks.check_clocks(now)


def check_production(now: datetime) -> tuple[int, int]:
    """Alerts about plants that made too little yesterday that were opened, and closed."""
    return production.check_production(now)


def push_alerts(now: datetime) -> int:
    """Show what is due on people's devices; how many took something. Apart from the mails, which wait for no device."""
    return pushing.push(now)


def look_at_backups(now: datetime) -> bool:
    """Whether an alert stands because the last backup failed or is overdue."""
    return backups.look_at_backups(now)
