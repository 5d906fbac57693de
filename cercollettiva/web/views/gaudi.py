"""From an attestation to a plant: upload, what was read beside the page, what a person corrects, the plant."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.documents import operations, reading
from cercollettiva.documents.accesses import seen
from cercollettiva.documents.files import MissingFile
from cercollettiva.documents.intake import Subject
from cercollettiva.documents.models import Document, Processing
from cercollettiva.documents.reasons import words_for, words_in
from cercollettiva.documents.types import DocumentType
from cercollettiva.energy import placements
from cercollettiva.users.models import CustomUser
from cercollettiva.web.papers import attestation_page
from cercollettiva.web.papers.attestation import COLUMNS, PlantFromAttestationForm, initial_of
from cercollettiva.web.papers.forms import AttestationForm
from cercollettiva.web.papers.serving import picture
from cercollettiva.web.views.members import PAGE, number_in, person
from cercollettiva.web.views.paper_changes import taken
from cercollettiva.web.views.papers import RELATED
from cercollettiva.web.views.plant_registry import saved, tell_of_the_distributor

CREATED = 201
REFUSED = 422


@never_cache
@login_required
@require_http_methods(PAGE)
def new_plant(request: HttpRequest) -> HttpResponse:
    """GET and POST plants/new-from-gaudi/: an attestation, from which a plant is made once it was read."""
    user = person(request)
    may_create = CERConfiguration.objects.visible_to(user).exists()
    form = AttestationForm(request.POST or None, request.FILES or None, label_suffix="")
    existing = None
    if request.method == "POST" and may_create and form.is_valid():
        document, existing = taken(request, form, subject=Subject(owner=user), kind=DocumentType.GAUDI)
        if document is not None:
            return redirect("documents:gaudi", pk=document.pk)
    waiting = _attestations(request).filter(owner=user, plant=None)
    context = {"form": form, "may_create": may_create, "existing": existing, "attestations": waiting[:20]}
    return render(request, "documents/gaudi_upload.html", context)


@never_cache
@login_required
@require_http_methods(PAGE)
def update_plant(request: HttpRequest, pk: int) -> HttpResponse:
    """GET and POST plants/<pk>/gaudi-update/: the attestations of a plant, and a newer one."""
    plant = get_object_or_404(Plant.objects.writable_by(request.user), pk=pk)
    form = AttestationForm(request.POST or None, request.FILES or None, label_suffix="")
    existing = None
    if request.method == "POST" and form.is_valid():
        document, existing = taken(request, form, subject=Subject(plant=plant), kind=DocumentType.GAUDI)
        if document is not None:
            return redirect("documents:gaudi", pk=document.pk)
    versions = _attestations(request).filter(plant=plant)
    context = {"form": form, "may_create": True, "plant": plant, "existing": existing, "attestations": versions[:50]}
    return render(request, "documents/gaudi_upload.html", context)


@never_cache
@login_required
@require_POST
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """POST documents/plant/<pk>/gaudi/upload/: for a plant; a program that asks for JSON is told where to look."""
    plant = get_object_or_404(Plant.objects.writable_by(request.user), pk=pk)
    if not request.accepts("text/html") or request.headers.get("X-Requested-With") == "XMLHttpRequest":
        form = AttestationForm(request.POST, request.FILES)
        document = None
        if form.is_valid():
            document, _existing = taken(request, form, subject=Subject(plant=plant), kind=DocumentType.GAUDI)
        if document is None:
            return JsonResponse(
                {"error": " ".join(str(words) for words in form.errors.get("file", []))}, status=REFUSED
            )
        return JsonResponse(_status_of(document), status=CREATED)
    return update_plant(request, pk)


@never_cache
@login_required
@require_http_methods(PAGE)
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """GET and POST documents/gaudi/<pk>/?plant=: what was read beside the page, and its plant."""
    user, document = person(request), _attestation(request, pk)
    if request.method == "POST" and request.POST.get("action") == "again":
        reading.read_again(document)
        return redirect("documents:gaudi", pk=pk)
    plant = _target(request, document)
    form = None
    if attestation_page.may_confirm(document, plant, user) and attestation_page.is_readable(document):
        form = _form(request, document, plant, user)
        if request.method == "POST" and form.is_valid() and (made := _confirm(document, form, plant)):
            return _done(request, made, before=plant)
    if request.method == "GET" and document.processing == Processing.DONE:
        seen(document, by=user)
    context = attestation_page.context_of(document, user, plant=plant, form=form)
    return render(request, "documents/gaudi.html", context)


@never_cache
@login_required
@require_safe
def status(request: HttpRequest, pk: int) -> JsonResponse:
    """GET documents/gaudi/<pk>/status/: how far the reading is."""
    return JsonResponse(_status_of(_attestation(request, pk)))


@never_cache
@login_required
@require_safe
def details(request: HttpRequest, pk: int) -> JsonResponse:
    """GET documents/gaudi/<pk>/details/: the fields as `parse_gaudi` gives them, and where they differ."""
    user, document = person(request), _attestation(request, pk)
    read = document.fields_read
    if read and request.method == "GET":
        seen(document, by=user)
    plant = _target(request, document)
    differences = attestation_page.differences_of(document, user, plant) if read else []
    return JsonResponse(
        {**_status_of(document), **words_in(read), "differences": [one._asdict() for one in differences]}
    )


@never_cache
@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """GET documents/gaudi/<pk>/page/: the first page as a picture that we drew."""
    document = _attestation(request, pk)
    if request.method == "HEAD":
        return picture(b"\x89PNG")
    try:
        drawn = reading.page_of(document)
    except MissingFile as missing:
        raise Http404 from missing
    if drawn is None:
        raise Http404
    return picture(drawn)


def _attestations(request: HttpRequest) -> Any:
    return Document.objects.visible_to(request.user).kept().filter(type=DocumentType.GAUDI).select_related(*RELATED)


def _attestation(request: HttpRequest, pk: int) -> Document:
    found: Document = get_object_or_404(_attestations(request), pk=pk)
    return found


def _target(request: HttpRequest, document: Document) -> Plant | None:
    """The plant of the paper, or the one of the address, where the paper has none."""
    if document.plant is not None:
        return document.plant
    key = number_in(request.POST.get("plant") or request.GET.get("plant") or "")
    return Plant.objects.writable_by(request.user).select_related("owner").filter(pk=key).first()


def _form(request: HttpRequest, document: Document, plant: Plant | None, user: CustomUser) -> PlantFromAttestationForm:
    """What was typed; else what a person confirmed earlier is the plant's, and what was read stands in the form."""
    given: dict[str, Any] = {"user": user}
    if plant is not None:  # a row of its own: a refused form must not change what the page compares with
        given["instance"] = Plant.objects.select_related("owner").get(pk=plant.pk)
    if request.method == "POST":
        return PlantFromAttestationForm(request.POST, **given)
    initial = initial_of(document.fields_read, is_new=plant is None)
    if document.fields_read.get("confirmed"):
        initial = {}
    if plant is None and document.community_id:
        initial["cer_configuration"] = document.community_id
    return PlantFromAttestationForm(initial=initial, **given)


