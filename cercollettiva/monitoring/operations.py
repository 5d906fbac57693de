"""Opening and closing alerts: one unresolved alert of each kind for each subject, whoever notices first.

A job says each time what it sees: `open_alert` where something is wrong, `resolve_alert` where it is not. Both change
nothing when there is nothing to change, and of two processes that say the same, one does it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from django.db import IntegrityError, transaction
from django.utils import translation

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.monitoring.kinds import kind_of
from cercollettiva.monitoring.models import Alert, AlertEvent, AlertState, Change
from cercollettiva.monitoring.severity import Severity

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser

logger = logging.getLogger(__name__)


class Whole(Enum):
    """The subject of what stops everything."""

    PLATFORM = "platform"


PLATFORM: Final = Whole.PLATFORM
Subject = Plant | CERConfiguration | DeviceConfiguration | Whole


def open_alert(
    subject: Subject,
    kind: str,
    message: str = "",
    *,
    at: datetime,
    details: Mapping[str, Any] | None = None,
    severity: Severity | None = None,
) -> Alert | None:
    """Open an alert of a kind of the list about a subject, unless one is unresolved: then None.

    Without a message the kind says it with the details. Whoever is to be told is told by `monitoring.telling`, from
    the line this leaves in the alert's history.
    """
    chosen, about = kind_of(kind), _about(subject)
    if Alert.objects.unresolved().filter(**about, kind=kind).exists():
        return None
    message = message or in_italian(kind, details or {})
    values = {"message": message, "details": dict(details or {}), "severity": severity or chosen.severity}
    try:
        with transaction.atomic():
            alert = Alert.objects.create(**about, kind=kind, opened_at=at, **values)
            AlertEvent.objects.create(alert=alert, at=at, change=Change.OPENED)
    except IntegrityError:  # another process was quicker, or the subject has just been removed
        return None
    logger.warning("Alert %s about %s", kind, alert.subject or "the platform")
    return alert


def in_italian(kind: str, details: Mapping[str, Any]) -> str:
    """What an alert says, as its row keeps it."""
    with translation.override("it"):
        return kind_of(kind).text(details)


def resolve_alert(
    subject: Subject,
    kind: str,
    *,
    at: datetime,
    by: CustomUser | None = None,
    note: str = "",
    change: Change = Change.RESOLVED,
) -> bool:
    """Close the unresolved alert of a kind about a subject; whether this call closed one.

    `change` is FOLDED where a greater alert takes its place: nobody is told that it is over.
    """
    alert = Alert.objects.unresolved().filter(**_about(subject), kind=kind).first()
    return alert is not None and close(alert, at=at, by=by, note=note, change=change)


def close(
    alert: Alert, *, at: datetime, by: CustomUser | None = None, note: str = "", change: Change = Change.RESOLVED
) -> bool:
    """Close this alert; False where it is closed already. The row as given follows."""
    closed = max(at, alert.opened_at)
    with transaction.atomic():
        values = {"state": AlertState.RESOLVED, "closed_at": closed, "snoozed_until": None}
        if not Alert.objects.unresolved().filter(pk=alert.pk).update(**values):
            return False
        told = closed if change is Change.FOLDED else None
        AlertEvent.objects.create(alert=alert, at=at, change=change, by=by, note=note, told_at=told)
    alert.state, alert.closed_at, alert.snoozed_until = AlertState.RESOLVED, closed, None
    return True


def _about(subject: Subject) -> dict[str, Any]:
    if isinstance(subject, Whole):
        return {"is_platform": True}
    if isinstance(subject, Plant):
        return {"plant": subject}
    if isinstance(subject, CERConfiguration):
        return {"community": subject}
    return {"device": subject}
