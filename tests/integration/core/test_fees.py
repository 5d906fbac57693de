"""Fees: what is asked, what is paid, receipts without gaps, reminders that go once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from cercollettiva.core import cards, fees, registry
from cercollettiva.core.models import FeePayment, FeeReminder, MembershipCard, PaymentMethod, ReceiptIsPermanent
from tests.integration.core.scene import NOW, join, make_community, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

DAY = NOW.date()


def make_cards(*names: str, fee_cents: int = 2_500) -> list[MembershipCard]:
    community = make_community("A")
    community.organisation.fee_cents = fee_cents
    community.organisation.save()
    for name in names:
        registry.enter(join(make_user(name), community), on=NOW, by=None)
    return list(MembershipCard.objects.order_by("number"))


def pay(card: MembershipCard, cents: int | None = None, on: date = DAY) -> FeePayment:
    return fees.pay(card, cents=cents, method=PaymentMethod.CASH, paid_on=on, today=DAY, by=None)


def test_payments_add_up_and_each_has_the_next_receipt():
    anna, bruno = make_cards("anna", "bruno")

    numbers = [pay(anna, 1_000).receipt_number, pay(bruno).receipt_number, pay(anna).receipt_number]

    anna.refresh_from_db()
    assert numbers == [1, 2, 3]
    assert (anna.fee_paid_cents, anna.fee_is_paid) == (2_500, True)


@pytest.mark.parametrize(
    ("cents", "on", "code"),
    [
        (0, DAY, "negative"),
        (-5, DAY, "negative"),
        (2_501, DAY, "more_than_due"),
        (100, DAY + timedelta(days=1), "in_the_future"),
        (100, date(1999, 12, 31), "too_early"),
    ],
)
def test_a_payment_that_does_not_add_up_writes_nothing(cents, on, code):
    (card,) = make_cards("anna")

    with pytest.raises(fees.FeeRefused) as refusal:
        pay(card, cents, on)

    assert refusal.value.code == code
    assert not FeePayment.objects.exists()


def test_a_form_sent_twice_is_paid_once():
    (card,) = make_cards("anna")
    pay(card)

    with pytest.raises(fees.FeeRefused, match="nothing_due"):
        pay(card)

    assert FeePayment.objects.count() == 1


def test_a_mistake_is_taken_back_by_one_more_receipt():
    (card,) = make_cards("anna")
    payment = pay(card)

    back = fees.reverse(payment, on=DAY, by=None)

    card.refresh_from_db()
    assert (back.receipt_number, back.cents, card.fee_paid_cents, card.fee_paid_at) == (2, -2_500, 0, None)
    for again in (payment, back):
        with pytest.raises(fees.FeeRefused, match="reversed"):
            fees.reverse(again, on=DAY, by=None)


def test_a_receipt_is_never_changed_nor_deleted_whoever_asks():
    (card,) = make_cards("anna")
    payment = pay(card)

    for attempt in (payment.delete, payment.save, FeePayment.objects.all().delete):
        with pytest.raises(ReceiptIsPermanent):
            attempt()
    for statement in ("DELETE FROM core_feepayment", "UPDATE core_feepayment SET cents = 1"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_fee_is_never_asked_below_what_was_paid_and_a_past_day_moves_on():
    (card,) = make_cards("anna")
    pay(card, 1_000)

    with pytest.raises(fees.FeeRefused, match="below_paid"):
        fees.set_fee(card, cents=999, on=DAY)
    later = fees.set_fee(card, cents=3_000, on=DAY + timedelta(days=100))

    assert (later.fee_due_cents, later.fee_due_on) == (3_000, DAY + timedelta(days=130))


def test_a_fee_for_all_leaves_alone_who_paid_more_and_who_is_of_another_type():
    anna, bruno, carla = make_cards("anna", "bruno", "carla")
    pay(anna)
    carla.membership.member_type = "CONSUMER"
    carla.membership.save()

    count = fees.set_fees(anna.membership.community, cents=2_000, on=DAY, member_type="PROSUMER")

    assert count == 1
    assert list(MembershipCard.objects.order_by("number").values_list("fee_due_cents", flat=True)) == [2500, 2000, 2500]
    assert bruno.number == 2


def test_reminders_wait_for_their_day_go_twice_at_most_and_never_to_who_left():
    anna, bruno = make_cards("anna", "bruno")
    bruno.membership.leave(at=NOW)
    due = anna.fee_due_on

    def told(on: date) -> list[tuple[int, int]]:
        found = [(card.number, step) for card, step in fees.to_remind(on=on)]
        for number, step in found:
            FeeReminder.objects.create(card_id=anna.pk if number == 1 else bruno.pk, step=step, sent_at=moment(on))
        return found

    days = [due, due + timedelta(days=3), due + timedelta(days=4), due + timedelta(days=30), due + timedelta(days=90)]

    assert [told(day) for day in days] == [[], [(1, 1)], [], [(1, 2)], []]


def moment(day: date):
    return NOW + (day - DAY)


def test_a_card_is_renewed_from_the_end_of_the_last_one_once():
    (card,) = make_cards("anna")

    with pytest.raises(cards.TooEarly):
        cards.renew(card.membership, on=date(2026, 11, 1))
    renewed = cards.renew(card.membership, on=date(2026, 11, 2))
    again = cards.renew(card.membership, on=date(2026, 12, 24))

    assert (renewed.number, renewed.valid_from, renewed.valid_to) == (2, date(2027, 1, 1), date(2028, 1, 1))
    assert again == renewed
