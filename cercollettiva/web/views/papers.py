"""The papers one may see, one of them with who looked at it, its file; and what was deleted."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.documents.accesses import content_for, seen
from cercollettiva.documents.files import MissingFile
from cercollettiva.documents.models import (
    AccessKind,
    Document,
    DocumentAccess,
    DocumentQuerySet,
    PlantDocument,
    Processing,
)
from cercollettiva.documents.reasons import words_for
from cercollettiva.documents.retention import TOLD_BEFORE
from cercollettiva.documents.types import DocumentType
from cercollettiva.users.audit import Action, AuditLine
from cercollettiva.users.models import CustomUser
from cercollettiva.web.papers.forms import HoldForm
from cercollettiva.web.papers.serving import attachment
from cercollettiva.web.papers.subjects import about
from cercollettiva.web.views.members import person, today

ON_A_PAGE: Final = 30
LAST_ACCESSES: Final = 50
STATES: Final = ("tutti", "verificare", "verificati", "scadenza")
RELATED: Final = ("owner", "plant", "community", "organisation", "application")


@never_cache
@login_required
@require_safe
def papers(request: HttpRequest) -> HttpResponse:
    """GET documents/?tipo=&di=&stato=: the papers one may see, one's own first of all."""
    user = person(request)
    everything = Document.objects.visible_to(user).kept()
    asked = _asked(request)
    found = _narrowed(everything, user, asked)
    page = Paginator(found.select_related(*RELATED), ON_A_PAGE).get_page(request.GET.get("pagina"))
    types = everything.order_by("type").values_list("type", flat=True).distinct()
    context = {
        "total": everything.count(),
        "mine": _own(everything, user).count(),
        "asked": asked,
        "types": [(kind, DocumentType(kind).label) for kind in types],
        "filters": _filters(everything, user, asked),
        "address": _address(asked),
        "page": page,
        "rows": [row_of(document) for document in page],
        "administers": _administers(user),
    }
    return render(request, "documents/list.html", context)


@never_cache
@login_required
@require_safe
def plant_papers(request: HttpRequest, pk: int) -> HttpResponse:
    """GET plants/<pk>/documents/: the papers of a plant that one may see."""
    plant = get_object_or_404(Plant.objects.visible_to(request.user), pk=pk)
    rows = Document.objects.visible_to(request.user).kept().filter(plant=plant).select_related(*RELATED)
    technical = set(PlantDocument.objects.visible_to(request.user).filter(plant=plant).values_list("pk", flat=True))
    context = {
        "plant": plant,
        "technical": [row_of(one) for one in rows if one.pk in technical],
        "others": [row_of(one) for one in rows if one.pk not in technical],
        "may_change": Plant.objects.writable_by(request.user).filter(pk=pk).exists(),
    }
    return render(request, "documents/plant.html", context)


@never_cache
@login_required
@require_safe
def paper(request: HttpRequest, pk: int) -> HttpResponse:
    """GET documents/<pk>/: one paper: what it is, how long it stays, who looked at it, what one may do."""
    user, document = person(request), visible_paper(request, pk)
    if document.processing == Processing.DONE and request.method == "GET":
        seen(document, by=user)
    accesses = DocumentAccess.objects.visible_to(user).filter(document=document).select_related("user")
    administers = Document.objects.administered_by(user).filter(pk=pk).exists()
    context = {
        "document": document,
        "row": row_of(document),
        "term": document.term(),
        "reason": words_for(document.processing_error),
        "accesses": accesses[:LAST_ACCESSES],
        "administers": administers,
        "may_delete": Document.objects.deletable_by(user).filter(pk=pk).exists(),
        "is_attestation": document.type == DocumentType.GAUDI,
        "read": _read_lines(document),
        "hold_form": HoldForm(label_suffix=""),
    }
    return render(request, "documents/detail.html", context)


@never_cache
@login_required
@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """GET documents/<pk>/download/: the file, as an attachment; that it was taken is written down."""
    document = visible_paper(request, pk)
    if request.method == "HEAD":
        return attachment(document, b"")
    try:
        return attachment(document, content_for(document, by=person(request)))
    except MissingFile:
        messages.error(request, _("Il file non c’è più o è stato alterato: caricalo di nuovo."))
        return redirect("documents:detail", pk=pk)


