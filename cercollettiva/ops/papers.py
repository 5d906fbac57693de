"""Papers as jobs: read what waits, take away what is due, write to whom it concerns before that."""

from __future__ import annotations

from datetime import datetime

from cercollettiva.core import applications
from cercollettiva.documents import operations, reading
from cercollettiva.documents.models import Document
from cercollettiva.ops.retention import retire_papers
from cercollettiva.web.papers import mails


def read_papers(now: datetime) -> int:
    """Read the attestations and bills that wait; how many. One whose worker died is read again."""
    return reading.read_waiting(now)


def retire_old_papers(now: datetime) -> list[str]:
    """Take away the papers whose term has passed."""
    return [f"{one.table}: {one.rows}" for one in retire_papers(now) if one.rows]


def tell_of_expiring_papers(now: datetime) -> int:
    """Write once to those whose papers go within a month."""
    return mails.tell_of_expiring(now)


def forget_drafts(now: datetime) -> int:
    """The applications that nobody sent, after their time, and the papers that came with them; how many rows went.

    One whose paper a law holds stays: it may be all that says whose the paper is.
    """
    held = set(Document.objects.kept().filter(legal_hold=True).values_list("application", flat=True)) - {None}
    operations.forget_with(applications.forgotten_drafts(now=now).exclude(pk__in=held), at=now)
    return applications.forget_drafts(now=now, but=held)
