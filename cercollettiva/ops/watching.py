"""Watching over meters as a job: what is silent, what is odd, and who is told."""

from __future__ import annotations

from datetime import datetime

from cercollettiva.monitoring import clocks, production, telling, watch


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
