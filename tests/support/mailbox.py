"""What people find in their mail: what went at once, and what the outbox holds for `work` to send."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core import mail
from django.core.mail import EmailMessage

from cercollettiva.users import outbox

ONE_DAY = datetime(2100, 1, 1, tzinfo=UTC)  # whatever a test's clock says, everything is due


def delivered() -> list[EmailMessage]:
    """All mails so far, the oldest first."""
    outbox.deliver(ONE_DAY)
    return list(mail.outbox)