@never_cache
@login_required
@require_safe
def deleted(request: HttpRequest) -> HttpResponse:
    """GET documents/deleted/: the log of what was deleted in the communities one administers."""
    user = person(request)
    if not _administers(user):
        raise Http404
    gone = Document.objects.administered_by(user).filter(deleted_at__isnull=False).order_by("-deleted_at", "-pk")
    page = Paginator(gone.select_related(*RELATED), ON_A_PAGE).get_page(request.GET.get("pagina"))
    by = dict(
        DocumentAccess.objects.filter(document__in=[one.pk for one in page], kind=AccessKind.DELETED)
        .select_related("user")
        .values_list("document", "user__email")
    )
    rows = [{"document": one, "about": about(one), "by": by.get(one.pk)} for one in page]
    context = {"page": page, "rows": rows, "address": "?", "pseudonyms": _ended_pseudonyms(user)}
    return render(request, "documents/deleted.html", context)


def _ended_pseudonyms(user: CustomUser) -> list[dict[str, Any]]:
    """For platform staff: what the law had kept of people who were erased, and went when its term was over."""
    if not (user.is_staff or user.is_superuser):
        return []
    lines = AuditLine.objects.visible_to(user).filter(action=Action.PSEUDONYM_PURGED).order_by("-seq")
    return [
        {
            "at": line.at,
            "number": line.subject_id,
            "deleted": sum(line.details.get("deleted", {}).values()),
            "nameless": sum(line.details.get("nameless", {}).values()),
        }
        for line in lines[:ON_A_PAGE]
    ]


def visible_paper(request: HttpRequest, pk: int) -> Document:
    """A paper that is here and that whoever asks may see."""
    return get_object_or_404(Document.objects.visible_to(request.user).kept().select_related(*RELATED), pk=pk)


def row_of(document: Document) -> dict[str, Any]:
    """What a list tells of a paper."""
    state, label = _state(document)
    return {
        "document": document,
        "name": document.file_name,
        "kind": str(document.get_type_display()).capitalize().replace("gaudì", "GAUDÌ").replace("gse", "GSE"),
        "about": about(document),
        "state": state,
        "state_label": label,
        "until": document.retention_until,
    }


def _state(document: Document) -> tuple[str, str]:
    """`fine`, `look` or `act`, and the word for it."""
    if document.processing in (Processing.WAITING, Processing.RUNNING):
        return "look", str(document.get_processing_display())
    if document.verified_at:
        return "fine", _("verificato")
    if document.processing == Processing.FAILED and document.type == DocumentType.GAUDI:
        return "act", str(document.get_processing_display())
    return "look", _("da verificare")


def _read_lines(document: Document) -> list[tuple[str, str]]:
    """What was read from a bill; an attestation has a page of its own."""
    if document.type != DocumentType.BILL or document.processing != Processing.DONE:
        return []
    read = document.fields_read
    names = (("pods", "POD"), ("fiscal_codes", _("Codici fiscali")))
    return [(label, ", ".join(read.get(name, [])) or _("nessuno")) for name, label in names]


def _asked(request: HttpRequest) -> dict[str, str]:
    kind, state = request.GET.get("tipo", ""), request.GET.get("stato", "tutti")
    return {
        "tipo": kind if kind in DocumentType.values else "",
        "di": "miei" if request.GET.get("di") == "miei" else "",
        "stato": state if state in STATES else "tutti",
    }


def _narrowed(rows: DocumentQuerySet, user: CustomUser, asked: dict[str, str]) -> DocumentQuerySet:
    if asked["tipo"]:
        rows = rows.filter(type=asked["tipo"])
    if asked["di"]:
        rows = _own(rows, user)
    if asked["stato"] == "verificare":
        return rows.filter(verified_at=None)
    if asked["stato"] == "verificati":
        return rows.exclude(verified_at=None)
    if asked["stato"] == "scadenza":
        return rows.filter(retention_until__lte=today() + TOLD_BEFORE, legal_hold=False)
    return rows


def _own(rows: DocumentQuerySet, user: CustomUser) -> DocumentQuerySet:
    return rows.filter(Q(owner=user) | Q(application__user=user) | Q(plant__owner=user))


def _filters(everything: DocumentQuerySet, user: CustomUser, asked: dict[str, str]) -> list[dict[str, Any]]:
    labels = (_("Tutti"), _("Da verificare"), _("Verificati"), _("In scadenza"))
    return [
        {
            "label": label,
            "count": _narrowed(everything, user, {**asked, "stato": state}).count(),
            "url": _address({**asked, "stato": state}),
            "current": asked["stato"] == state,
        }
        for state, label in zip(STATES, labels, strict=True)
    ]


def _address(asked: dict[str, str]) -> str:
    return "?" + urlencode({name: value for name, value in asked.items() if value})


def _administers(user: CustomUser) -> bool:
    return user.is_staff or user.is_superuser or CERConfiguration.objects.administered_by(user).exists()
