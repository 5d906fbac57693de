"""Changes that touch more than one row of the communities."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from cercollettiva.core.models import CERMembership, MemberRegistry, MembershipCard, Organisation


class NotAMember(Exception):
    """Somebody who administers or assists a community without being a member of it."""


@transaction.atomic
def register_member(membership: CERMembership, *, at: datetime) -> MemberRegistry:
    """Enter a member in the register under the next number, or give back the line that is already open.

    The organisation's row is locked until the commit, so that two members never meet on a number and a number that
    was given back by a rollback is given again: the register has no gaps.
    """
    if not membership.is_member:
        raise NotAMember(f"{membership} has no type of member.")
    organisation = _locked_organisation_of(membership)
    entry = MemberRegistry.objects.present().filter(organisation=organisation, user_id=membership.user_id).first()
    if entry is not None:
        return entry
    last = MemberRegistry.objects.filter(organisation=organisation).aggregate(last=Max("number"))["last"]
    return MemberRegistry.objects.create(
        organisation=organisation,
        number=(last or 0) + 1,
        user_id=membership.user_id,
        membership=membership,
        entered_at=at,
    )


@transaction.atomic
def issue_card(membership: CERMembership, *, at: datetime, fee_due_cents: int = 0) -> MembershipCard:
    """Give a member a card with the organisation's next number."""
    if not membership.is_member:
        raise NotAMember(f"{membership} has no type of member.")
    organisation = _locked_organisation_of(membership)
    last = MembershipCard.objects.filter(organisation=organisation).aggregate(last=Max("number"))["last"]
    return MembershipCard.objects.create(
        organisation=organisation,
        membership=membership,
        number=(last or 0) + 1,
        valid_from=at.date(),
        fee_due_cents=fee_due_cents,
    )


def _locked_organisation_of(membership: CERMembership) -> Organisation:
    """On SQLite a transaction locks the whole database when it begins, and select_for_update says nothing."""
    return Organisation.objects.select_for_update(of=("self",)).get(communities=membership.community_id)
