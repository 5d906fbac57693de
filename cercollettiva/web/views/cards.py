"""The membership card: one's own, and for administrators those of the others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cercollettiva.core import cards
from cercollettiva.core.models import CERConfiguration, CERMembership, MembershipCard
from cercollettiva.web.desk import papers, sheets
from cercollettiva.web.views.members import PAGE, number_in, person, today, visible


@never_cache
@login_required
@require_http_methods(PAGE)
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """GET cer/<pk>/card/?card=&view=wallet&format=pdf: a card; POST renews one's own."""
    community = visible(request, pk)
    if request.method == "POST":
        return _renew(request, community)
    found = _asked(request, community)
    if request.GET.get("format") == "pdf":
        if found is None:
            raise Http404
        return sheets.pdf_answer(papers.card_pdf(found), f"tessera-{found.number}.pdf")
    context: dict[str, Any] = {"community": community, "card": found}
    if found is not None:
        day = today()
        context |= {
            "is_own": found.membership.user_id == person(request).pk,
            "is_valid": _is_valid(found),
            "last_day": papers.last_day(found),
            "begins_later": found.valid_from > day,
            "may_renew": found.valid_to is not None
            and found.valid_from <= day
            and day >= found.valid_to - cards.RENEWAL_OPENS
            and found.membership.active_to is None,
            "renewal_from": found.valid_to - cards.RENEWAL_OPENS if found.valid_to else None,
            "due_cents": max(found.fee_due_cents - found.fee_paid_cents, 0),
            "qr": papers.qr_svg(papers.check_url(found)),
            "others": _cards_of(request, community).filter(membership__user=found.membership.user_id),
        }
    is_wallet = request.GET.get("view") == "wallet" and found is not None
    return render(request, "register/wallet.html" if is_wallet else "register/card.html", context)


@never_cache
@require_safe
def check(request: HttpRequest, token: str) -> HttpResponse:
    """GET cards/<token>/: whether the card behind a QR code is valid today; it names nobody."""
    key = papers.card_key(token)
    found = MembershipCard.objects.filter(pk=key).select_related("membership__community").first() if key else None
    if found is None:
        raise Http404
    context = {"card": found, "is_valid": _is_valid(found), "last_day": papers.last_day(found)}
    return render(request, "register/card_check.html", context)


def _asked(request: HttpRequest, community: CERConfiguration) -> MembershipCard | None:
    """The card with the number of its row, of those one may see; without one, one's own that is valid or came last."""
    of_all = _cards_of(request, community)
    if "card" in request.GET:
        return get_object_or_404(of_all, pk=number_in(request.GET["card"]))
    own = of_all.filter(membership__user=person(request)).order_by("-valid_from")
    day = today()
    return own.filter(valid_from__lte=day).first() or own.first()


def _cards_of(request: HttpRequest, community: CERConfiguration) -> QuerySet[MembershipCard]:
    """Cards belong to the organisation: a member of two of its communities has one."""
    found = MembershipCard.objects.visible_to(request.user).filter(organisation=community.organisation_id)
    return found.select_related("membership__user", "membership__community__organisation").order_by("-valid_from")


def _is_valid(found: MembershipCard) -> bool:
    day = today()
    return found.valid_from <= day and (found.valid_to is None or day < found.valid_to)


def _renew(request: HttpRequest, community: CERConfiguration) -> HttpResponse:
    day = today()
    membership = get_object_or_404(
        CERMembership.objects.members().filter(user=person(request), community=community, active_to=None),
        active_from__isnull=False,
    )
    try:
        renewed = cards.renew(membership, on=day)
    except cards.TooEarly:
        messages.error(request, _("È presto: il rinnovo si apre 60 giorni prima della scadenza."))
        return redirect("register:card", pk=community.pk)
    last = papers.last_day(renewed) or renewed.valid_from + timedelta(days=365)
    messages.success(request, _("Tessera rinnovata fino al %(day)s.") % {"day": f"{last:%d/%m/%Y}"})
    return redirect("register:card", pk=community.pk)
