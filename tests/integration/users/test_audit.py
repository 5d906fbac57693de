"""The audit log: each sensitive action leaves a line, nobody changes one, and whoever does is found."""

from __future__ import annotations

import io
import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cercollettiva.core.models import CERMembership, MemberRole, MembershipState, MemberType
from cercollettiva.users import audit_hooks
from cercollettiva.users.append_only import unprotected
from cercollettiva.users.audit import (
    PERSON,
    Action,
    AuditLogIsPermanent,
    Entry,
    NotForTheLog,
    personal_data_read,
    record,
    record_all,
)
from cercollettiva.users.audit_chain import Anchor, verify_chain
from cercollettiva.users.models import AuditHead, AuditLine, CustomUser
from tests.integration.core.scene import NOW, join, make_community, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

PASSWORD = "una password lunga"


def lines(*actions: Action) -> list[AuditLine]:
    found = AuditLine.objects.order_by("seq")
    return list(found.filter(action__in=[action.value for action in actions]) if actions else found)


def execute(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def tamper(sql: str, *values: object) -> None:
    """As somebody who owns the table."""
    with unprotected(connection, "users_auditline", unique=["seq", "previous"]):
        execute(sql, *values)


def faults() -> list[tuple[int, str]]:
    return [tuple(fault) for fault in verify_chain().faults]


@pytest.fixture
def anna() -> CustomUser:
    return make_user("anna")


@pytest.fixture
def ten_lines() -> None:
    record_all([Entry(Action.KEYS_ROTATED, None, None, {"values": number}) for number in range(10)])


# --- The chain


def test_each_line_carries_the_hash_of_the_one_before(ten_lines):
    written = lines()

    assert [line.seq for line in written] == list(range(1, 11))
    assert [line.previous for line in written] == ["0" * 64, *(line.hash for line in written[:-1])]
    assert verify_chain().is_whole
    assert verify_chain().lines == 10


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE users_auditline SET action = 'SIGNED_OUT' WHERE seq = 3",
        "UPDATE users_auditline SET seq = seq + 100",
        "DELETE FROM users_auditline WHERE seq = 3",
        "DELETE FROM users_auditline",
    ],
)
def test_the_database_refuses_to_change_or_delete_a_line(ten_lines, sql):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        execute(sql)

    assert verify_chain().lines == 10


def test_the_database_refuses_what_would_put_a_line_in_the_place_of_another(ten_lines):
    columns = "seq, at, action, actor_id, subject_type, subject_id, address, details, previous, hash"
    values = f"3, '2026-01-01 00:00:00+00:00', 'SIGNED_IN', NULL, '', NULL, NULL, '{{}}', '{'a' * 64}', '{'b' * 64}'"
    sql = {
        "sqlite": [f"INSERT OR REPLACE INTO users_auditline ({columns}) VALUES ({values})"],
        "postgresql": [
            f"INSERT INTO users_auditline ({columns}) VALUES ({values}) ON CONFLICT (seq) DO UPDATE SET hash = 'x'",
            "TRUNCATE users_auditline",
        ],
    }[connection.vendor]

    for each in sql:
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            execute(each)

    assert verify_chain().is_whole


def test_the_models_refuse_too(ten_lines):
    line = lines()[0]

    for refused in (
        line.save,
        line.delete,
        AuditLine.objects.all().delete,
        lambda: AuditLine.objects.update(action="x"),
        lambda: AuditLine.objects.create(seq=99, at=NOW, action="x"),
    ):
        with pytest.raises(AuditLogIsPermanent):
            refused()


@pytest.mark.parametrize(
    "change",
    [
        "action = 'SIGNED_OUT'",
        "actor_id = 7",
        "subject_id = 7",
        "subject_type = 'users.customuser'",
        "address = '10.0.0.1'",
        "at = '2020-01-01 00:00:00+00:00'",
        "details = '{\"values\": 12345}'",
    ],
)
def test_a_changed_line_is_found(ten_lines, change):
    tamper(f"UPDATE users_auditline SET {change} WHERE seq = 4")

    assert faults() == [(4, "changed")]


def test_a_line_that_was_changed_with_its_hash_no_longer_leads_to_the_next(ten_lines):
    line = lines()[3]
    line.actor_id = 7
    tamper("UPDATE users_auditline SET actor_id = 7, hash = %s WHERE seq = 4", line.computed_hash())

    assert faults() == [(5, "unlinked")]


def test_a_removed_line_is_found_wherever_it_stood(ten_lines):
    tamper("DELETE FROM users_auditline WHERE seq IN (1, 5, 6, 10)")

    assert faults() == [(2, "missing"), (7, "missing"), (9, "cut")]


