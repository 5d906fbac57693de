"""The copies that people ask for: made one after the other by `work`, kept encrypted for a day, then forgotten."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from cercollettiva.users.audit import Action, record
from cercollettiva.users.exports import LASTS, DataExport, ExportState
from cercollettiva.users.models import CustomUser
from cercollettiva.users.rights import sealed
from cercollettiva.users.rights.archive import write_archive

logger = logging.getLogger(__name__)

GIVEN_UP_AFTER: Final = timedelta(hours=1)  # a worker that was killed leaves its export running
MOST_AT_ONCE: Final = 20


@transaction.atomic
def ask(user: CustomUser, *, at: datetime) -> DataExport:
    """The copy that is being made; a new one takes the place of those that are there."""
    CustomUser.objects.select_for_update(of=("self",)).get(pk=user.pk)
    waiting = DataExport.objects.unfinished().filter(user=user).first()
    if waiting is not None:
        return waiting
    for older in DataExport.objects.filter(user=user):
        _forget(older)
    return DataExport.objects.create(user=user, asked_at=at)


def make_waiting(now: datetime) -> int:
    """Make the copies that were asked for; how many. One that fails does not keep the others."""
    for stuck in DataExport.objects.filter(state=ExportState.RUNNING, started_at__lt=now - GIVEN_UP_AFTER):
        sealed.remove(stuck.file_id)
        DataExport.objects.filter(pk=stuck.pk, state=ExportState.RUNNING).update(state=ExportState.QUEUED)
    made = 0
    while made < MOST_AT_ONCE and (export := _next(now)) is not None:
        try:
            _make(export, now)
        except Exception:  # one person's rows must not keep another waiting: it is logged, and the page says so
            logger.exception("The copy %d was not made", export.pk)
            sealed.remove(export.file_id)
            DataExport.objects.filter(pk=export.pk).update(state=ExportState.FAILED, finished_at=now)
        made += 1
    return made


def forget_old(now: datetime) -> int:
    """Delete the copies whose time has passed, and files that no row knows; how many copies went."""
    old = list(DataExport.objects.over_at(now))
    for export in old:
        with transaction.atomic():
            _forget(export)
    for file_id in sealed.all_ids() - set(DataExport.objects.values_list("file_id", flat=True)):
        sealed.remove(file_id)
    return len(old)


def take(export: DataExport, *, at: datetime) -> Iterator[bytes]:
    """The archive, for the person whose it is; that they took it is written down. Raises BrokenFile."""
    content = sealed.read(export.file_id, export.file_key)
    record(Action.DATA_EXPORTED, actor=export.user_id, subject=export.user, at=at)
    return content


@transaction.atomic
def _next(now: datetime) -> DataExport | None:
    waiting = DataExport.objects.select_for_update(of=("self",), skip_locked=True).filter(state=ExportState.QUEUED)
    export = waiting.select_related("user").order_by("asked_at").first()
    if export is not None:
        export.state, export.started_at, export.file_key = ExportState.RUNNING, now, sealed.new_key()
        export.save(update_fields=["state", "started_at", "file_key"])
    return export


def _make(export: DataExport, now: datetime) -> None:
    sealed.remove(export.file_id)
    with sealed.SealedWriter(export.file_id, export.file_key) as writer:
        write_archive(export.user, writer, at=now)
    ready = {"state": ExportState.READY, "size": writer.size, "finished_at": now, "expires_at": now + LASTS}
    if not DataExport.objects.filter(pk=export.pk, state=ExportState.RUNNING).update(**ready):
        sealed.remove(export.file_id)  # the person was erased in the meantime


def _forget(export: DataExport) -> None:
    export.delete()
    transaction.on_commit(lambda: sealed.remove(export.file_id))
