"""Mails of the members' desk, in Italian and below in English: a job does not know who reads what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from cercollettiva.core import fees
from cercollettiva.core.models import CERConfiguration, FeeReminder, MembershipCard
from cercollettiva.core.registry import day_of
from cercollettiva.users import outbox
from cercollettiva.users.models import CustomUser, OutgoingMail
from cercollettiva.web import formats


def remind_of_fees(now: datetime) -> int:
    """Write to the members whose fee is late; how many. A row for each mail stands before it: none goes twice."""
    sent = 0
    for card, step in fees.to_remind(on=day_of(now)):
        with transaction.atomic():
            _row, is_new = FeeReminder.objects.get_or_create(card=card, step=step, defaults={"sent_at": now})
            if is_new:
                outbox.post_all([_reminder(card, now)])
                sent += 1
    return sent


def invite(community: CERConfiguration, people: Iterable[CustomUser], now: datetime) -> int:
    """Tell people who came by a file that they have an account, and how to choose a password; how many."""
    url = settings.SITE_URL.rstrip("/") + reverse("account_reset_password")
    return outbox.post_all(
        _mail("register/mail/welcome.txt", user.email, {"user": user, "community": community, "url": url}, now)
        for user in people
    )


def _reminder(card: MembershipCard, now: datetime) -> OutgoingMail:
    today = day_of(now)
    due = card.fee_due_cents - card.fee_paid_cents
    context = {
        "user": card.membership.user,
        "community": card.membership.community,
        "organisation": card.organisation,
        "card": card,
        "due_it": formats.money(due),
        "due_en": formats.money(due, locale="en"),
        "day": formats.date(card.fee_due_on),
        "days": (today - card.fee_due_on).days if card.fee_due_on else 0,
        "iban": formats.iban(card.organisation.iban) if card.organisation.iban else "",
        "url": settings.SITE_URL.rstrip("/") + reverse("register:me"),
    }
    return _mail("register/mail/reminder.txt", card.membership.user.email, context, now)


def _mail(template: str, address: str, context: dict[str, Any], now: datetime) -> OutgoingMail:
    text = outbox.rendered(template, context, language="it")
    return outbox.row(address, text, template=template, at=now, language="it")