def test_an_inserted_line_is_found(ten_lines):
    tamper("UPDATE users_auditline SET seq = seq + 1 WHERE seq = 10")
    forged = AuditLine(seq=10, at=NOW, action="SIGNED_IN", previous="c" * 64, details={})
    forged.hash = forged.computed_hash()
    AuditLine.objects.bulk_create([forged])

    assert (10, "unlinked") in faults()
    assert (11, "changed") in faults()


def test_a_line_added_at_the_end_past_the_log_is_found(ten_lines):
    forged = AuditLine(seq=11, at=NOW, action="SIGNED_IN", previous=lines()[-1].hash, details={})
    forged.hash = forged.computed_hash()
    AuditLine.objects.bulk_create([forged])

    assert faults() == [(11, "cut")]


def test_a_chain_that_was_written_anew_is_whole_but_is_not_the_one_that_was_written_down(ten_lines):
    known = verify_chain().head
    tamper("DELETE FROM users_auditline")
    AuditHead.objects.all().delete()
    record_all([Entry(Action.KEYS_ROTATED, None, None, {"values": 0}) for _ in range(10)])

    assert verify_chain().is_whole
    assert [tuple(fault) for fault in verify_chain(known).faults] == [(10, "anchor")]


def test_an_older_anchor_stays_good_while_the_log_grows(ten_lines):
    known = verify_chain().head
    record(Action.KEYS_ROTATED)

    assert verify_chain(known).is_whole
    assert not verify_chain(Anchor(known.seq, "d" * 64)).is_whole


def test_a_lost_end_does_not_keep_anybody_out(ten_lines):
    AuditHead.objects.all().delete()

    line = record(Action.KEYS_ROTATED)

    assert line.seq == 11
    assert verify_chain().is_whole


def test_a_line_that_was_rolled_back_leaves_no_gap(ten_lines):
    with transaction.atomic():
        record(Action.KEYS_ROTATED)
        transaction.set_rollback(True)

    assert record(Action.KEYS_ROTATED).seq == 11
    assert verify_chain().is_whole


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_chain():
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                record(Action.KEYS_ROTATED, details={"worker": number, "turn": turn})
        except Exception as error:  # a thread's own failures are for the assertion below
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    verdict = verify_chain()
    assert failures == []
    assert (verdict.lines, verdict.faults) == (60, [])
    assert {(line.details["worker"], line.details["turn"]) for line in lines()} == {
        (worker, turn) for worker in range(6) for turn in range(10)
    }


@pytest.mark.django_db(transaction=True)
def test_a_line_leaves_its_hash_in_the_process_log_once_it_is_committed(caplog):
    with caplog.at_level(logging.INFO, logger="cercollettiva.users.audit"), transaction.atomic():
        line = record(Action.KEYS_ROTATED)
        before = list(caplog.messages)

    assert before == []
    assert caplog.messages == [f"Line 1, hash {line.hash}"]


# --- The command


def test_the_command_prints_the_verdict_and_its_exit_code(ten_lines):
    out = io.StringIO()
    call_command("audit", "verify", "--json", stdout=out)
    whole = json.loads(out.getvalue())
    tamper("UPDATE users_auditline SET actor_id = 7 WHERE seq = 4")
    out = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("audit", "verify", "--json", stdout=out)

    assert whole == {"whole": True, "lines": 10, "head": str(AuditHead.objects.get()), "faults": []}
    assert end.value.code == 1
    assert json.loads(out.getvalue())["faults"] == [{"seq": 4, "kind": "changed"}]


def test_the_command_takes_the_head_it_printed_as_an_anchor(ten_lines):
    out = io.StringIO()
    call_command("audit", "verify", "--anchor", str(AuditHead.objects.get()), stdout=out)

    assert "10 lines, whole" in out.getvalue()
    with pytest.raises(CommandError, match="NUMBER:HASH"):
        call_command("audit", "verify", "--anchor", "10:abc")


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


def sign_in(client: Client, email: str, password: str = PASSWORD) -> None:
    client.post(reverse("users:login"), {"username": email, "password": password})


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


def test_both_kinds_of_failure_ask_the_database_the_same(anna, client):
    def queries_of(email: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            sign_in(client, email, "wrong")
        return len(captured)

    sign_in(client, "anna@example.it", "wrong")  # what is done once

    assert queries_of("anna@example.it") == queries_of("nobody@example.it")


def test_a_lockout_leaves_a_line(anna, rf):
    audit_hooks.locked_out(None, request=rf.get("/"), username="anna@example.it", ip_address="127.0.0.1")

    assert told(lines(Action.LOCKED_OUT)[0]) == ("LOCKED_OUT", None, (PERSON, anna.pk), "127.0.0.1")


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
