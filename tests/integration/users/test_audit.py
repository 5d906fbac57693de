"""The audit log: each sensitive action leaves a line, which holds nobody's data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cercollettiva.core.models import CERMembership, MemberRole, MembershipState, MemberType
from cercollettiva.users.audit import (
    PERSON,
    Action,
    NotForTheLog,
    personal_data_read,
    record,
)
from cercollettiva.users.audit_chain import verify_chain
from cercollettiva.users.models import AuditLine, CustomUser
from cercollettiva.web.views.accounts import LOCKED
from tests.integration.core.scene import NOW, join, make_community, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

PASSWORD = "una password lunga"
LIMIT = settings.AXES_FAILURE_LIMIT


def lines(*actions: Action) -> list[AuditLine]:
    found = AuditLine.objects.order_by("seq")
    return list(found.filter(action__in=[action.value for action in actions]) if actions else found)


@pytest.fixture
def anna() -> CustomUser:
    person = make_user("anna")
    person.confirm_email()  # one does not sign in with another
    return person


# --- What a line holds


@pytest.mark.parametrize(
    "value",
    [
        "RSSMRA85M01H501Q",
        "IT60X0542811101000000123456",
        "01234567897",
        "anna@example.it",
        "+39 333 1234567",
        "3331234567",
        "Anna Rossi",
        "via Roma, 1",
        "argon2$argon2id$v=19$m=102400",
        "0" * 40,
        1.5,
        b"bytes",
        ["ADMIN", "anna@example.it"],
        {"iban": "IT60X0542811101000000123456"},
    ],
)
def test_a_detail_that_may_be_somebodys_is_refused_and_not_repeated(value):
    with pytest.raises(NotForTheLog) as refusal:
        record(Action.ACCOUNT_CHANGED, details={"field": value})

    assert str(refusal.value) == "The detail 'field' is neither a number, a time, nor a word of the code."
    assert lines() == []


def test_words_numbers_and_times_are_kept_and_come_back_as_they_were():
    details = {
        "role": ["MEMBER", MemberRole.ADMIN],
        "key": "k12",
        "field": "users.customuser",
        "since": datetime(2026, 3, 29, 2, tzinfo=UTC),
        "count": 7,
        "none": None,
        "yes": True,
    }

    record(Action.ACCOUNT_CHANGED, details=details)

    assert lines()[0].details == details | {"role": ["MEMBER", "ADMIN"], "since": "2026-03-29T02:00:00+00:00"}
    assert verify_chain().is_whole


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", None),
        ("unix socket", None),
    ],
)
def test_the_address_is_kept_in_one_form(told, kept):
    request = RequestFactory().get("/", REMOTE_ADDR=told)

    record(Action.SIGNED_IN, actor=None, request=request)

    assert lines()[0].address == kept
    assert verify_chain().is_whole


# --- Who signs in


def sign_in(client: Client, email: str, password: str = PASSWORD) -> int:
    return client.post(reverse("users:login"), {"username": email, "password": password}).status_code


def told(line: AuditLine) -> tuple[Any, ...]:
    return line.action, line.actor_id, (line.subject_type, line.subject_id), line.address


def test_signing_in_and_out_leaves_a_line_each(anna, client):
    start = AuditLine.objects.count()

    sign_in(client, "anna@example.it")
    client.logout()

    me = (PERSON, anna.pk)
    assert [told(line)[:3] for line in lines()[start:]] == [
        ("SIGNED_IN", anna.pk, me),
        ("SIGNED_OUT", anna.pk, me),
    ]
    assert lines(Action.SIGNED_IN)[0].address == "127.0.0.1"


def test_a_wrong_password_and_an_unknown_address_leave_a_line_without_what_was_typed(anna, client):
    sign_in(client, "ANNA@example.it", "CANARY password")
    sign_in(client, "canary@example.it", "CANARY password")

    failed = lines(Action.SIGN_IN_FAILED)
    assert [told(line) for line in failed] == [
        ("SIGN_IN_FAILED", None, (PERSON, anna.pk), "127.0.0.1"),
        ("SIGN_IN_FAILED", None, ("", None), "127.0.0.1"),
    ]
    assert "canary" not in str(list(AuditLine.objects.values())).lower()


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_both_kinds_of_failure_ask_the_database_the_same(anna, client, is_confirmed):
    """From the first, which adds a row to what is counted, to those that are locked out and not looked at."""

    def queries_of(email: str) -> list[int]:
        asked = []
        for _ in range(LIMIT + 1):
            with CaptureQueriesContext(connection) as captured:
                sign_in(client, email, "wrong")
            asked.append(len(captured))
        return asked

    anna.emailaddress_set.update(verified=is_confirmed)
    sign_in(client, "somebody@example.it", "wrong")  # what is done once

    assert queries_of("anna@example.it") == queries_of("nobody@example.it")


def test_a_lockout_leaves_a_line_and_so_does_whoever_comes_back_too_early(anna, client):
    start = AuditLine.objects.count()

    answers = [sign_in(client, "Anna@example.it", "wrong") for _ in range(LIMIT)]
    early = sign_in(client, "anna@example.it")

    told_of_anna = (None, (PERSON, anna.pk), "127.0.0.1")
    assert [*answers, early] == [200] * (LIMIT - 1) + [LOCKED] * 2
    assert [told(line)[1:] for line in lines(Action.LOCKED_OUT)] == [told_of_anna] * 2
    assert [told(line)[1:] for line in lines(Action.SIGN_IN_FAILED)] == [told_of_anna] * (LIMIT + 1)
    assert AuditLine.objects.count() - start == LIMIT + 3  # and none that says signed in
    assert verify_chain().is_whole


def test_a_lockout_of_somebody_unknown_leaves_a_line_without_what_was_typed(client):
    for _ in range(LIMIT):
        sign_in(client, "canary@example.it", "wrong")

    assert [told(line) for line in lines(Action.LOCKED_OUT)] == [("LOCKED_OUT", None, ("", None), "127.0.0.1")]
    assert "canary" not in str(list(AuditLine.objects.values())).lower()


# --- Accounts and roles


def rename(user: CustomUser) -> None:
    user.iban = "IT60X0542811101000000123456"
    user.save()


def rename_one_field(user: CustomUser) -> None:
    user.iban = "IT60X0542811101000000123456"
    user.save(update_fields=["iban"])


def rename_in_the_table(user: CustomUser) -> None:
    CustomUser.objects.filter(pk=user.pk).update(iban="IT60X0542811101000000123456")


def rename_in_bulk(user: CustomUser) -> None:
    user.iban = "IT60X0542811101000000123456"
    CustomUser.objects.bulk_update([user], ["iban"])


@pytest.mark.parametrize("change", [rename, rename_one_field, rename_in_the_table, rename_in_bulk])
def test_a_changed_account_leaves_a_line_with_the_names_of_its_fields(anna, change):
    change(anna)

    [line] = lines(Action.ACCOUNT_CHANGED)
    assert (line.subject_id, line.details) == (anna.pk, {"fields": ["iban"]})


def test_saving_without_a_change_leaves_no_line(anna):
    anna.save()
    CustomUser.objects.update(first_name=anna.first_name)
    anna.last_login = NOW
    anna.save(update_fields=["last_login"])

    assert lines(Action.ACCOUNT_CHANGED) == []


def test_an_account_leaves_a_line_when_it_comes_and_when_it_goes(anna):
    CustomUser.objects.bulk_create([CustomUser(email="bruno@example.it")])
    key = anna.pk
    anna.delete()

    assert [line.details for line in lines(Action.ACCOUNT_CREATED)] == [{}, {}]
    assert [line.subject_id for line in lines(Action.ACCOUNT_DELETED)] == [key]


def make_admin(membership: CERMembership) -> None:
    membership.role = MemberRole.ADMIN
    membership.save()


def make_admin_in_the_table(membership: CERMembership) -> None:
    CERMembership.objects.filter(pk=membership.pk).update(role=MemberRole.ADMIN)


def make_admin_through_the_person(membership: CERMembership) -> None:
    membership.user.memberships.update(role="ADMIN")


@pytest.mark.parametrize("change", [make_admin, make_admin_in_the_table, make_admin_through_the_person])
def test_a_changed_role_leaves_a_line_with_what_it_was_and_is(anna, change):
    community = make_community("A")
    membership = join(anna, community)

    change(membership)

    *_, line = lines(Action.ROLE_CHANGED)
    assert told(line)[2] == (PERSON, anna.pk)
    assert line.details == {"community_id": community.pk, "user_id": anna.pk, "role": ["MEMBER", "ADMIN"]}


def test_every_way_into_and_out_of_a_community_leaves_a_line(anna):
    community = make_community("A")
    membership = CERMembership.objects.create(user=anna, community=community, member_type=MemberType.PROSUMER)
    membership.approve(at=NOW)
    membership.leave(at=NOW + timedelta(days=1))
    membership.delete()

    states = [line.details["state"] for line in lines(Action.ROLE_CHANGED)]
    assert states == [
        [None, MembershipState.DRAFT],
        [MembershipState.DRAFT, MembershipState.APPROVED],
        [MembershipState.APPROVED, MembershipState.LEFT],
        [MembershipState.LEFT, None],
    ]


# --- Reads


def test_who_reads_personal_data_is_written_down_for_each_person(anna, rf):
    bruno, staff = make_user("bruno"), make_user("staff", is_staff=True)
    request = rf.get("/")
    request.user = staff

    personal_data_read([anna, bruno.pk, staff], fields=["iban", "fiscal_code"], purpose="export", request=request)

    read = lines(Action.DATA_READ)
    assert [told(line) for line in read] == [
        ("DATA_READ", staff.pk, (PERSON, anna.pk), "127.0.0.1"),
        ("DATA_READ", staff.pk, (PERSON, bruno.pk), "127.0.0.1"),
    ]
    assert read[0].details == {"fields": ["fiscal_code", "iban"], "purpose": "export"}


def test_whoever_is_signed_in_is_the_actor_without_being_named(anna, client, settings):
    settings.ROOT_URLCONF = "tests.integration.users.probe_urls"
    client.force_login(anna)

    client.get("/change/")

    [line] = lines(Action.KEYS_ROTATED)
    assert (line.actor_id, line.address) == (anna.pk, "127.0.0.1")
    assert record(Action.KEYS_ROTATED).actor_id is None  # the request is over


# --- Who may see


def test_a_person_sees_their_own_lines_and_staff_sees_all(anna):
    bruno, staff = make_user("bruno"), make_user("staff", is_staff=True)
    mine = record(Action.SIGNED_IN, actor=anna, subject=anna)
    about_me = record(Action.DATA_READ, actor=staff, subject=anna)
    record(Action.SIGNED_IN, actor=bruno, subject=bruno)
    record(Action.ROLE_CHANGED, actor=bruno, subject=("core.organisation", anna.pk))  # another thing of that number

    seen = set(AuditLine.objects.visible_to(anna).filter(seq__gte=mine.seq))

    assert seen == {mine, about_me}
    assert AuditLine.objects.visible_to(staff).count() == AuditLine.objects.count()
    assert not AuditLine.objects.visible_to(AnonymousUser()).exists()


def test_the_address_of_another_is_not_shown(anna):
    staff = make_user("staff", is_staff=True)
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
    line = record(Action.DATA_READ, actor=staff, subject=anna, request=request)

    assert (line.address_for(anna), line.address_for(staff)) == (None, "192.0.2.7")
    assert line.action_label == "dati personali letti"
