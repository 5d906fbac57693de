"""A technician's round, and the reports of visits: read before leaving, written without network, sent later."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.monitoring.kinds import KINDS
from cercollettiva.monitoring.models.visits import DataReturned, VisitReport
from cercollettiva.monitoring.rounds import Stop, round_of
from cercollettiva.monitoring.severity import Severity
from cercollettiva.monitoring.visits import AnotherReport, others_since, take_report
from cercollettiva.users.audit import personal_data_read
from cercollettiva.users.models import CustomUser
from cercollettiva.web.templatetags.formats import instant
from cercollettiva.web.views.access import managers_only
from cercollettiva.web.views.members import person
from cercollettiva.web.visit_form import VisitForm

STRONG: Final = -67  # dBm: from here on a radio works well (assumption, as makers of access points advise)
ENOUGH: Final = -77
MARKS: Final = {Severity.CRITICAL: "act", Severity.WARNING: "look", Severity.INFO: "look"}


@never_cache
@managers_only
@require_safe
def visits(request: HttpRequest) -> HttpResponse:
    """GET interventi/: the open alerts of plants and meters one looks after, most urgent first."""
    return _page(request)


@never_cache
@managers_only
@require_http_methods(["GET", "HEAD", "POST"])
def reports(request: HttpRequest) -> HttpResponse:
    """GET interventi/rapporti/: who is signed in, with a fresh token, for a page that was kept. POST: one report.

    A phone asks for JSON and is told what became of each; a page without scripts is led to the report.
    """
    if request.method != "POST":
        return JsonResponse({"person": str(request.user.pk), "token": get_token(request)})
    now = timezone.now()
    form = VisitForm(request.POST, now=now)
    if not form.is_valid():
        return _refused(request, form, form.problems, status=400)
    plant = get_object_or_404(Plant.objects.managed_by(request.user), pk=form.cleaned_data["plant"])
    device = _device_at(plant, form.cleaned_data["device"])
    try:
        stored, is_new = take_report(form.visit(plant, device, person(request)), received_at=now)
    except AnotherReport:
        problem = _("Con questa chiave è già arrivato un rapporto diverso: copia il testo e scrivine uno nuovo.")
        return _refused(request, form, [problem], status=409)
    if not _wants_json(request):
        return redirect("visits:report", stored.pk)
    answer = {
        "state": "stored" if is_new else "already",
        "url": reverse("visits:report", args=[stored.pk]),
        "others": [_other(one) for one in others_since(stored, form.cleaned_data["seen_at"] or now)],
    }
    return JsonResponse(answer, status=201 if is_new else 200)


@never_cache
@managers_only
@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """GET interventi/rapporti/<pk>/: a report, made to be printed."""
    found = VisitReport.objects.visible_to(request.user).select_related("plant", "device", "technician")
    chosen = get_object_or_404(found, pk=pk)
    kinds = [KINDS[slug].label for slug in chosen.kinds if slug in KINDS]
    return render(request, "web/visit_report.html", {"report": chosen, "kinds": kinds})


def _page(request: HttpRequest, form: VisitForm | None = None, problems: list[str] | None = None) -> HttpResponse:
    now = timezone.now()
    found = round_of(request.user, now)
    known = _owners_told(request, found.stops)
    silent = [stop for stop in found.stops if stop.risk.is_silent]
    context = {
        "now": now,
        "stops": [_stop(stop, known, form) for stop in found.stops],
        "wide": found.wide,
        "left_out": found.left_out,
        "silent": len(silent),
        "day_cents": _sum(stop.risk.usual_day_cents for stop in silent),
        "day_is_partial": any(stop.risk.usual_day_cents is None for stop in silent),
        "returned": DataReturned.choices,
        "problems": problems or [],
    }
    return render(request, "web/visits.html", context)


def _stop(stop: Stop, owners_told: set[int], form: VisitForm | None) -> dict[str, Any]:
    plant, risk = stop.plant, stop.risk
    typed: Any = form.data if form is not None and form.data.get("plant") == str(plant.pk) else {}
    return {
        "plant": plant,
        "since": stop.since,
        "mark": MARKS[stop.severity],
        "severity": stop.severity.label,
        "kinds": [{"kind": kind, "steps": list(enumerate(kind.steps))} for kind in stop.kinds],
        "alerts": stop.alerts,
        "risk": risk,
        "address": ", ".join(part for part in (plant.address, plant.zip_code, plant.city) if part),
        "owner": plant.owner if plant.pk in owners_told else None,
        "devices": stop.devices,
        "strengths": [one._asdict() | _heard(one.rssi) for one in stop.strengths],
        "reports": stop.reports,
        "key": uuid.uuid4(),
        "typed": typed,
        "ticked": typed.getlist("steps") if typed else [],
    }


def _owners_told(request: HttpRequest, stops: list[Stop]) -> set[int]:
    """The plants whose owner's contact is shown: to those who handle the people of their community. It is recorded."""
    administered = set(CERConfiguration.objects.administered_by(request.user).values_list("pk", flat=True))
    shown = [stop.plant for stop in stops if stop.plant.owner and stop.plant.cer_configuration_id in administered]
    with_phone = {plant.owner for plant in shown if plant.owner and plant.owner.phone}
    personal_data_read(with_phone, fields=["phone"], purpose="visits", request=request)
    return {plant.pk for plant in shown}


def _heard(rssi: int) -> dict[str, str]:
    if rssi >= STRONG:
        return {"mark": "fine", "word": _("buono")}
    return {"mark": "look", "word": _("appena sufficiente") if rssi >= ENOUGH else _("debole")}


def _sum(cents: Any) -> int | None:
    """Of those that are known; None where none is."""
    known = [one for one in cents if one is not None]
    return sum(known) if known else None


def _device_at(plant: Plant, key: int | None) -> DeviceConfiguration | None:
    """A meter that stands at the plant, or stood there: it may have been swapped since the report was written."""
    if key is None:
        return None
    standing = DeviceConfiguration.objects.filter(placements__plant=plant).distinct()
    return get_object_or_404(standing, pk=key)


def _other(one: VisitReport) -> dict[str, str]:
    who: CustomUser = one.technician
    return {"who": who.get_full_name() or who.email, "at": instant(one.visited_at, "short")}


def _refused(request: HttpRequest, form: VisitForm, problems: list[str], *, status: int) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"problems": problems}, status=status)
    answer = _page(request, form, problems)
    answer.status_code = status
    return answer


def _wants_json(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")
