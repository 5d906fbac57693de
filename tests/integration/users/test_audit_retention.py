"""Old lines of the audit log go, by one door, and what is left is still a chain."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from cercollettiva.settings import env
from cercollettiva.users.append_only import unprotected
from cercollettiva.users.audit import Action, record
from cercollettiva.users.audit_chain import Anchor, verify_chain
from cercollettiva.users.audit_retention import retire_lines
from cercollettiva.users.models import AuditAnchor, AuditLine

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

NOW = datetime.now(UTC)  # the database compares with its own clock


@pytest.fixture
def lines() -> list[AuditLine]:
    """Six of more than a year ago and four that stay."""
    ages = [500, 480, 460, 440, 400, 366, 364, 300, 30, 0]
    return [record(Action.KEYS_ROTATED, actor=None, at=NOW - timedelta(days=age)) for age in ages]


def kept() -> list[int]:
    return list(AuditLine.objects.order_by("seq").values_list("seq", flat=True))


def faults(anchor: Anchor | None = None) -> list[tuple[int, str]]:
    return [tuple(fault) for fault in verify_chain(anchor).faults]


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_what_is_older_than_its_term_goes_and_the_rest_is_whole(lines):
    planned = retire_lines(NOW, dry_run=True)
    untouched = kept()

    done = retire_lines(NOW)

    assert (planned.rows, untouched) == (6, [line.seq for line in lines])
    assert done.rows == 6
    *rest, told = AuditLine.objects.order_by("seq")
    assert [line.seq for line in rest] == [7, 8, 9, 10]
    assert (told.action, told.details) == ("LINES_RETIRED", {"through": 6, "lines": 6})
    assert str(AuditAnchor.objects.get()) == f"6:{lines[5].hash}"
    assert faults() == []


def test_a_second_run_takes_nothing_and_says_nothing(lines):
    retire_lines(NOW)
    after = kept()

    assert retire_lines(NOW).rows == 0
    assert kept() == after


def test_the_log_goes_on_as_its_lines_grow_old(lines):
    for ago in (120, 60, 20, 0):
        retire_lines(NOW - timedelta(days=ago))
        record(Action.KEYS_ROTATED, actor=None)
        assert faults() == []

    assert kept()[0] == 7


def test_when_everything_is_old_the_line_about_it_stays():
    for _ in range(3):
        record(Action.KEYS_ROTATED, actor=None, at=NOW - timedelta(days=400))

    retire_lines(NOW)

    assert [line.action for line in AuditLine.objects.all()] == ["LINES_RETIRED"]
    assert faults() == []
    assert record(Action.KEYS_ROTATED).seq == 5
    assert faults() == []


def test_an_older_line_that_was_written_later_waits_for_those_before_it():
    for age in (400, 10, 390):
        record(Action.KEYS_ROTATED, actor=None, at=NOW - timedelta(days=age))

    retire_lines(NOW)

    assert kept() == [2, 3, 4]
    assert faults() == []


def test_a_line_that_was_written_down_elsewhere_is_compared_as_long_as_it_is_kept(lines):
    retire_lines(NOW)

    assert faults(Anchor(8, lines[7].hash)) == []
    assert faults(Anchor(6, lines[5].hash)) == []  # the last that went
    assert faults(Anchor(6, "d" * 64)) == [(6, "anchor")]
    assert faults(Anchor(3, lines[2].hash)) == [(3, "retired")]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM users_auditline WHERE seq = 1",
        "DELETE FROM users_auditline WHERE seq = 7",
        "UPDATE users_auditline SET action = 'X' WHERE seq = 1",
    ],
)
def test_without_the_anchor_the_database_lets_nobody_take_an_old_line(lines, sql):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        execute(sql)


@pytest.mark.parametrize("seq", [8, 9, 10])
def test_whoever_moves_the_anchor_still_gets_no_young_line(lines, seq):
    """Line 7 and 8 are older than six months: they go, and it is seen; 9 and 10 do not."""
    AuditAnchor.objects.create(seq=seq, hash=lines[seq - 1].hash)

    if seq == 8:
        execute("DELETE FROM users_auditline WHERE seq <= 8")
        assert faults() == [(8, "unexplained")]
    else:
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            execute(f"DELETE FROM users_auditline WHERE seq = {seq}")
        assert faults()[-1] == (seq, "unexplained")


def test_what_went_without_retention_is_found(lines):
    retire_lines(NOW)
    AuditAnchor.objects.all().delete()
    assert faults() == [(7, "missing")]

    AuditAnchor.objects.create(seq=7, hash=lines[6].hash)
    with unprotected(connection, AuditLine, unique=["seq", "previous"], anchor="users_auditanchor"):
        execute("DELETE FROM users_auditline WHERE seq = 7")
    assert faults() == [(7, "unexplained")]


def test_retention_does_it_beside_the_rest_and_says_so(lines):
    out = io.StringIO()
    call_command("retention", "--dry-run", "--json", stdout=out)
    planned = {row["table"]: row["rows"] for row in json.loads(out.getvalue())}
    call_command("retention", stdout=io.StringIO())

    assert planned["users_auditline"] == 6
    assert kept()[0] == 7


def test_a_term_below_what_the_database_keeps_is_refused_at_the_start(monkeypatch):
    monkeypatch.setenv("KEEP_AUDIT_DAYS", "182")

    with pytest.raises(ImproperlyConfigured, match="183"):
        env.at_least("KEEP_AUDIT_DAYS", 365, least=183)
