"""Membership cards: one for each member and year, numbered without gaps in each organisation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

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


def issue_all(
    memberships: Sequence[CERMembership], organisation: Organisation, days: Sequence[date], *, today: date
) -> None:
    """The cards of people who are new to the platform, under the same lock: of this year, whenever they joined.

    The fee is asked from today on: nobody is late on the day they are written in.
    """
    first = date(today.year, 1, 1)
    last = MembershipCard.objects.filter(organisation=organisation).aggregate(last=Max("number"))["last"] or 0
    MembershipCard.objects.bulk_create(
        [
            MembershipCard(
                organisation=organisation,
                membership=membership,
                number=last + place,
                valid_from=max(day, first),
                valid_to=end_of_year(max(day, first)),
                fee_due_cents=organisation.fee_cents,
                fee_due_on=max(day, today) + timedelta(days=organisation.fee_days),
            )
            for place, (membership, day) in enumerate(zip(memberships, days, strict=True), start=1)
        ],
        batch_size=500,
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


RENEWAL_OPENS: Final = timedelta(days=60)  # before the end


class TooEarly(Exception):
    """The card is valid for more than the sixty days in which it can be renewed."""


def latest(membership: CERMembership) -> MembershipCard | None:
    """The card that ends last, of the member in the whole organisation."""
    found = MembershipCard.objects.filter(
        organisation__communities=membership.community_id, membership__user_id=membership.user_id
    )
    return found.select_related("membership__user", "organisation").order_by("-valid_from", "-number").first()


@transaction.atomic
def renew(membership: CERMembership, *, on: date) -> MembershipCard:
    """A card for the next year, from the day the last one ends; the same again for whoever asks twice."""
    organisation = Organisation.objects.select_for_update(of=("self",)).get(communities=membership.community_id)
    last = latest(membership)
    if last is not None and last.valid_from > on:
        return last  # asked for already
    if last is not None and (last.valid_to is None or last.valid_to - RENEWAL_OPENS > on):
        raise TooEarly(f"{last} is valid to {last.valid_to}.")
    begins = on if last is None or last.valid_to is None else max(on, last.valid_to)
    return issue(membership, organisation, on=begins)


def renew_all(memberships: Iterable[CERMembership], *, on: date) -> int:
    """Renew what can be renewed; how many cards were made."""
    made = 0
    for membership in memberships:
        before = latest(membership)
        try:
            made += renew(membership, on=on) != before
        except TooEarly:
            continue
    return made
