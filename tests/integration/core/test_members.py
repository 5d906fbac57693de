from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from cercollettiva.core.models import CERMembership, MemberRegistry, MemberRole, MembershipCard, RegistryIsPermanent
from cercollettiva.core.operations import NotAMember, issue_card, register_member
from tests.integration.core.scene import NOW, join, make_community, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_members_are_numbered_from_one_in_each_organisation():
    first, second = make_community("A"), make_community("B")
    memberships = [
        join(make_user(name), community) for name, community in zip("abc", (first, first, second), strict=True)
    ]

    numbers = [register_member(membership, at=NOW).number for membership in memberships]

    assert numbers == [1, 2, 1]


def test_registering_a_member_twice_gives_the_same_line():
    membership = join(make_user("anna"), make_community("A"))

    first = register_member(membership, at=NOW)
    again = register_member(membership, at=NOW + timedelta(days=1))

    assert (again.pk, again.entered_at) == (first.pk, NOW)


def test_who_comes_back_gets_a_new_number():
    membership = join(make_user("anna"), make_community("A"))
    register_member(membership, at=NOW).close(at=NOW + timedelta(days=1))

    entry = register_member(membership, at=NOW + timedelta(days=2))

    assert entry.number == 2
    assert MemberRegistry.objects.present().get() == entry


def test_an_administrator_who_is_not_a_member_is_not_registered():
    membership = join(make_user("admin"), make_community("A"), MemberRole.ADMIN)

    with pytest.raises(NotAMember):
        register_member(membership, at=NOW)


def test_a_number_taken_back_by_a_rollback_is_given_again():
    first, second = (join(make_user(name), make_community(name.upper())) for name in "ab")
    second.community.organisation = first.community.organisation
    second.community.save()

    with transaction.atomic():
        register_member(first, at=NOW)
        transaction.set_rollback(True)
    register_member(second, at=NOW)

    assert MemberRegistry.objects.get().number == 1


def test_lines_of_the_register_are_never_deleted():
    entry = register_member(join(make_user("anna"), make_community("A")), at=NOW)

    for delete in (entry.delete, MemberRegistry.objects.all().delete, entry.organisation.registry.all().delete):
        with pytest.raises(RegistryIsPermanent):
            delete()
    for owner in (entry.organisation, entry.user, entry.membership):
        with pytest.raises(ProtectedError):
            owner.delete()
    assert MemberRegistry.objects.count() == 1


def test_a_line_of_the_register_does_not_close_before_it_opens():
    entry = register_member(join(make_user("anna"), make_community("A")), at=NOW)

    with pytest.raises(IntegrityError, match="registry_left_after_entering"):
        entry.close(at=NOW - timedelta(days=1))


def test_a_payment_adds_up_and_has_a_date():
    card = issue_card(join(make_user("anna"), make_community("A")), at=NOW, fee_due_cents=2_500)

    card.pay_fee(cents=1_000, at=NOW)
    half = card.fee_is_paid
    card.pay_fee(cents=1_500, at=NOW)

    card.refresh_from_db()
    assert (half, card.fee_is_paid, card.fee_paid_cents) == (False, True, 2_500)


def test_a_payment_without_a_date_is_refused():
    issue_card(join(make_user("anna"), make_community("A")), at=NOW)

    with pytest.raises(IntegrityError, match="card_payment_has_a_date"):
        MembershipCard.objects.update(fee_paid_cents=100)


@pytest.mark.django_db(transaction=True)
def test_members_registered_at_the_same_time_get_numbers_without_gaps():
    community = make_community("A")
    memberships = [join(make_user(f"member-{number}"), community).pk for number in range(12)]
    together = threading.Barrier(4)

    def register(chunk: list[int]) -> None:
        try:
            together.wait(timeout=10)
            for key in chunk:
                register_member(CERMembership.objects.get(pk=key), at=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=4) as threads:
        list(threads.map(register, [memberships[start::4] for start in range(4)]))

    assert sorted(MemberRegistry.objects.values_list("number", flat=True)) == list(range(1, 13))
