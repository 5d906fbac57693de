"""The fees of a community's members: who paid, who is late, receipts. For its administrators."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import F, Prefetch, Q, QuerySet, Sum
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cercollettiva.core import cards, fees
from cercollettiva.core.models import (
    CardJob,
    CERConfiguration,
    CERMembership,
    FeePayment,
    MembershipCard,
    MemberType,
    PaymentMethod,
)
from cercollettiva.core.models.desk import JobState
from cercollettiva.web.desk import papers, sheets
from cercollettiva.web.desk.refusals import words_for
from cercollettiva.web.views.members import (
    ON_A_PAGE,
    PAGE,
    NotAnAmount,
    administered,
    cents_of,
    day_in,
    file_name,
    number_in,
    person,
    today,
)

UNREAD: Final = -1  # no card has paid so much: a form without what was read is refused
STATES: Final = ("", "da-versare", "in-ritardo", "versate")


@never_cache
@login_required
@require_http_methods(PAGE)
def community_fees(request: HttpRequest, pk: int) -> HttpResponse:
    """GET and POST cer/<pk>/fees/: what is due and paid; set one fee or all, write down a payment, renew, print."""
    community = administered(request, pk)
    if request.method == "POST":
        _act(request, community)
        return redirect(request.get_full_path())
    day = today()
    of_all = cards_of(request, community)
    chosen = request.GET.get("stato", "")
    found = _chosen(of_all, chosen, day).order_by("-valid_from", "membership__user__last_name", "number")
    if request.GET.get("format") in ("xlsx", "csv"):
        return _file(community, found, request.GET["format"])
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("pagina"))
    late = fees.late(of_all, on=day).aggregate(cents=Sum(F("fee_due_cents") - F("fee_paid_cents")))
    context = {
        "community": community,
        "page": page,
        "rows": [_row(card, day) for card in page],
        "sums": of_all.aggregate(due=Sum("fee_due_cents"), paid=Sum("fee_paid_cents")),
        "late_cents": late["cents"] or 0,
        "late_count": fees.late(of_all, on=day).count(),
        "chosen": chosen,
        "address": f"?stato={chosen}" if chosen in STATES and chosen else "?",
        "filters": [
            ("", _("Tutte")),
            ("da-versare", _("Da versare")),
            ("in-ritardo", _("In ritardo")),
            ("versate", _("Versate")),
        ],
        "methods": PaymentMethod.choices,
        "types": MemberType.choices,
        "today": day,
        "job": CardJob.objects.filter(community=community).first(),
        "job_states": JobState,
    }
    return render(request, "register/fees.html", context)


@never_cache
@login_required
@require_safe
def receipt(request: HttpRequest, pk: int, payment: int) -> HttpResponse:
    """GET cer/<pk>/fees/receipts/<payment>/: a receipt as PDF, for whoever paid and for administrators."""
    visible = FeePayment.objects.visible_to(request.user).filter(card__membership__community=pk)
    related = ("reverses", "card__membership__user", "card__membership__community__organisation")
    found = get_object_or_404(visible.select_related(*related), pk=payment)
    return sheets.pdf_answer(papers.receipt_pdf(found), f"ricevuta-{found.receipt_number}.pdf")


@never_cache
@login_required
@require_safe
def cards_file(request: HttpRequest, pk: int, job: int) -> HttpResponse | FileResponse:
    """GET cer/<pk>/fees/cards/<job>/: the archive with a community's cards."""
    community = administered(request, pk)
    found = get_object_or_404(CardJob.objects.visible_to(request.user), community=community, pk=job)
    if not found.file:
        raise Http404
    return FileResponse(found.file.open("rb"), as_attachment=True, filename=file_name(community, "tessere", "zip"))


def cards_of(request: HttpRequest, community: CERConfiguration) -> QuerySet[MembershipCard]:
    """The cards of a community with what a row of the page shows."""
    payments = Prefetch("payments", FeePayment.objects.select_related("reversed_by").order_by("receipt_number"))
    found = MembershipCard.objects.visible_to(request.user).filter(membership__community=community)
    return found.select_related("membership__user").prefetch_related(payments, "reminders")


def _chosen(found: QuerySet[MembershipCard], chosen: str, day: date) -> QuerySet[MembershipCard]:
    if chosen == "da-versare":
        return fees.open_fees(found)
    if chosen == "in-ritardo":
        return fees.late(found, on=day)
    return found.filter(fee_paid_cents__gte=F("fee_due_cents")) if chosen == "versate" else found


