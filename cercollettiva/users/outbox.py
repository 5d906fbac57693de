"""The one door for mails: `post` writes a row in the transaction of what it tells, `deliver` sends it from `work`.

No request waits for the mail server, and what is rolled back is not told. A mail goes at least once: whoever sends it
takes its row first, by compare-and-set, for as long as a round may last; a worker that dies leaves it to the next. A
server that is away costs no attempt, it only makes everything wait; an address that is refused is tried for three days
and holds nobody up. Then it is given up, and platform staff may try again.
"""

from __future__ import annotations

import logging
import re
import smtplib
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import Max, Min, Q
from django.template.loader import render_to_string
from django.utils import translation

from cercollettiva.users.mails import MailState, OutgoingMail

logger = logging.getLogger(__name__)

MINUTES: Final = (1, 5, 15, 60, 4 * 60, 8 * 60, 12 * 60, 24 * 60, 24 * 60)  # between two attempts: three days in all
SERVER_AWAY: Final = timedelta(minutes=1)
LEASE: Final = timedelta(minutes=15)  # longer than a round
ROUND: Final = 300  # [s] what is left goes with the next
AT_ONCE: Final = 500  # mails of one round
BROKEN_IN_A_ROW: Final = 3  # connections: then it is the server, not the mails
KEEP_SENT: Final = timedelta(days=7)
KEEP_GIVEN_UP: Final = timedelta(days=30)
LATE: Final = timedelta(minutes=15)
LONGEST_SUBJECT: Final = 200
ADDRESS: Final = re.compile(r"[^\s<>\"'()]+@[^\s<>\"'()]+")
CLOSING: Final = 421  # the server hangs up
RAN_OUT: Final = "ran out before it could be sent"


class Standing(NamedTuple):
    """How the mails stand."""

    waiting: int
    oldest_waiting: datetime | None
    given_up: int
    last_sent: datetime | None
    is_stuck: bool  # some have waited that long without being tried: nobody sends, or the server is away


def rendered(template: str, context: Mapping[str, Any], *, language: str = "") -> str:
    """A mail's text, its first line the subject; in the language of the moment unless another is given."""
    with translation.override(language or translation.get_language()):
        return render_to_string(template, dict(context)).strip()


def post(to: str, template: str, context: Mapping[str, Any], *, at: datetime, language: str = "") -> None:
    """Write a mail to somebody. It leaves within seconds of the commit."""
    put(to, rendered(template, context, language=language), template=template, at=at, language=language)


def put(
    to: str, text: str, *, template: str, at: datetime, language: str = "", useless_after: datetime | None = None
) -> None:
    """The same for a text that is there already."""
    row(to, text, template=template, at=at, language=language, useless_after=useless_after).save()


def post_all(rows: Iterable[OutgoingMail]) -> int:
    """Write many at once; how many."""
    return len(OutgoingMail.objects.bulk_create(rows, batch_size=500))


def row(to: str, text: str, *, template: str, at: datetime, language: str = "", **more: Any) -> OutgoingMail:
    """A mail that is not written yet, for `post_all`."""
    return OutgoingMail(
        recipient=to,
        text=text,
        template=template,
        language=language or translation.get_language() or "",
        posted_at=at,
        next_try_at=at,
        **more,
    )


def message_of(to: str, text: str) -> EmailMessage:
    """One plain text; a subject is one line, whatever people are called."""
    subject, _blank, body = text.strip().partition("\n")
    return EmailMessage(" ".join(subject.split())[:LONGEST_SUBJECT], body.strip() + "\n", to=[to])


def something_waits(now: datetime) -> bool:
    return OutgoingMail.objects.due_at(now).exists()


def deliver(now: datetime) -> int:
    """One round: send what is due, the oldest first; how many left. Other processes may do the same meanwhile."""
    began, sent, broken = time.monotonic(), 0, 0
    _let_go(now)
    server: BaseEmailBackend | None = None
    due = OutgoingMail.objects.due_at(now).order_by("next_try_at", "pk").values_list("pk", "attempts")
    for key, attempts in list(due[:AT_ONCE]):
        if broken >= BROKEN_IN_A_ROW or time.monotonic() - began > ROUND:
            break
        if server is None and (server := _open(now)) is None:
            break
        if not _take(key, attempts, now):
            continue  # another process has it
        mail = OutgoingMail.objects.get(pk=key)
        error = _send(mail, server)
        if error is None:
            _close(mail, MailState.SENT, sent_at=now, recipient="", text="", error="")
            sent, broken = sent + 1, 0
            continue
        _put_off(mail, error, now)
        if not _is_an_answer(error):
            broken += 1
            _hang_up(server)
            server = None
    if server is not None:
        _hang_up(server)
    return sent


