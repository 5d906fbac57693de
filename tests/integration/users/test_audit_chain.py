"""The chain of the audit log: nobody changes, removes or inserts a line, and whoever does is found."""

from __future__ import annotations

import io
import json
import logging
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction

from cercollettiva.users.append_only import unprotected
from cercollettiva.users.audit import (
    Action,
    AuditLogIsPermanent,
    Entry,
    record,
    record_all,
)
from cercollettiva.users.audit_chain import Anchor, verify_chain
from cercollettiva.users.models import AuditHead, AuditLine
from tests.integration.core.scene import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def lines(*actions: Action) -> list[AuditLine]:
    found = AuditLine.objects.order_by("seq")
    return list(found.filter(action__in=[action.value for action in actions]) if actions else found)


def execute(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def tamper(sql: str, *values: object) -> None:
    """As somebody who owns the table."""
    with unprotected(connection, AuditLine, unique=["seq", "previous"]):
        execute(sql, *values)


def faults() -> list[tuple[int, str]]:
    return [tuple(fault) for fault in verify_chain().faults]


@pytest.fixture
def ten_lines() -> None:
    record_all([Entry(Action.KEYS_ROTATED, None, None, {"values": number}) for number in range(10)])


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
