"""Papers handed in, verified, held for the law, deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from cercollettiva.documents import operations, retention
from cercollettiva.documents.intake import Duplicate, Refused, Subject, take_in
from cercollettiva.documents.models import Document
from cercollettiva.documents.types import DocumentType
from cercollettiva.users.consents import PRIVACY_VERSION
from cercollettiva.users.models import CustomUser
from cercollettiva.web.papers import mails
from cercollettiva.web.papers.forms import HoldForm, UploadForm
from cercollettiva.web.papers.reasons import words_of
from cercollettiva.web.papers.subjects import MINE, about
from cercollettiva.web.throttle import is_too_often
from cercollettiva.web.views.members import PAGE, person
from cercollettiva.web.views.papers import visible_paper


@never_cache
@login_required
@require_http_methods(PAGE)
def upload(request: HttpRequest) -> HttpResponse:
    """GET and POST documents/upload/?type=&subject=&next=: hand a paper in; what is refused says why."""
    user = person(request)
    initial = {"type": request.GET.get("type", ""), "subject": request.GET.get("subject", MINE)}
    posted = request.method == "POST"
    form = UploadForm(request.POST if posted else None, request.FILES or None, user=user, initial=initial)
    back = request.POST.get("next") or request.GET.get("next", "")
    existing = None
    if posted and form.is_valid():
        document, existing = taken(request, form, subject=form.about or Subject(owner=user))
        if document is not None:
            messages.success(request, _("Il documento è arrivato: è cifrato, e lo vede solo chi deve."))
            if document.type == DocumentType.GAUDI:
                return redirect("documents:gaudi", pk=document.pk)
            return redirect(back) if _is_ours(request, back) else redirect("documents:detail", pk=document.pk)
    context = {"form": form, "existing": existing, "next": back if _is_ours(request, back) else ""}
    return render(request, "documents/upload.html", context)


def taken(
    request: HttpRequest, form: Any, *, subject: Subject, kind: str = "", key: str = ""
) -> tuple[Document | None, Document | None]:
    """The paper of a valid form, or none and the reason on the form; and the one it is a copy of."""
    user = request.user if isinstance(request.user, CustomUser) else None
    if is_too_often(request, "paper", key=str(user.pk) if user else key):
        form.add_error("file", _("Troppi file in poco tempo: riprova tra un’ora."))
        return None, None
    given = form.cleaned_data
    for_another = user is not None and subject.owner not in (None, user) and subject.application is None
    has_agreed = (subject.owner or subject.application) and not for_another  # nobody agrees for somebody else
    try:
        with transaction.atomic():
            document = take_in(
                given["file"],
                kind=DocumentType(kind or given["type"]),
                subject=subject,
                by=user,
                notes=given.get("notes", ""),
                consent=PRIVACY_VERSION if has_agreed else "",
            )
            if for_another and user is not None:
                operations.handed_in_for(document, by=user)
                mails.tell_of_handed_in(document, by=user)
    except Duplicate as refusal:
        form.add_error("file", ValidationError(words_of(refusal), code="duplicate"))
        return None, refusal.document
    except Refused as refusal:
        form.add_error("file", ValidationError(words_of(refusal), code="refused"))
        return None, None
    return document, None


@never_cache
@login_required
@require_http_methods(PAGE)
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET and POST documents/<pk>/delete/: asked once more, then destroyed; what a law holds stays."""
    user, document = person(request), visible_paper(request, pk)
    may = Document.objects.deletable_by(user).filter(pk=pk).exists()
    if request.method == "POST" and may and "confirmed" in request.POST:
        try:
            retention.delete(document, by=user, at=timezone.now())
        except retention.OnHold:
            messages.error(request, _("Non si può eliminare: va conservato finché chi l’ha deciso non lo libera."))
            return redirect("documents:detail", pk=pk)
        messages.success(request, _("Eliminato: resta scritto solo che c’era, e chi l’ha eliminato."))
        return redirect("documents:list")
    context = {"document": document, "about": about(document), "may_delete": may}
    return render(request, "documents/delete.html", context)


@login_required
@require_POST
def verify(request: HttpRequest, pk: int) -> HttpResponse:
    """POST documents/<pk>/verify/: an administrator has looked at it; an identity paper goes ninety days later."""
    document = _administered(request, pk)
    try:
        fresh = operations.verify(document, by=person(request), at=timezone.now())
    except operations.Gone as gone:
        raise Http404 from gone
    told = _("Verificato. Resta fino al %(day)s.") % {"day": f"{fresh.term():%d/%m/%Y}"}
    messages.success(request, told)
    back = request.POST.get("next", "")
    return redirect(back) if _is_ours(request, back) else redirect("documents:detail", pk=pk)


@login_required
@require_POST
def hold(request: HttpRequest, pk: int) -> HttpResponse:
    """POST documents/<pk>/hold/ action=hold|release: whether a law or a dispute keeps it beyond its term."""
    document, user = _administered(request, pk), person(request)
    action, form = request.POST.get("action"), HoldForm(request.POST)
    try:
        if action == "release":
            operations.release(document, by=user)
            messages.success(request, _("Adesso vale di nuovo il suo termine."))
        elif action == "hold" and form.is_valid():
            operations.hold(document, reason=form.cleaned_data["reason"], by=user)
            messages.success(request, _("Va conservato: finché non lo liberi nessuno lo può eliminare."))
        elif action == "hold":
            messages.error(request, _("Scrivi perché: chi legge dopo di te deve poterlo sapere."))
        else:
            messages.error(request, _("Questa azione non c’è."))
    except operations.Gone as gone:
        raise Http404 from gone
    return redirect("documents:detail", pk=pk)


def _administered(request: HttpRequest, pk: int) -> Document:
    return get_object_or_404(Document.objects.administered_by(request.user).kept(), pk=pk)


def _is_ours(request: HttpRequest, address: str) -> bool:
    """Whether an address leads to a page of this site."""
    return address.startswith("/") and url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
