"""Papers as jobs: read what waits, take away what is due, write to whom it concerns before that."""

from __future__ import annotations

from datetime import datetime

from cercollettiva.core import applications
from cercollettiva.core.models import Application
from cercollettiva.documents import operations, reading
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
    """The applications that nobody sent, after their time, and the papers that came with them; how many rows went."""
    old = Application.objects.drafts().filter(updated_at__lt=now - applications.DRAFTS_LAST)
    operations.forget_with(old, at=now)
    return applications.forget_drafts(now=now)
