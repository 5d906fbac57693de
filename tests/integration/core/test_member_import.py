"""Members from a file: one bad row never takes its neighbours down, and what was done can be undone."""

from __future__ import annotations

import io
from datetime import date

import pytest
from openpyxl import Workbook

from cercollettiva.core import member_import
from cercollettiva.core.member_files import BadFile
from cercollettiva.core.models import CERMembership, MemberImport, MemberRegistry, MemberRole, MembershipCard
from cercollettiva.users.models import CustomUser
from tests.integration.core.scene import NOW, join, make_community, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

DAY = NOW.date()
HEADER = ["Email", "Nome", "Cognome", "Codice fiscale", "Tipo", "Ammesso il"]
GOOD = ["anna@example.it", "Anna", "D'Öst <b> 😀", "RSSMRA85T10A562S", "prosumer", "31/03/2026"]
ROWS = [
    HEADER,
    GOOD,
    ["not an address", "Anna", "Neri", "VRDGPP60A01H501X", "", ""],
    [],
    ["ANNA@example.it", "Anna", "Bis", "", "", ""],
    ["luca@example.it", "Luca", "", "RSSMRA85T10A562S", "", ""],
    ["ugo@example.it", "Ugo", "=cmd()", "BNCGUO70B01F205Y", "gatto", "1/1/1999"],
]


def csv_of(rows: list[list[str]]) -> bytes:
    return "\n".join(";".join(row) for row in rows).encode()


def upload(content: bytes, name: str = "soci.csv") -> MemberImport:
    return member_import.upload(make_community("A"), name=name, content=content, by=None, at=NOW)


def outcomes(found: MemberImport) -> dict[int, str]:
    return dict(found.rows.values_list("number", "outcome"))


def test_a_dry_run_says_of_each_row_what_would_be_done_and_writes_nobody():
    found = upload(csv_of(ROWS))

    member_import.check(found, found.mapping, today=DAY)

    assert found.mapping == {
        "email": 0,
        "first_name": 1,
        "last_name": 2,
        "fiscal_code": 3,
        "member_type": 4,
        "joined_on": 5,
    }
    assert outcomes(found) == {2: "READY", 3: "REFUSED", 5: "REFUSED", 6: "REFUSED", 7: "REFUSED"}
    assert all(row.reason for row in found.rows.exclude(number=2))
    assert CustomUser.objects.count() == CERMembership.objects.count() == 0


def test_the_good_rows_become_members_and_the_others_stay_out():
    found = upload(csv_of(ROWS))
    member_import.check(found, found.mapping, today=DAY)

    people = member_import.carry_out(found, at=NOW, by=None)

    entry, card = MemberRegistry.objects.get(), MembershipCard.objects.get()
    assert [person.email for person in people] == ["anna@example.it"]
    assert (entry.number, entry.on, entry.details["name"]) == (1, date(2026, 3, 31), "Anna D'Öst <b> 😀")
    assert (card.number, card.valid_from, card.fee_due_on) == (1, date(2026, 3, 31), date(2026, 7, 1))
    assert not people[0].has_usable_password()
    with pytest.raises(member_import.NotNow):
        member_import.carry_out(found, at=NOW, by=None)


def test_somebody_who_came_in_meanwhile_stops_only_their_own_row():
    lines = [HEADER, GOOD, ["ugo@example.it", "Ugo", "Neri", "BNCGUO70B01F205Q", "", ""]]
    found = upload(csv_of(lines))
    sorted_rows = member_import.check(found, found.mapping, today=DAY)
    assert len(sorted_rows.ready) == 2, [row.reason for row in sorted_rows.rows]
    make_user("anna")

    people = member_import.write_members(found.community, sorted_rows.ready, by=None, at=NOW)

    assert [person.email for person in people] == ["ugo@example.it"]
    assert [member.row.outcome for member in sorted_rows.ready] == ["REFUSED", "CREATED"]
    assert MemberRegistry.objects.get().number == MembershipCard.objects.get().number == 1


def test_whoever_is_in_already_stays_and_a_strangers_account_is_not_taken():
    found = upload(csv_of([HEADER, GOOD, ["ugo@example.it", "Ugo", "Neri", "BNCGUO70B01F205Q", "", ""]]))
    join(make_user("anna"), found.community)
    make_user("ugo")

    member_import.check(found, found.mapping, today=DAY)

    assert outcomes(found) == {2: "KNOWN", 3: "REFUSED"}


def test_undoing_lets_the_people_leave_and_closes_accounts_that_nobody_used():
    found = upload(csv_of(ROWS))
    member_import.check(found, found.mapping, today=DAY)
    member_import.carry_out(found, at=NOW, by=None)

    done = member_import.undo(found, leaving=1, at=NOW, by=None)

    assert (len(done.leaving), done.staying) == (1, 0)
    assert [entry.kind for entry in MemberRegistry.objects.all()] == ["ENTERED", "LEFT"]
    assert not CustomUser.objects.get().is_active
    assert outcomes(found)[2] == "UNDONE"
    with pytest.raises(member_import.NotNow):
        member_import.undo(found, leaving=1, at=NOW, by=None)


def test_undoing_leaves_whoever_has_a_role_by_now_and_refuses_another_count():
    found = upload(csv_of([HEADER, GOOD, ["ugo@example.it", "Ugo", "Neri", "BNCGUO70B01F205Q", "", ""]]))
    member_import.check(found, found.mapping, today=DAY)
    member_import.carry_out(found, at=NOW, by=None)
    CERMembership.objects.filter(user__email="anna@example.it").update(role=MemberRole.ADMIN)

    with pytest.raises(member_import.NotNow):
        member_import.undo(found, leaving=2, at=NOW, by=None)
    done = member_import.undo(found, leaving=1, at=NOW, by=None)

    assert done.staying == 1
    assert [one.user.email for one in CERMembership.objects.filter(active_to=None)] == ["anna@example.it"]
    assert CustomUser.objects.get(email="anna@example.it").is_active
    assert outcomes(found) == {2: "CREATED", 3: "UNDONE"}


def test_a_sheet_is_read_like_a_csv_its_dates_and_numbers_too():
    book, file = Workbook(), io.BytesIO()
    for row in (HEADER, [*GOOD[:5], date(2026, 3, 31)], [None], ["x@example.it", 12.0, "=1+1"]):
        book.active.append(row)
    book.save(file)

    found = upload(file.getvalue(), "soci.xlsx")

    member_import.check(found, found.mapping, today=DAY)
    assert outcomes(found) == {2: "READY", 4: "REFUSED"}


@pytest.mark.parametrize(
    "content",
    [b"", b"email\n", b"PK\x03\x04 not a sheet", b"email;nome\n\0\0\0", b"x" * (5 * 1024 * 1024 + 1)],
)
def test_a_file_that_is_no_list_is_refused_with_a_reason(content):
    with pytest.raises(BadFile) as refusal:
        upload(content)

    assert str(refusal.value)
    assert not MemberImport.objects.exists()
