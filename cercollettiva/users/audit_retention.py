"""The oldest lines of the audit log go when their term is over; what is left is still a chain.

An anchor takes the place of what went: the number and hash of the last line that is no more. The database lets nobody
delete a line that comes after the anchor, or that is younger than `append_only.LEAST_KEPT` (migration 0007). Each
retirement is a line of the log itself, so an anchor that nobody's retirement explains is found by `audit verify`.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Min

from cercollettiva.users.audit import Action, AuditAnchor, AuditLine, record


class RetiredLines(NamedTuple):
    before: datetime
    rows: int


@transaction.atomic
def retire_lines(now: datetime, *, dry_run: bool = False) -> RetiredLines:
    """Take away the lines from the oldest to the first one whose term is not over; the only way by which a line goes.

    A line that was written late, with an older time, waits for those before it: a chain has no holes.
    """
    before = now - settings.KEEP_AUDIT
    old = AuditLine.objects.filter(at__lt=before)
    first_to_stay = AuditLine.objects.filter(at__gte=before).aggregate(Min("seq"))["seq__min"]
    if first_to_stay is not None:
        old = old.filter(seq__lt=first_to_stay)
    last = old.order_by("-seq").first()
    if last is None:
        return RetiredLines(before, 0)
    rows = old.count()
    if not dry_run:
        # Recorded first: it locks the end of the chain, and of two processes at this one waits.
        record(Action.LINES_RETIRED, actor=None, details={"through": last.seq, "lines": rows}, at=now)
        AuditAnchor.objects.update_or_create(pk=1, defaults={"seq": last.seq, "hash": last.hash})
        old._raw_delete(old.db)
    return RetiredLines(before, rows)
