"""Members from a file: kept as rows, tried, carried out, undone. One bad row never takes its neighbours down."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Final, NamedTuple

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cercollettiva.core import registry
from cercollettiva.core.member_files import read_table
from cercollettiva.core.member_rows import NewMember, Sorted, guessed_mapping, sort_rows
from cercollettiva.core.models import (
    CERConfiguration,
    CERMembership,
    ImportState,
    MemberImport,
    MemberImportRow,
    MemberRole,
    MembershipState,
    RowOutcome,
)
from cercollettiva.domain.calendar import ITALY
from cercollettiva.users.models import CustomUser

BATCH: Final = 500
AT_ONCE: Final = 500  # rows that are carried out while somebody waits; more are left to `work`


class NotNow(Exception):
    """What was asked does not go with the state the import is in: somebody was faster, or a page was old."""


class Undoing(NamedTuple):
    """Whom an undo takes out of the community, and how many stay because they have a role."""

    leaving: list[MemberImportRow]
    staying: int


@transaction.atomic
def upload(
    community: CERConfiguration, *, name: str, content: bytes, by: CustomUser | None, at: datetime
) -> MemberImport:
    """Keep a file's rows as they are; raises BadFile."""
    table = read_table(name, content)
    header = table[0]
    made = MemberImport.objects.create(
        community=community,
        file_name=name[:200],
        header=header,
        mapping=guessed_mapping(header),
        uploaded_at=at,
        uploaded_by=by,
    )
    rows = [
        MemberImportRow(member_import=made, number=number, cells=json.dumps(row, ensure_ascii=False))
        for number, row in enumerate(table[1:], start=2)
        if row
    ]
    MemberImportRow.objects.bulk_create(rows, batch_size=BATCH)
    return made


@transaction.atomic
def check(found: MemberImport, mapping: dict[str, int], *, today: date) -> Sorted:
    """The dry run: what would become of each row, written beside it; nobody becomes a member."""
    found = _locked(found, ImportState.UPLOADED, ImportState.CHECKED)
    sorted_rows = sort_rows(found.community, found.rows.order_by("number"), mapping, today=today)
    MemberImportRow.objects.bulk_update(sorted_rows.rows, ["outcome", "reason"], batch_size=BATCH)
    found.mapping, found.state = mapping, ImportState.CHECKED
    found.save(update_fields=["mapping", "state"])
    return sorted_rows


@transaction.atomic
def carry_out(found: MemberImport, *, at: datetime, by: CustomUser | None) -> list[CustomUser]:
    """Make members of the rows that can be; those whom to invite are given back. Whoever asks twice gets NotNow."""
    found = _locked(found, ImportState.CHECKED, ImportState.QUEUED)
    today = registry.day_of(at)
    sorted_rows = sort_rows(found.community, found.rows.order_by("number"), found.mapping, today=today)
    people: list[CustomUser] = []
    for start in range(0, len(sorted_rows.ready), BATCH):
        people += write_members(found.community, sorted_rows.ready[start : start + BATCH], by=by, at=at)
    changed = ["outcome", "reason", "membership", "made_account"]
    MemberImportRow.objects.bulk_update(sorted_rows.rows, changed, batch_size=BATCH)
    found.state, found.finished_at = ImportState.DONE, at
    found.save(update_fields=["state", "finished_at"])
    return people


def write_members(
    community: CERConfiguration, members: Sequence[NewMember], *, by: CustomUser | None, at: datetime
) -> list[CustomUser]:
    """All of them together; where one of them stops the others, each by itself."""
    try:
        with transaction.atomic():
            return _written_together(community, members, by, registry.day_of(at))
    except IntegrityError:
        people = []
        for member in members:
            member.user.pk = None
            member.user._state.adding = True
            try:
                with transaction.atomic():
                    people += _written_together(community, [member], by, registry.day_of(at))
            except IntegrityError:
                member.row.outcome, member.row.membership = RowOutcome.REFUSED, None
                member.row.reason = _("Qualcuno con questi dati è arrivato nel frattempo.")
        return people


def undoing(found: MemberImport) -> Undoing:
    """What undoing would do at this moment. Whoever has a role by now stays: roles are taken away by name."""
    created = found.rows.filter(outcome=RowOutcome.CREATED, membership__isnull=False)
    there = created.filter(membership__active_to=None)
    leaving = there.filter(membership__role=MemberRole.MEMBER).select_related("membership__user").order_by("number")
    return Undoing(list(leaving), there.exclude(membership__role=MemberRole.MEMBER).count())


@transaction.atomic
def undo(found: MemberImport, *, leaving: int, at: datetime, by: CustomUser | None) -> Undoing:
    """Dismiss whom the file let in, as many as whoever asks has read, or NotNow.

    The register keeps both entries, accounts never used are closed.
    """
    found = _locked(found, ImportState.DONE)
    CERConfiguration.objects.select_for_update(of=("self",)).get(pk=found.community_id)  # nobody gets a role meanwhile
    doing = undoing(found)
    if len(doing.leaving) != leaving:
        raise NotNow(f"{len(doing.leaving)} would leave, {leaving} were read.")
    for row in doing.leaving:
        _dismiss(row, at=at, by=by)
    MemberImportRow.objects.bulk_update(doing.leaving, ["outcome"], batch_size=BATCH)
    found.state = ImportState.UNDONE
    found.save(update_fields=["state"])
    return doing


def _dismiss(row: MemberImportRow, *, at: datetime, by: CustomUser | None) -> None:
    membership = row.membership
    assert membership is not None  # noqa: S101  # of a row that made one
    membership.leave(at=at)
    registry.leave(membership, on=at, by=by, notes=_("Importazione annullata"))
    user = membership.user
    others = CERMembership.objects.filter(user=user, active_to=None).exclude(pk=membership.pk)
    if row.made_account and user.last_login is None and not others.exists():
        user.is_active = False
        user.save(update_fields=["is_active"])
    row.outcome = RowOutcome.UNDONE


def _written_together(
    community: CERConfiguration, members: Sequence[NewMember], by: CustomUser | None, today: date
) -> list[CustomUser]:
    for member in members:
        member.user.set_unusable_password()
    users: list[CustomUser] = CustomUser.objects.bulk_create([member.user for member in members], batch_size=BATCH)
    memberships = CERMembership.objects.bulk_create(
        [
            CERMembership(
                community=community,
                user=member.user,
                member_type=member.member_type,
                state=MembershipState.APPROVED,
                active_from=_midnight(member.joined_on),
            )
            for member in members
        ],
        batch_size=BATCH,
    )
    registry.enter_all(community, memberships, by=by, today=today)
    for member, membership in zip(members, memberships, strict=True):
        member.row.outcome, member.row.reason = RowOutcome.CREATED, ""
        member.row.membership, member.row.made_account = membership, True
    return users


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=ITALY).astimezone(UTC)


def _locked(found: MemberImport, *states: ImportState) -> MemberImport:
    fresh = MemberImport.objects.select_for_update(of=("self",)).select_related("community").get(pk=found.pk)
    if fresh.state not in states:
        raise NotNow(f"{fresh.pk} is {fresh.state}.")
    return fresh
