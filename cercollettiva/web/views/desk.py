"""The desk of those who administer communities: what waits, and one application beside what is known of it."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cercollettiva.core import applications
from cercollettiva.core.models import (
    Application,
    ApplicationEvent,
    CERConfiguration,
    MemberRole,
    MembershipState,
    MemberType,
)
from cercollettiva.core.points import PointTaken
from cercollettiva.documents.accesses import seen
from cercollettiva.documents.models import Processing
from cercollettiva.documents.owed import papers_of_application
from cercollettiva.users.audit import personal_data_read
from cercollettiva.users.models import CustomUser
from cercollettiva.web.desk.checks import checks_of
from cercollettiva.web.desk.forms import FORMS
from cercollettiva.web.desk.waiting import waiting_for
from cercollettiva.web.join import mails
from cercollettiva.web.join.summary import summary_of
from cercollettiva.web.papers import standing
from cercollettiva.web.papers.contradictions import contradictions_of

A_PAGE: Final = 25
CONFLICT: Final = 409
REFUSED: Final = 422
STATES: Final = {
    "attesa": (MembershipState.SUBMITTED,),
    "correggere": (MembershipState.TO_FIX,),
    "decise": (MembershipState.APPROVED, MembershipState.REJECTED, MembershipState.LEFT),
}
SHOWN: Final = ("fiscal_code", "vat_number", "pec", "sdi_code", "legal_name", "phone", "address")


@never_cache
@login_required
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """GET desk/: what waits in all the communities one administers, the longest wait first."""
    user, now = _administrator(request), timezone.now()
    communities = waiting_for(user, now=now)
    state = request.GET.get("stato", "attesa")
    state = state if state in STATES else "attesa"
    rows = Application.objects.administered_by(user, at=now).filter(membership__state__in=STATES[state])
    chosen = next((one.community for one in communities if str(one.community.pk) == request.GET.get("cer")), None)
    if chosen is not None:
        rows = rows.filter(community=chosen)
    newest_first = state == "decise"
    ordered = rows.select_related("community", "membership", "user").order_by(
        "-updated_at" if newest_first else "submitted_at", "pk"
    )
    context = {
        "communities": communities,
        "waiting": sum(one.waiting for one in communities),
        "to_fix": sum(one.to_fix for one in communities),
        "late": [one for one in communities if one.is_late],
        "state": state,
        "chosen": chosen,
        "page": Paginator(ordered, A_PAGE).get_page(request.GET.get("pagina")),
        "now": now,
    }
    return render(request, "desk/desk.html", context)


@never_cache
@login_required
@require_http_methods(("GET", "HEAD", "POST"))
def application(request: HttpRequest, pk: int) -> HttpResponse:
    """GET and POST desk/<pk>/: one application side by side with what is known; approve, give back, reject."""
    user = _administrator(request, or_404=False)
    rows = Application.objects.administered_by(user).select_related("community__organisation", "membership__user")
    one = get_object_or_404(rows, pk=pk)
    if request.method != "POST":
        return _page(request, user, one)
    action = request.POST.get("action", "")
    if action not in FORMS:
        messages.error(request, _("Questa azione non c’è."))
        return redirect("desk:application", pk=pk)
    form = FORMS[action](request.POST, application=one)
    if not form.is_valid():
        return _page(request, user, one, form, status=REFUSED)
    try:
        with transaction.atomic():
            event = _decide(one, form, action, user)
    except applications.ChangedMeanwhile as changed:
        return _page(request, user, changed.application, form, is_late=True, status=CONFLICT)
    except PointTaken:
        words = _("Non è stato fatto niente: il POD è già di un’altra persona o di un’altra comunità.")
        form.add_error(None, words)
        return _page(request, user, one, form, status=CONFLICT)
    messages.success(request, _done(event))
    return redirect("desk:desk")


def _decide(one: Application, form: forms.Form, action: str, user: CustomUser) -> ApplicationEvent:
    """Do it, and write to the person after the commit."""
    said, now = form.cleaned_data, timezone.now()
    common: dict[str, Any] = {"revision": said["revision"], "by": user, "at": now}
    if action == "approve":
        member_type, role = MemberType(said["member_type"]), MemberRole(said["role"])
        event = applications.approve(one, member_type=member_type, role=role, papers_seen=said["papers_seen"], **common)
        entry = event.application.membership.registry_entries.last() if event.application.membership else None
        mails.tell_applicant(event.application, "approved", number=entry.member_number if entry else None)
    elif action == "correct":
        event = applications.ask_correction(one, note=said["note"], steps=said["steps"], **common)
        mails.tell_applicant(event.application, "to_fix", note=said["note"], steps=event.step_labels)
    else:
        event = applications.reject(one, note=said["note"], **common)
        mails.tell_applicant(event.application, "rejected", note=said["note"])
    return event


def _done(event: ApplicationEvent) -> str:
    words = {
        "APPROVED": _("%(name)s è in comunità: numero, tessera e POD sono al loro posto."),
        "CORRECTION": _("%(name)s riceve la richiesta di correzione per posta."),
        "REJECTED": _("Domanda di %(name)s respinta: il motivo parte per posta."),
    }
    return words[event.kind] % {"name": event.application.shown_name}


def _page(
    request: HttpRequest,
    user: CustomUser,
    one: Application,
    refused: Any = None,
    *,
    is_late: bool = False,
    status: int = 200,
) -> HttpResponse:
    """What was typed into a refused form stays in it; a late one is read again before it may decide."""
    now = timezone.now()
    one = Application.objects.select_related("community__organisation", "membership__user").get(pk=one.pk)
    standings = papers_of_application(one)
    built = {action: form(application=one) for action, form in FORMS.items()}
    if refused is not None:
        if is_late:
            refused.data = {**refused.data.dict(), "revision": one.revision, "steps": refused.data.getlist("steps")}
        built[refused.action] = refused
    if one.user is not None:
        personal_data_read([one.user], fields=SHOWN, purpose="application", request=request)
    for document in standing.documents_of(standings):
        if document.processing == Processing.DONE and request.method == "GET":
            seen(document, by=user)
    context = {
        "application": one,
        "parts": summary_of(one),
        "checks": checks_of(one, user, at=now),
        "papers": standing.rows_of(standings),
        "contradictions": contradictions_of(one, standing.documents_of(standings)),
        "consents": one.answer("consents").get("given", []),
        "events": one.events.select_related("by"),
        "forms": built,
        "refused": refused,
        "is_late": is_late,
        "last": one.events.select_related("by").last(),
        "blocked": any(check.state == "act" for check in checks_of(one, user, at=now)),
    }
    return render(request, "desk/application.html", context, status=status)


def _administrator(request: HttpRequest, *, or_404: bool = True) -> CustomUser:
    """Whoever administers some community; for the others the desk is not there."""
    user = request.user
    assert isinstance(user, CustomUser)  # noqa: S101  # login_required
    if or_404 and not CERConfiguration.objects.administered_by(user).exists() and not user.is_staff:
        raise Http404
    return user