def try_again(mails: Any, now: datetime) -> int:
    """Those that were given up begin anew, and those that wait need not; how many."""
    again = mails.filter(state__in=(MailState.WAITING, MailState.GIVEN_UP))
    changed: int = again.update(state=MailState.WAITING, attempts=0, next_try_at=now, useless_after=None)
    return changed


def forget(now: datetime) -> int:
    """What was sent a week ago, and what was given up a month ago; how many rows went."""
    old = Q(state=MailState.SENT, sent_at__lt=now - KEEP_SENT)
    old |= Q(state=MailState.GIVEN_UP, posted_at__lt=now - KEEP_GIVEN_UP)
    gone, _by_table = OutgoingMail.objects.filter(old).delete()
    return gone


def standing(now: datetime) -> Standing:
    """In three queries, each on an index."""
    waiting = OutgoingMail.objects.waiting()
    oldest = waiting.aggregate(oldest=Min("posted_at"))["oldest"]
    last = OutgoingMail.objects.filter(state=MailState.SENT).aggregate(last=Max("sent_at"))["last"]
    return Standing(
        waiting=waiting.count(),
        oldest_waiting=oldest,
        given_up=OutgoingMail.objects.filter(state=MailState.GIVEN_UP).count(),
        last_sent=last,
        is_stuck=waiting.filter(attempts=0, posted_at__lt=now - LATE).exists(),
    )


def _take(key: int, attempts: int, now: datetime) -> bool:
    """Compare and set: of two processes that saw the same row, one has it until the lease ends."""
    mine = OutgoingMail.objects.due_at(now).filter(pk=key, attempts=attempts)
    return bool(mine.update(attempts=attempts + 1, next_try_at=now + LEASE))


def _open(now: datetime) -> BaseEmailBackend | None:
    """A connection that serves the round. Where there is none everything that is due waits a minute, untried."""
    server = get_connection()
    try:
        server.open()
    except OSError as error:  # a refusal to sign in is one too
        logger.warning("The mail server does not answer: %s", _reason(error))
        OutgoingMail.objects.due_at(now).update(next_try_at=now + SERVER_AWAY, error=_reason(error))
        return None
    return server


def _send(mail: OutgoingMail, server: BaseEmailBackend) -> Exception | None:
    try:
        message = message_of(mail.recipient, mail.text)
        message.connection = server
        message.send()
    except (OSError, ValueError) as error:  # the server, or a header that cannot be written
        return error
    return None


def _put_off(mail: OutgoingMail, error: Exception, now: datetime) -> None:
    reason = _reason(error)
    logger.warning("Mail %d did not leave, attempt %d: %s", mail.pk, mail.attempts, reason)
    if mail.attempts > len(MINUTES):
        _close(mail, MailState.GIVEN_UP, error=reason)
        return
    later = now + timedelta(minutes=MINUTES[mail.attempts - 1])
    OutgoingMail.objects.filter(pk=mail.pk, attempts=mail.attempts).update(next_try_at=later, error=reason)


def _close(mail: OutgoingMail, state: MailState, **changed: Any) -> None:
    """Unless its lease ended and somebody else has it now: then what they do counts."""
    OutgoingMail.objects.waiting().filter(pk=mail.pk, attempts=mail.attempts).update(state=state, **changed)


def _let_go(now: datetime) -> None:
    """A code that has run out helps nobody."""
    OutgoingMail.objects.due_at(now).filter(useless_after__lt=now).update(state=MailState.GIVEN_UP, error=RAN_OUT)


def _hang_up(server: BaseEmailBackend) -> None:
    with suppress(OSError):  # it may have gone already
        server.close()


def _is_an_answer(error: Exception) -> bool:
    """Whether the server answered about this mail and still listens, or the connection broke."""
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code != CLOSING
    return isinstance(error, (smtplib.SMTPRecipientsRefused, ValueError))


def _reason(error: Exception) -> str:
    """What a server said, without the address it said it of."""
    said = str(error) or type(error).__name__
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        said = "; ".join(f"{code} {_words(answer)}" for code, answer in error.recipients.values())
    elif isinstance(error, smtplib.SMTPResponseException):
        said = f"{error.smtp_code} {_words(error.smtp_error)}"
    return ADDRESS.sub("…", said)[:200]


def _words(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