@transaction.atomic
def _confirm(document: Document, form: PlantFromAttestationForm, plant: Plant | None) -> Plant | None:
    """Keep the plant with what was confirmed, and the paper with it."""
    before = Plant.objects.get(pk=plant.pk) if plant is not None else None
    made = saved(form)
    if made is None:
        return None
    confirmed = {name: form.cleaned_data.get(column) for name, column in COLUMNS.items()}
    operations.belongs_to(document, made, confirmed=confirmed, at=timezone.now())
    if before and (made.plant_type, made.nominal_power) != (before.plant_type, before.nominal_power):
        placements.count_again(made)
    return made


def _done(request: HttpRequest, plant: Plant, *, before: Plant | None) -> HttpResponse:
    if before is None:
        tell_of_the_distributor(request, plant)
        messages.success(request, _("%(name)s c’è. Adesso collega il suo misuratore.") % {"name": plant.name})
        return redirect("core:plant-mqtt", pk=plant.pk)
    messages.success(request, _("%(name)s ha i dati dell’attestato.") % {"name": plant.name})
    return redirect("core:plant", pk=plant.pk)


def _status_of(document: Document) -> dict[str, Any]:
    return {
        "id": document.pk,
        "status": document.processing,
        "status_label": str(document.get_processing_display()),
        "error": words_for(document.processing_error) or None,
        "url": reverse("documents:gaudi", args=[document.pk]),
        "status_url": reverse("documents:gaudi-status", args=[document.pk]),
        "details_url": reverse("documents:gaudi-details", args=[document.pk]),
    }
