"""The register of members: numbers without gaps, entries that nobody changes, and the card that comes with one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from cercollettiva.core import registry
from cercollettiva.core.models import (
    CERMembership,
    EntryKind,
    MemberRegistry,
    MemberRole,
    MembershipCard,
    MembershipState,
    RegistryIsPermanent,
)
from cercollettiva.core.models.members import NotAMember
from cercollettiva.users.models import CustomUser
from tests.integration.core.scene import NOW, join, make_community, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

APPROVALS = 50


def enter(membership: CERMembership, on: date = NOW) -> MemberRegistry:
    return registry.enter(membership, on=on, by=None)


def test_members_are_numbered_from_one_in_each_organisation():
    first, second = make_community("A"), make_community("B")
    memberships = [
        join(make_user(name), community) for name, community in zip("abc", (first, first, second), strict=True)
    ]

    entries = [enter(membership) for membership in memberships]

    assert [(entry.number, entry.member_number) for entry in entries] == [(1, 1), (2, 2), (1, 1)]
    assert list(MembershipCard.objects.order_by("pk").values_list("number", flat=True)) == [1, 2, 1]


def test_entering_a_member_twice_gives_the_same_entry_and_one_card():
    membership = join(make_user("anna"), make_community("A"))

    first = enter(membership)
    again = enter(membership, NOW + timedelta(days=1))

    assert (again.pk, again.on) == (first.pk, NOW.date())
    assert membership.cards.count() == 1


def test_a_moment_counts_as_its_day_in_italy():
    membership = join(make_user("anna"), make_community("A"))

    entry = enter(membership, datetime(2026, 3, 31, 22, 30, tzinfo=UTC))

    assert entry.on == date(2026, 4, 1)


def test_leaving_and_coming_back_are_entries_and_a_new_member_number():
    membership = join(make_user("anna"), make_community("A"))
    other = join(make_user("bruno"), membership.community)
    enter(membership)
    enter(other)

    left = registry.leave(membership, on=NOW + timedelta(days=1), by=other.user)
    back = enter(membership, NOW + timedelta(days=2))

    assert (left.kind, left.number, left.member_number, left.recorded_by) == (EntryKind.LEFT, 3, 1, other.user)
    assert (back.kind, back.number, back.member_number, back.previous) == (EntryKind.ENTERED, 4, 3, None)
    assert set(MemberRegistry.objects.present()) == {back, MemberRegistry.objects.get(user=other.user)}
    cards = membership.cards.order_by("valid_from").values_list("valid_from", "valid_to")
    assert list(cards) == [(date(2026, 6, 1), date(2026, 6, 2)), (date(2026, 6, 3), date(2027, 1, 1))]


def test_whoever_leaves_and_comes_back_on_one_day_keeps_the_card():
    membership = join(make_user("anna"), make_community("A"))
    enter(membership)

    registry.leave(membership, on=NOW, by=None)
    enter(membership)

    assert list(membership.cards.values_list("number", "valid_to")) == [(1, date(2027, 1, 1))]
    assert [entry.kind for entry in MemberRegistry.objects.all()] == ["ENTERED", "LEFT", "ENTERED"]


def test_a_change_says_what_changed_and_the_entry_before_keeps_what_was():
    membership = join(make_user("anna", address="Via Prima 1"), make_community("A"))
    first = enter(membership)
    CustomUser.objects.filter(pk=membership.user_id).update(address="Via Seconda 2")
    membership = CERMembership.objects.get(pk=membership.pk)

    entry = registry.change(membership, on=NOW, by=None)
    again = registry.change(membership, on=NOW, by=None)

    assert (entry.kind, entry.changed, entry.previous, again) == (EntryKind.CHANGED, ["address"], first, None)
    assert entry.details["address"] == "Via Seconda 2"
    assert MemberRegistry.objects.get(pk=first.pk).details["address"] == "Via Prima 1"


def test_nobody_leaves_before_the_entry_that_stands():
    membership = join(make_user("anna"), make_community("A"))
    enter(membership)

    with pytest.raises(registry.BeforeTheLastEntry):
        registry.leave(membership, on=NOW - timedelta(days=1), by=None)


def test_whoever_stays_through_another_community_of_the_organisation_stays_in_the_register():
    first, second = (join(make_user("anna"), make_community("A")), make_community("B"))
    second.organisation = first.community.organisation
    second.save()
    enter(first)
    enter(join(first.user, second))
    CERMembership.objects.filter(pk=first.pk).update(state=MembershipState.LEFT, active_to=NOW)

    left = registry.leave(first, on=NOW, by=None)

    assert left is None
    assert MemberRegistry.objects.get().kind == EntryKind.ENTERED


def test_an_administrator_who_is_not_a_member_is_not_registered():
    membership = join(make_user("admin"), make_community("A"), MemberRole.ADMIN)

    with pytest.raises(NotAMember):
        enter(membership)


def test_a_number_taken_back_by_a_rollback_is_given_again():
    first, second = (join(make_user(name), make_community(name.upper())) for name in "ab")
    second.community.organisation = first.community.organisation
    second.community.save()

    with transaction.atomic():
        enter(first)
        transaction.set_rollback(True)
    enter(second)

    assert MemberRegistry.objects.get().number == MembershipCard.objects.get().number == 1


def test_entries_are_never_changed_nor_deleted():
    entry = enter(join(make_user("anna"), make_community("A")))
    lines = MemberRegistry.objects.all()

    for attempt in (entry.delete, entry.save, lines.delete, entry.organisation.registry.all().delete):
        with pytest.raises(RegistryIsPermanent):
            attempt()
    with pytest.raises(RegistryIsPermanent):
        lines.update(member_number=7)
    for owner in (entry.organisation, entry.user, entry.membership):
        with pytest.raises(ProtectedError):
            owner.delete()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM core_memberregistry",
        "UPDATE core_memberregistry SET number = 7",
        "UPDATE core_memberregistry SET \"on\" = '2020-01-01', notes = 'x'",
        "UPDATE core_memberregistry SET kind = 'LEFT'",
    ],
)
def test_the_database_itself_keeps_the_entries(statement):
    enter(join(make_user("anna"), make_community("A")))

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_keys_of_encrypted_values_may_still_be_rotated():
    entry = enter(join(make_user("anna"), make_community("A")))

    MemberRegistry._base_manager.filter(pk=entry.pk).update(notes="sotto un'altra chiave")

    assert MemberRegistry.objects.get().notes == "sotto un'altra chiave"


def test_two_entries_never_follow_the_same_one():
    membership = join(make_user("anna"), make_community("A"))
    entry = enter(membership)
    registry.leave(membership, on=NOW, by=None)

    with pytest.raises(IntegrityError), transaction.atomic():
        MemberRegistry.objects.create(
            organisation=entry.organisation,
            number=3,
            kind=EntryKind.LEFT,
            member_number=1,
            user=entry.user,
            membership=membership,
            previous=entry,
            on=NOW.date(),
        )


@pytest.mark.django_db(transaction=True)
def test_fifty_members_who_enter_at_the_same_time_get_numbers_without_gaps():
    community = make_community("A")
    memberships = [join(make_user(f"member-{number}"), community).pk for number in range(APPROVALS)]
    at_once = APPROVALS if connection.vendor == "postgresql" else 4  # SQLite writes one at a time anyway
    together = threading.Barrier(at_once)

    def approve(chunk: list[int]) -> None:
        try:
            together.wait(timeout=30)
            for key in chunk:
                enter(CERMembership.objects.get(pk=key))
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=at_once) as threads:
        list(threads.map(approve, [memberships[start::at_once] for start in range(at_once)]))

    wanted = list(range(1, APPROVALS + 1))
    for model, column in ((MemberRegistry, "number"), (MemberRegistry, "member_number"), (MembershipCard, "number")):
        assert sorted(model.objects.values_list(column, flat=True)) == wanted
