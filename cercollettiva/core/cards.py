"""Membership cards: one for each member and year, numbered without gaps in each organisation."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from cercollettiva.core.models import CERMembership, MembershipCard, Organisation
from cercollettiva.core.models.members import NotAMember


def issue(
    membership: CERMembership, organisation: Organisation, *, on: date, fee_due_cents: int | None = None
) -> MembershipCard:
    """Give a member a card to the end of the year, or give back the one that is valid on the day.

    The caller holds the organisation's lock (`registry.locked_organisation_of`): that is what numbers need.
    """
    if not membership.is_member:
        raise NotAMember(f"{membership} has no type of member.")
    valid = valid_on(on).filter(organisation=organisation, membership__user_id=membership.user_id).first()
    if valid is not None:
        return valid
    begun = MembershipCard.objects.filter(membership=membership, valid_from=on).first()
    if begun is not None:  # who left and came back on one day
        begun.valid_to = end_of_year(on)
        begun.save(update_fields=["valid_to"])
        return begun
    last = MembershipCard.objects.filter(organisation=organisation).aggregate(last=Max("number"))["last"]
    return MembershipCard.objects.create(
        organisation=organisation,
        membership=membership,
        number=(last or 0) + 1,
        valid_from=on,
        valid_to=end_of_year(on),
        fee_due_cents=organisation.fee_cents if fee_due_cents is None else fee_due_cents,
        fee_due_on=on + timedelta(days=organisation.fee_days),
    )


@transaction.atomic
def end(membership: CERMembership, *, on: date) -> None:
    """End the cards of a member who leaves; a card that would only begin later never does."""
    for card in MembershipCard.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=on), membership=membership):
        card.valid_to = max(on, card.valid_from)
        card.save(update_fields=["valid_to"])


def valid_on(day: date) -> QuerySet[MembershipCard]:
    return MembershipCard.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day), valid_from__lte=day)


def end_of_year(day: date) -> date:
    """The first day that a card of this year is no longer valid."""
    return date(day.year + 1, 1, 1)
