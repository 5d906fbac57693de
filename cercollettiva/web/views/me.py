"""One's own page as a member: data, card, papers, fees."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cercollettiva.core.models import CERMembership, FeePayment, MemberRegistry, MembershipCard
from cercollettiva.core.models.communities import CLOSED
from cercollettiva.documents.owed import papers_of_member
from cercollettiva.users.models import CustomUser
from cercollettiva.web.desk import papers
from cercollettiva.web.views.members import person, today


@never_cache
@login_required
@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """GET me/: what one is in each community, and what is still owed."""
    user = person(request)
    memberships = CERMembership.objects.members().filter(user=user).exclude(state__in=CLOSED)
    places = [_place(user, membership) for membership in memberships.select_related("community__organisation")]
    payments = FeePayment.objects.visible_to(user).filter(card__membership__user=user)
    context = {
        "person": user,
        "places": places,
        "due_cents": sum(place["due_cents"] for place in places),
        "owed": any(place["papers"] for place in places),
        "payments": payments.select_related("card__membership__community").order_by("-receipt_number"),
    }
    return render(request, "register/me.html", context)


def _place(user: CustomUser, membership: CERMembership) -> dict[str, Any]:
    day = today()
    organisation = membership.community.organisation_id
    cards = list(MembershipCard.objects.filter(membership__user=user, organisation=organisation).order_by("valid_from"))
    valid = [card for card in cards if card.valid_from <= day and (card.valid_to is None or day < card.valid_to)]
    card = valid[-1] if valid else (cards[-1] if cards else None)
    entry = MemberRegistry.objects.present().filter(user=user, organisation=organisation).first()
    fees = [
        {
            "card": each,
            "due_cents": each.fee_due_cents - each.fee_paid_cents,
            "late": each.fee_due_on is not None and each.fee_due_on < day,
        }
        for each in cards
        if each.fee_due_cents > each.fee_paid_cents
    ]
    standings = papers_of_member(membership)
    verified = membership.documents_verified_at is not None
    return {
        "membership": membership,
        "community": membership.community,
        "card": card,
        "card_is_valid": bool(valid),
        "last_day": papers.last_day(card) if card else None,
        "member_number": entry.member_number if entry else None,
        "papers": [] if verified else [standing for standing in standings if not standing.is_here],
        "arrived": [document for standing in standings for document in standing.documents],
        "fees": fees,
        "due_cents": sum(fee["due_cents"] for fee in fees),
    }
