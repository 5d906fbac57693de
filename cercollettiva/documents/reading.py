"""Papers that wait to be read are read, one after the other, in a process of their own.

What there is to do stands in the rows: a worker that is killed leaves its paper under way, and the next takes it again.
"""

from __future__ import annotations

import base64
import json
import logging
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from cercollettiva.documents import files
from cercollettiva.documents.child import in_child
from cercollettiva.documents.formats import PDF
from cercollettiva.documents.intake import plain_copy
from cercollettiva.documents.models import Document, Processing
from cercollettiva.documents.refusals import Reason, refusal
from cercollettiva.documents.types import READ_BY, DocumentType

logger = logging.getLogger(__name__)

GIVEN_UP_AFTER: Final = timedelta(minutes=2)  # a reading takes 20 seconds at most


def read_waiting(now: datetime) -> int:
    """Read what waits; how many papers."""
    stale = Document.objects.filter(processing=Processing.RUNNING, processing_since__lt=now - GIVEN_UP_AFTER)
    stale.update(processing=Processing.WAITING)
    read = 0
    while (document := _next(now)) is not None:
        _keep(document, _read(document), now)
        read += 1
    return read


def something_waits() -> bool:
    return Document.objects.filter(processing=Processing.WAITING).exists()


def page_of(document: Document) -> bytes | None:
    """The first page as a PNG; None where it cannot be drawn. Raises MissingFile."""
    if document.media_type != PDF:
        return files.read(document.file_id, document.file_key)
    with plain_copy(files.read(document.file_id, document.file_key)) as path:
        answer = in_child("page", path)
    return base64.b64decode(answer["png"]) if "png" in answer else None


@transaction.atomic
def read_again(document: Document) -> bool:
    """Put a paper that could not be read back into the queue; whether it was one."""
    failed = Document.objects.kept().filter(pk=document.pk, processing=Processing.FAILED)
    return bool(failed.update(processing=Processing.WAITING, processing_error="", processing_since=None))


@transaction.atomic
def _next(now: datetime) -> Document | None:
    waiting = Document.objects.kept().filter(processing=Processing.WAITING)
    document = waiting.select_for_update(of=("self",), skip_locked=True).order_by("uploaded_at", "pk").first()
    if document is not None:
        document.processing, document.processing_since = Processing.RUNNING, now
        document.save(update_fields=["processing", "processing_since"])
    return document


def _read(document: Document) -> dict[str, Any]:
    if document.media_type != PDF:
        return {"rejected": refusal(Reason.A_PICTURE)}
    try:
        with plain_copy(files.read(document.file_id, document.file_key)) as path:
            return in_child(READ_BY[DocumentType(document.type)], path)
    except files.MissingFile:
        return {"rejected": refusal(Reason.MISSING)}
    except Exception:  # one paper that breaks its reader must not stop the others: it is logged, and the page says so
        logger.exception("Document %d was not read", document.pk)
        return {"rejected": refusal(Reason.UNREADABLE)}


@transaction.atomic
def _keep(document: Document, answer: dict[str, Any], now: datetime) -> None:
    """Unless it was deleted meanwhile."""
    fresh = Document.objects.kept().select_for_update().filter(pk=document.pk).first()
    if fresh is None:
        return
    fresh.processing_error = str(answer.get("rejected", ""))
    fresh.processing = Processing.FAILED if "rejected" in answer else Processing.DONE
    fresh.processing_since = now
    fresh.read_json = "" if "rejected" in answer else json.dumps(answer, ensure_ascii=False)
    fresh.save(update_fields=["processing", "processing_error", "processing_since", "read_json"])
