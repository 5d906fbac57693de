"""Fees of members: what is asked, what was paid, who is late. Money is whole cents.

A payment has the next receipt number of its organisation, whose row is locked until the commit: receipts have no gaps.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Max, QuerySet

from cercollettiva.core import cards
from cercollettiva.core.models import (
    CERConfiguration,
    FeePayment,
    MembershipCard,
    MembershipState,
    Organisation,
    PaymentMethod,
)
from cercollettiva.core.registry import day_of
from cercollettiva.users.models import CustomUser

MOST_CENTS: Final = 100_000_00  # a fee of 100.000 euros is a slip of the pen
EARLIEST: Final = date(2000, 1, 1)  # a payment of before is a year that was mistyped
REMINDED_AFTER: Final = (timedelta(days=3), timedelta(days=30))
BETWEEN: Final = timedelta(days=21)  # two reminders of one fee, however late it is already


class FeeRefused(Exception):
    """The fee or the payment does not add up; `code` says how, for whoever shows it in words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code  # one of those that have words in web/desk/refusals.py


@transaction.atomic
def set_fee(card: MembershipCard, *, cents: int, on: date, due_on: date | None = None) -> MembershipCard:
    """Ask another amount: never below what was paid already. Without a new day nobody is late from one day to another.

    A day that is past and was not given anew moves on by the organisation's days to pay.
    """
    card = _locked(card)
    _plausible(cents)
    if cents < card.fee_paid_cents:
        raise FeeRefused("below_paid")
    _asked_of(card, cents, on, due_on)
    card.save(update_fields=["fee_due_cents", "fee_due_on"])
    return card


@transaction.atomic
def set_fees(
    community: CERConfiguration, *, cents: int, on: date, member_type: str = "", due_on: date | None = None
) -> int:
    """Ask an amount of all whose card is valid, or of one type of member; how many. Who paid more is left alone."""
    _plausible(cents)
    Organisation.objects.select_for_update(of=("self",)).get(pk=community.organisation_id)
    found = cards.valid_on(on).select_related("organisation")
    asked = found.filter(membership__community=community, fee_paid_cents__lte=cents)
    if member_type:
        asked = asked.filter(membership__member_type=member_type)
    changed = [_asked_of(card, cents, on, due_on) for card in asked]
    return MembershipCard.objects.bulk_update(changed, ["fee_due_cents", "fee_due_on"], batch_size=500)


@transaction.atomic
def pay(
    card: MembershipCard,
    *,
    method: PaymentMethod,
    paid_on: date,
    today: date,
    by: CustomUser | None,
    cents: int | None = None,
    read_cents: int | None = None,
) -> FeePayment:
    """Write down a payment under the next receipt number; without an amount it is what is still due.

    With `read_cents`, what was paid already as whoever pays has read it: a form that is sent twice is refused the
    second time.
    """
    card = _locked(card)
    if read_cents is not None and read_cents != card.fee_paid_cents:
        raise FeeRefused("changed_meanwhile")
    due = card.fee_due_cents - card.fee_paid_cents
    if due <= 0:
        raise FeeRefused("nothing_due")
    amount = due if cents is None else cents
    if amount <= 0:
        raise FeeRefused("negative")
    if amount > due:
        raise FeeRefused("more_than_due")
    if paid_on > today:
        raise FeeRefused("in_the_future")
    if paid_on < EARLIEST:
        raise FeeRefused("too_early")
    return _write(card, amount, method, paid_on, by, None)


@transaction.atomic
def reverse(payment: FeePayment, *, on: date, by: CustomUser | None) -> FeePayment:
    """Take back a payment that was written by mistake, by one more of the opposite sign."""
    card = _locked(payment.card)
    if payment.reverses_id is not None or FeePayment.objects.filter(reverses=payment).exists():
        raise FeeRefused("reversed")
    return _write(card, -payment.cents, PaymentMethod(payment.method), on, by, payment)


def late(queryset: QuerySet[MembershipCard], *, on: date) -> QuerySet[MembershipCard]:
    """The cards whose fee should have been paid before a day."""
    return queryset.filter(fee_due_on__lt=on, fee_due_cents__gt=F("fee_paid_cents"))


def open_fees(queryset: QuerySet[MembershipCard]) -> QuerySet[MembershipCard]:
    """The cards of which something is still due, late or not."""
    return queryset.filter(fee_due_cents__gt=F("fee_paid_cents"))


def to_remind(*, on: date) -> Iterable[tuple[MembershipCard, int]]:
    """The cards whose members are to be written to, and which time it would be; those who left are left alone."""
    standing = MembershipCard.objects.filter(membership__state=MembershipState.APPROVED, membership__active_to=None)
    found = late(standing.select_related("membership__user", "membership__community", "organisation"), on=on)
    told = found.annotate(last_step=Max("reminders__step"), last_sent=Max("reminders__sent_at"))
    for card in told.filter(membership__user__is_active=True):
        step = (card.last_step or 0) + 1
        if step > len(REMINDED_AFTER) or card.fee_due_on is None or card.fee_due_on + REMINDED_AFTER[step - 1] > on:
            continue
        if card.last_sent is None or day_of(card.last_sent) + BETWEEN <= on:
            yield card, step


def _asked_of(card: MembershipCard, cents: int, on: date, due_on: date | None) -> MembershipCard:
    is_past = card.fee_due_on is None or card.fee_due_on < on
    if due_on is None and is_past and cents > card.fee_paid_cents:
        due_on = on + timedelta(days=card.organisation.fee_days)
    card.fee_due_cents, card.fee_due_on = cents, due_on or card.fee_due_on
    return card


def _plausible(cents: int) -> None:
    if cents < 0:
        raise FeeRefused("negative")
    if cents > MOST_CENTS:
        raise FeeRefused("too_much")


def _locked(card: MembershipCard) -> MembershipCard:
    """The card as it is now, under its organisation's lock."""
    Organisation.objects.select_for_update(of=("self",)).get(pk=card.organisation_id)
    return MembershipCard.objects.select_related("membership__user", "organisation").get(pk=card.pk)


def _write(
    card: MembershipCard,
    cents: int,
    method: PaymentMethod,
    paid_on: date,
    by: CustomUser | None,
    reverses: FeePayment | None,
) -> FeePayment:
    numbers = FeePayment.objects.filter(organisation_id=card.organisation_id)
    payment = FeePayment.objects.create(
        organisation_id=card.organisation_id,
        card=card,
        receipt_number=(numbers.aggregate(last=Max("receipt_number"))["last"] or 0) + 1,
        cents=cents,
        method=method,
        paid_on=paid_on,
        reverses=reverses,
        recorded_by=by,
    )
    card.fee_paid_cents += cents
    card.fee_paid_at = payment.recorded_at if card.fee_paid_cents else None
    card.save(update_fields=["fee_paid_cents", "fee_paid_at"])
    return payment
