"""When papers go: at the end of their term, unless a law holds them; what went leaves a row without its content."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from django.db import transaction
from django.utils import timezone

from cercollettiva.documents import files
from cercollettiva.documents.accesses import note
from cercollettiva.documents.models import AccessKind, Document, Processing, all_keepings

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser

TOLD_BEFORE: Final = timedelta(days=30)
ORPHAN_AFTER: Final = timedelta(hours=1)  # a file whose row was never committed


class OnHold(ValueError):
    """A law or a dispute keeps the paper: it cannot be deleted."""


class Outcome(NamedTuple):
    """What a run did, or would do."""

    deleted: list[int]  # documents
    held: list[int]  # past their term, and kept by a legal hold
    orphans: int  # files without a row


def due(today: date) -> Iterator[Document]:
    """The papers whose term, as it is now, has passed. The terms may have changed since they were saved."""
    keepings = all_keepings()
    for document in Document.objects.kept().order_by("pk").iterator():
        if document.term(keepings[document.type]) < today:
            yield document


def expiring(today: date) -> list[Document]:
    """Those that go within a month."""
    keepings = all_keepings()
    kept = Document.objects.kept().order_by("pk")
    return [one for one in kept if today <= one.term(keepings[one.type]) <= today + TOLD_BEFORE]


def run(now: datetime, *, dry_run: bool = False) -> Outcome:
    """Delete what is past its term. Each paper by itself: one that cannot go does not keep the others."""
    deleted, held = [], []
    for document in due(timezone.localdate(now)):
        if document.legal_hold:
            held.append(document.pk)
            continue
        if not dry_run:
            delete(document, by=None, at=now)
        deleted.append(document.pk)
    return Outcome(deleted, held, _sweep(now, dry_run=dry_run))


@transaction.atomic
def delete(document: Document, *, by: CustomUser | None, at: datetime) -> None:
    """Destroy the file and what was read from it. The row stays as the proof. Raises OnHold."""
    document = Document.objects.select_for_update().get(pk=document.pk)
    if document.legal_hold:
        raise OnHold("A legal hold keeps this paper.")
    if document.deleted_at:
        return
    document.deleted_at = at
    document.file_key = document.sha256 = document.read_json = document.notes = document.processing_error = ""
    document.file_name = ""
    document.processing = Processing.NONE
    document.save()
    note(document, AccessKind.DELETED, by=by)
    transaction.on_commit(lambda: files.remove(document.file_id))


def _sweep(now: datetime, *, dry_run: bool) -> int:
    """Files that no row knows: a crash between the file and its row leaves one."""
    known = set(Document.objects.kept().values_list("file_id", flat=True))
    orphans = 0
    for file_id in files.all_ids() - known:
        written = datetime.fromtimestamp(files.path_of(file_id).stat().st_mtime, tz=now.tzinfo)
        if now - written >= ORPHAN_AFTER:
            orphans += 1
            if not dry_run:
                files.remove(file_id)
    return orphans
