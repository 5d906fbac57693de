"""Writing in the register of members (libro soci).

Entering, changing and leaving are entries; whoever lets a member in, changes or dismisses one calls these by name. The
organisation's row is locked until the commit, so that two entries never meet on a number, and a number that a rollback
gave back is given again: the register has no gaps.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from django.db import transaction
from django.db.models import Max

from cercollettiva.core import cards
from cercollettiva.core.models import CERConfiguration, CERMembership, EntryKind, MemberRegistry, Organisation
from cercollettiva.core.models.members import NotAMember
from cercollettiva.domain.calendar import ITALY
from cercollettiva.users.models import CustomUser

ENTERED_DETAILS: Final = ("name", "fiscal_code", "address", "member_type")


class BeforeTheLastEntry(Exception):
    """A member cannot change or leave before the day of the entry that stands."""


@transaction.atomic
def enter(membership: CERMembership, *, on: date, by: CustomUser | None, notes: str = "") -> MemberRegistry:
    """Enter a member under the next number and make the card, or give back the entry of a member who is in already.

    A moment given for `on` counts as its day in Italy. The membership is approved by the caller.
    """
    if not membership.is_member:
        raise NotAMember(f"{membership} has no type of member.")
    organisation = locked_organisation_of(membership)
    day = day_of(on)
    standing = _standing(organisation, membership.user_id)
    if standing is None:
        last = MemberRegistry.objects.filter(organisation=organisation).aggregate(last=Max("member_number"))["last"]
        standing = _write(EntryKind.ENTERED, organisation, membership, None, (last or 0) + 1, day, by, notes)
    cards.issue(membership, organisation, on=day)
    return standing


@transaction.atomic
def enter_all(
    community: CERConfiguration, memberships: Sequence[CERMembership], *, by: CustomUser | None, today: date
) -> list[MemberRegistry]:
    """Enter people who are new to the organisation, each on the day the membership begins; with cards of this year."""
    organisation = Organisation.objects.select_for_update(of=("self",)).get(pk=community.organisation_id)
    last = MemberRegistry.objects.filter(organisation=organisation).aggregate(
        number=Max("number"), member_number=Max("member_number")
    )
    days = [day_of(membership.active_from) for membership in memberships if membership.active_from is not None]
    entries = [
        MemberRegistry(
            organisation=organisation,
            number=(last["number"] or 0) + place,
            kind=EntryKind.ENTERED,
            member_number=(last["member_number"] or 0) + place,
            user=membership.user,
            membership=membership,
            on=day,
            person=json.dumps(details_of(membership), ensure_ascii=False),
            recorded_by=by,
        )
        for place, (membership, day) in enumerate(zip(memberships, days, strict=True), start=1)
    ]
    written = MemberRegistry.objects.bulk_create(entries, batch_size=500)
    cards.issue_all(memberships, organisation, days, today=today)
    return written


@transaction.atomic
def leave(membership: CERMembership, *, on: date, by: CustomUser | None, notes: str = "") -> MemberRegistry | None:
    """Write that a member left and end the cards; None for whoever stays through another community, or was not in."""
    organisation = locked_organisation_of(membership)
    day = day_of(on)
    cards.end(membership, on=day)
    standing = _standing(organisation, membership.user_id)
    if standing is None or _is_a_member_elsewhere(organisation, membership):
        return None
    _not_before(standing, day)
    return _write(EntryKind.LEFT, organisation, membership, standing, standing.member_number, day, by, notes)


@transaction.atomic
def change(membership: CERMembership, *, on: date, by: CustomUser | None, notes: str = "") -> MemberRegistry | None:
    """Write what the register has to say anew of a member: None where nothing changed, or nobody is in."""
    organisation = locked_organisation_of(membership)
    day = day_of(on)
    standing = _standing(organisation, membership.user_id)
    if standing is None:
        return None
    if not changed_details(standing, membership) and not notes:
        return None
    _not_before(standing, day)
    return _write(EntryKind.CHANGED, organisation, membership, standing, standing.member_number, day, by, notes)


def change_of(user: CustomUser, *, on: date, by: CustomUser | None) -> list[MemberRegistry]:
    """Write in every register somebody is in what their data have become."""
    memberships = CERMembership.objects.members().filter(user=user, active_from__isnull=False, active_to=None)
    written = [change(membership, on=on, by=by) for membership in memberships.select_related("user")]
    return [entry for entry in written if entry is not None]


def details_of(membership: CERMembership) -> dict[str, str]:
    """What the register says of a member, as it is now."""
    user = membership.user
    return {
        "name": user.get_full_name() or user.email,
        "fiscal_code": user.fiscal_code or user.vat_number,
        "address": user.address,
        "member_type": membership.member_type,
    }


def changed_details(standing: MemberRegistry, membership: CERMembership) -> list[str]:
    """The names of what is not as the register has it."""
    written, present = standing.details, details_of(membership)
    return [name for name in ENTERED_DETAILS if written.get(name, "") != present[name]]


def day_of(on: date) -> date:
    """The day in Italy of a moment; a day is a day."""
    return on.astimezone(ITALY).date() if isinstance(on, datetime) else on


def locked_organisation_of(membership: CERMembership) -> Organisation:
    """On SQLite a transaction locks the whole database when it begins, and select_for_update says nothing."""
    return Organisation.objects.select_for_update(of=("self",)).get(communities=membership.community_id)


def _standing(organisation: Organisation, user_id: int) -> MemberRegistry | None:
    """The entry that says how somebody stands, None for whoever is not in."""
    return MemberRegistry.objects.present().filter(organisation=organisation, user_id=user_id).first()


def _is_a_member_elsewhere(organisation: Organisation, membership: CERMembership) -> bool:
    others = CERMembership.objects.members().filter(
        user_id=membership.user_id, community__organisation=organisation, active_from__isnull=False, active_to=None
    )
    return others.exclude(pk=membership.pk).exists()


def _not_before(standing: MemberRegistry, day: date) -> None:
    if day < standing.on:
        raise BeforeTheLastEntry(f"{standing} stands since {standing.on}, {day} is before that.")


def _write(
    kind: EntryKind,
    organisation: Organisation,
    membership: CERMembership,
    previous: MemberRegistry | None,
    member_number: int,
    day: date,
    by: CustomUser | None,
    notes: str,
) -> MemberRegistry:
    last = MemberRegistry.objects.filter(organisation=organisation).aggregate(last=Max("number"))["last"]
    return MemberRegistry.objects.create(
        organisation=organisation,
        number=(last or 0) + 1,
        kind=kind,
        member_number=member_number,
        user_id=membership.user_id,
        membership=membership,
        previous=previous,
        on=day,
        changed=changed_details(previous, membership) if previous is not None else [],
        person=json.dumps(details_of(membership), ensure_ascii=False),
        notes=notes,
        recorded_by=by,
    )
