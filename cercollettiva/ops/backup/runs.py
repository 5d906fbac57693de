"""A backup, and what became of it written where health and the pages find it."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone, translation

from cercollettiva.monitoring.backups import look_at_backups, note_backup
from cercollettiva.ops.backup.errors import BackupFailed
from cercollettiva.ops.backup.making import Made, make
from cercollettiva.users.log_format import told

logger = logging.getLogger(__name__)


def back_up(now: datetime, *, folder: Path | None = None, keep_all: bool = False) -> Made:
    """Make one and note it; a failure is noted too, and raised again as BackupFailed."""
    try:
        with translation.override("it"):
            made = make(now, folder=folder, keep_all=keep_all)
    except BackupFailed as error:
        _note_failure(now, str(error))
        raise
    except Exception as error:  # whatever it was, there is no backup: the table must say so
        _note_failure(now, told(error))
        raise
    note_backup(
        started_at=now,
        ended_at=timezone.now(),
        file_name=made.path.name,
        size=made.bytes,
        row_count=made.manifest.rows,
    )
    look_at_backups(timezone.now())
    return made


def _note_failure(now: datetime, reason: str) -> None:
    try:
        note_backup(started_at=now, ended_at=timezone.now(), reason=reason)
        look_at_backups(timezone.now())
    except DatabaseError as error:  # it may be why there is none
        logger.warning("What became of the backup could not be written down: %s", error)


def back_up_if_asked(now: datetime) -> str:
    """For the nightly job: what was done, in a word for the log."""
    if not settings.BACKUP_DIR:
        return "no BACKUP_DIR"
    try:
        made = back_up(now)
    except BackupFailed as error:
        logger.error("There is no backup of tonight: %s", error)  # noqa: TRY400  # the reason says it all
        return "failed"
    return f"{made.path.name}, {made.bytes} bytes"