def _row(card: MembershipCard, day: date) -> dict[str, Any]:
    due = max(card.fee_due_cents - card.fee_paid_cents, 0)
    late = bool(due and card.fee_due_on and card.fee_due_on < day)
    if late:
        state = ("act", _("in ritardo"))
    elif due:
        state = ("look", _("da versare"))
    else:
        state = ("fine", _("versata") if card.fee_due_cents else _("niente da versare"))
    return {"card": card, "due_cents": due, "state": state[0], "label": state[1], "last_day": papers.last_day(card)}


def _act(request: HttpRequest, community: CERConfiguration) -> None:
    """Do what a form of the page asks; a refusal is said in words and changes nothing."""
    does = {"set": _set, "bulk": _set_all, "pay": _pay, "reverse": _reverse, "renew": _renew, "print": _print}
    act = does.get(request.POST.get("action", ""))
    if act is None:
        messages.error(request, _("Questa azione non c’è."))
        return
    try:
        messages.success(request, act(request, community))
    except NotAnAmount:
        messages.error(request, _("Scrivi un importo in euro, per esempio 25 oppure 25,50."))
    except fees.FeeRefused as refusal:
        messages.error(request, words_for(refusal))


def _set(request: HttpRequest, community: CERConfiguration) -> str:
    card = _card(request, community)
    fees.set_fee(card, cents=_cents(request), on=today(), due_on=day_in(request.POST.get("due_on", "")))
    return _("Quota cambiata.")


def _set_all(request: HttpRequest, community: CERConfiguration) -> str:
    kind = request.POST.get("member_type", "")
    if kind not in ("", *MemberType.values):
        raise Http404
    count = fees.set_fees(
        community,
        cents=_cents(request),
        on=today(),
        member_type=kind,
        due_on=day_in(request.POST.get("due_on", "")),
    )
    return _("Tessere con la quota cambiata: %(count)s.") % {"count": count}


def _pay(request: HttpRequest, community: CERConfiguration) -> str:
    card, method, day = _card(request, community), request.POST.get("method", ""), today()
    if method not in PaymentMethod.values:
        raise Http404
    written = request.POST.get("amount", "").strip()
    read = request.POST.get("paid", "")
    payment = fees.pay(
        card,
        cents=cents_of(written) if written else None,
        method=PaymentMethod(method),
        paid_on=day_in(request.POST.get("paid_on", "")) or day,
        today=day,
        by=person(request),
        read_cents=number_in(read) if read else UNREAD,
    )
    return _("Versamento scritto: ricevuta n. %(number)s.") % {"number": payment.receipt_number}


def _reverse(request: HttpRequest, community: CERConfiguration) -> str:
    payments = FeePayment.objects.visible_to(request.user).filter(card__membership__community=community)
    payment = get_object_or_404(payments, pk=number_in(request.POST.get("payment", "")))
    fees.reverse(payment, on=today(), by=person(request))
    return _("Ricevuta n. %(number)s stornata.") % {"number": payment.receipt_number}


def _renew(request: HttpRequest, community: CERConfiguration) -> str:
    members = CERMembership.objects.members().active_at(timezone.now())
    count = cards.renew_all(members.filter(community=community).filter(Q(active_to=None)), on=today())
    return _("Tessere rinnovate: %(count)s.") % {"count": count}


def _print(request: HttpRequest, community: CERConfiguration) -> str:
    waiting = CardJob.objects.filter(community=community, state__in=(JobState.QUEUED, JobState.RUNNING))
    if not waiting.exists():
        CardJob.objects.create(community=community, asked_at=timezone.now(), asked_by=person(request))
    return _("Le tessere sono in preparazione: entro un minuto si comincia, e qui vedi a che punto sono.")


def _card(request: HttpRequest, community: CERConfiguration) -> MembershipCard:
    return get_object_or_404(
        MembershipCard.objects.visible_to(request.user),
        membership__community=community,
        pk=number_in(request.POST.get("card", "")),
    )


def _cents(request: HttpRequest) -> int:
    return cents_of(request.POST.get("amount", ""))


def _file(community: CERConfiguration, found: QuerySet[MembershipCard], form: str) -> HttpResponse:
    header = [_("Tessera"), _("Socio"), _("Email"), _("Dovuta €"), _("Versata €"), _("Entro il"), _("Ricevute")]
    rows = (
        (
            card.number,
            str(card.membership.user),
            card.membership.user.email,
            Decimal(card.fee_due_cents).scaleb(-2),
            Decimal(card.fee_paid_cents).scaleb(-2),
            card.fee_due_on,
            ", ".join(str(payment.receipt_number) for payment in card.payments.all()),
        )
        for card in found
    )
    name = file_name(community, "quote", form)
    if form == "xlsx":
        return sheets.xlsx_answer(name, _("Quote"), header, rows)
    return sheets.csv_download(name, header, rows)
