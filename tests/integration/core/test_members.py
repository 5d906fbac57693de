from __future__ import annotations

import pytest
from django.db import IntegrityError

from cercollettiva.core import fees, registry
from cercollettiva.core.models import MembershipCard, PaymentMethod
from tests.integration.core.scene import NOW, join, make_community, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def make_card(*, fee_cents: int = 0) -> MembershipCard:
    community = make_community("A")
    community.organisation.fee_cents = fee_cents
    community.organisation.save()
    membership = join(make_user("anna"), community)
    registry.enter(membership, on=NOW, by=None)
    return membership.cards.get()


def test_payments_add_up_and_the_card_says_when_it_is_paid():
    card = make_card(fee_cents=2_500)
    paid = {"method": PaymentMethod.CASH, "paid_on": NOW.date(), "today": NOW.date(), "by": None}

    fees.pay(card, cents=1_000, **paid)
    card.refresh_from_db()
    half = card.fee_is_paid
    fees.pay(card, cents=1_500, **paid)

    card.refresh_from_db()
    assert (half, card.fee_is_paid, card.fee_paid_cents) == (False, True, 2_500)


def test_a_payment_without_a_date_is_refused():
    make_card()

    with pytest.raises(IntegrityError, match="card_payment_has_a_date"):
        MembershipCard.objects.update(fee_paid_cents=100)
