"""Writing down what became of backups, where health and the pages find it, and telling who must do something."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.db.models import Min

from cercollettiva.domain.calendar import ITALY
from cercollettiva.monitoring.kinds import BACKUP
from cercollettiva.monitoring.models import BackupRun
from cercollettiva.monitoring.operations import PLATFORM, open_alert, resolve_alert
from cercollettiva.users.models import CustomUser

BACKUP_RUNS_KEPT: Final = 400  # more than a year of nights
FRESH: Final = timedelta(hours=26)


class Standing(NamedTuple):
    """How the backups stand: the last one of all, and the last that succeeded."""

    last: BackupRun | None
    good: BackupRun | None

    @property
    def is_asked_for(self) -> bool:
        return self.last is not None or bool(settings.BACKUP_DIR)

    def is_well(self, now: datetime) -> bool:
        """Nothing failed since the last good one, and that is not older than a night and a bit."""
        is_fresh = self.good is not None and now - self.good.ended_at <= FRESH
        return is_fresh and self.last is not None and self.last.succeeded


def standing() -> Standing:
    runs = BackupRun.objects.order_by("-ended_at")
    return Standing(runs.first(), runs.filter(succeeded=True).first())


def look_at_backups(now: datetime) -> bool:
    """Open the platform's alert where the last backup failed or is overdue, close it with a good one; whether it is so.

    A platform that is younger than a night owes none yet.
    """
    found = standing()
    if not found.is_asked_for or found.is_well(now):
        resolve_alert(PLATFORM, BACKUP, at=now)
        return False
    first = CustomUser.objects.aggregate(first=Min("date_joined"))["first"]
    if found.last is None and (first is None or now - first <= FRESH):
        return False
    failed = found.last is not None and not found.last.succeeded
    details = {
        "since": f"{found.good.ended_at.astimezone(ITALY):%d/%m/%Y %H:%M}" if found.good else "–",
        "reason": found.last.reason.rstrip(".") if found.last is not None and failed else "–",
    }
    open_alert(PLATFORM, BACKUP, at=now, details=details)
    return True


def note_backup(
    *,
    started_at: datetime,
    ended_at: datetime,
    file_name: str = "",
    size: int = 0,
    row_count: int = 0,
    reason: str = "",
) -> BackupRun:
    """Write down what came of a backup: a file, or the reason why there is none."""
    run = BackupRun.objects.create(
        started_at=started_at,
        ended_at=max(started_at, ended_at),
        succeeded=not reason,
        file_name=file_name,
        size=size,
        row_count=row_count,
        reason=reason[:500],
    )
    old = BackupRun.objects.order_by("-pk").values_list("pk", flat=True)[BACKUP_RUNS_KEPT:]
    BackupRun.objects.filter(pk__in=list(old)).delete()
    return run
