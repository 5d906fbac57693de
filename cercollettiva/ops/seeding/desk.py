"""What the members' desk of the invented community has done: cards of each year, fees paid, due and late."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from cercollettiva.core import cards, fees
from cercollettiva.core.models import CERConfiguration, CERMembership, MembershipCard, PaymentMethod
from cercollettiva.core.registry import day_of

METHODS = (PaymentMethod.BANK_TRANSFER, PaymentMethod.BANK_TRANSFER, PaymentMethod.CASH, PaymentMethod.CARD)
LATE = 2  # of twelve: one is late, one still has time
IN_TIME = 5


def write_desk(cer: CERConfiguration, *, now: datetime) -> None:
    """Renew each card to this year and write the payments: all of earlier years, most of this one."""
    today = day_of(now)
    for number, membership in enumerate(CERMembership.objects.members().filter(community=cer).order_by("pk")):
        _renew_to(membership, today)
        for card in membership.cards.order_by("valid_from"):
            _pay(card, number, today)


def _renew_to(membership: CERMembership, today: date) -> None:
    last = cards.latest(membership)
    while last is not None and last.valid_to is not None and last.valid_to <= today:
        last = cards.renew(membership, on=last.valid_to)


def _pay(card: MembershipCard, number: int, today: date) -> None:
    is_of_now = card.valid_to is None or card.valid_to > today
    if is_of_now and number in (LATE, IN_TIME):
        due_on = today - timedelta(days=10) if number == LATE else today + timedelta(days=20)
        fees.set_fee(card, cents=card.fee_due_cents, on=today, due_on=due_on)
        return
    paid_on = min(card.valid_from + timedelta(days=3 + number), today)
    fees.pay(card, method=METHODS[number % len(METHODS)], paid_on=paid_on, today=today, by=None)
