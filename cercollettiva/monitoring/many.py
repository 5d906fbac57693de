"""Opening and closing many alerts at once: a handful of queries, whatever the number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import translation

from cercollettiva.monitoring.kinds import kind_of
from cercollettiva.monitoring.models import Alert, AlertEvent, AlertState, Change

Details = Mapping[str, Any]
Wanted = tuple[str, int | None, Details]  # subject's column, its key, details


def open_many(kind: str, wanted: Iterable[Wanted], *, at: datetime) -> int:
    """Open an alert of a kind about each subject that has none unresolved; how many."""
    chosen = kind_of(kind)
    rows = []
    with translation.override("it"):
        for column, key, details in wanted:
            about = {"is_platform": True} if column == "platform" else {f"{column}_id": key}
            message = chosen.text(details)
            values = {"severity": chosen.severity, "message": message, "details": dict(details), "opened_at": at}
            rows.append(Alert(kind=kind, **about, **values))
    if not rows:
        return 0
    with transaction.atomic():
        Alert.objects.bulk_create(rows, ignore_conflicts=True)  # the database says which there is already
        opened = Alert.objects.filter(kind=kind, opened_at=at, events__isnull=True)
        lines = [AlertEvent(alert=alert, at=at, change=Change.OPENED) for alert in opened]
        AlertEvent.objects.bulk_create(lines)
    return len(lines)


def close_many(keys: Iterable[int], *, at: datetime, change: Change = Change.RESOLVED) -> int:
    """Close those of these alerts that are unresolved; how many."""
    chosen = list(keys)
    if not chosen:
        return 0
    found = Alert.objects.unresolved().filter(pk__in=chosen, opened_at__lte=at).order_by("pk")
    told = at if change is Change.FOLDED else None
    with transaction.atomic():
        locked = list(found.select_for_update(of=("self",)).values_list("pk", flat=True))
        Alert.objects.filter(pk__in=locked).update(state=AlertState.RESOLVED, closed_at=at, snoozed_until=None)
        AlertEvent.objects.bulk_create([AlertEvent(alert_id=key, at=at, change=change, told_at=told) for key in locked])
    return len(locked)
