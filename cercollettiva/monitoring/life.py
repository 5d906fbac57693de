"""What people, and time, do with an alert between its opening and its end.

Each step is a compare-and-set: it changes the row only from the states it may start from, and writes one line of
history in the same transaction. Of two that do the same, one does it and the other is told False.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from cercollettiva.monitoring.models import Alert, AlertEvent, AlertState, Change
from cercollettiva.monitoring.operations import close

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser

LONGEST_SNOOZE: Final = timedelta(days=90)
ESCALATE_AFTER: Final = timedelta(hours=24)  # without anybody who takes it
NOTE_LENGTH: Final = 1000

_WAITING: Final = (AlertState.OPEN, AlertState.ESCALATED)
_BEFORE_SNOOZE: Final = (*_WAITING, AlertState.ACKNOWLEDGED, AlertState.SNOOZED)


class NotNow(ValueError):
    """A time that an alert cannot be put off to."""


class DataDecides(ValueError):
    """This alert ends when the data says so, not when somebody says so."""


def acknowledge(alert: Alert, *, by: CustomUser, at: datetime, note: str = "") -> bool:
    """Somebody takes it: nobody is reminded, nothing is escalated."""
    allowed = (*_WAITING, AlertState.SNOOZED)
    return _become(alert, AlertState.ACKNOWLEDGED, Change.ACKNOWLEDGED, allowed, at=at, by=by, note=note)


def snooze(alert: Alert, *, until: datetime, by: CustomUser, at: datetime, note: str = "") -> bool:
    """Put it off: it comes back as open at that time, if it is still so."""
    if not at < until <= at + LONGEST_SNOOZE:
        raise NotNow
    return _become(
        alert, AlertState.SNOOZED, Change.SNOOZED, _BEFORE_SNOOZE, at=at, by=by, note=note, snoozed_until=until
    )


def resolve(alert: Alert, *, by: CustomUser, at: datetime, note: str = "") -> bool:
    """Somebody says that it is over; DataDecides for what data closes by itself."""
    if alert.about is not None and alert.about.by_data:
        raise DataDecides
    return close(alert, at=at, by=by, note=note)


def wake(alert: Alert, *, at: datetime) -> bool:
    """What was put off until now is open again."""
    return _become(alert, AlertState.OPEN, Change.WOKEN, (AlertState.SNOOZED,), at=at)


def escalate(alert: Alert, *, at: datetime) -> bool:
    """Nobody took it in time: those who administer are told."""
    return _become(alert, AlertState.ESCALATED, Change.ESCALATED, (AlertState.OPEN,), at=at)


def _become(
    alert: Alert,
    state: AlertState,
    change: Change,
    allowed: Iterable[AlertState],
    *,
    at: datetime,
    by: CustomUser | None = None,
    note: str = "",
    snoozed_until: datetime | None = None,
) -> bool:
    values: dict[str, Any] = {"state": state, "snoozed_until": snoozed_until}
    with transaction.atomic():
        if not Alert.objects.filter(pk=alert.pk, state__in=list(allowed)).update(**values):
            return False
        told = at if by is not None else None  # who takes it or puts it off tells nobody
        AlertEvent.objects.create(
            alert=alert, at=at, change=change, by=by, note=note, until=snoozed_until, told_at=told
        )
    alert.state, alert.snoozed_until = state, snoozed_until
    return True
