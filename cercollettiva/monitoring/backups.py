"""Writing down what became of backups, where health and the pages find it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from cercollettiva.monitoring.models import BackupRun

BACKUP_RUNS_KEPT: Final = 400  # more than a year of nights


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
