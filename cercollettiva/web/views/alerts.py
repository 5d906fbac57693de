"""The alerts one may see: a list, each with its history and what to do, and of what one wants to be told."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Case, Count, IntegerField, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cercollettiva.monitoring import life
from cercollettiva.monitoring.at_risk import costs_of, in_words
from cercollettiva.monitoring.kinds import KINDS
from cercollettiva.monitoring.models import Alert, AlertEvent, AlertPreferences, AlertState, PushSubscription, Severity
from cercollettiva.monitoring.push import application_key
from cercollettiva.web.alert_forms import DAYS, PreferencesForm, StepForm

ON_A_PAGE: Final = 30
MOST_EARLIER: Final = 20
LOOKS: Final = {Severity.CRITICAL: "act", Severity.WARNING: "look", Severity.INFO: "look"}
# The word of a filter in the address: its label and the states it shows.
FILTERS: Final = {
    "": (gettext_lazy("Da guardare"), [AlertState.OPEN, AlertState.ESCALATED]),
    "presi": (gettext_lazy("Presi in carico"), [AlertState.ACKNOWLEDGED]),
    "rimandati": (gettext_lazy("Rimandati"), [AlertState.SNOOZED]),
    "risolti": (gettext_lazy("Risolti"), [AlertState.RESOLVED]),
}
_URGENCY: Final = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


@never_cache
@login_required
@require_safe
def alerts(request: HttpRequest) -> HttpResponse:
    """GET avvisi/: those one may see, the gravest first."""
    seen = Alert.objects.visible_to(request.user)
    word = request.GET.get("stato", "")
    word = word if word in FILTERS else ""
    kind = KINDS.get(request.GET.get("genere", ""))
    counts: dict[str, int] = dict(seen.order_by().values_list("state").annotate(Count("pk")))
    found = seen.filter(state__in=FILTERS[word][1])
    if kind is not None:
        found = found.filter(kind=kind.slug)
    ranks = (When(severity=one, then=Value(rank)) for one, rank in _URGENCY.items())
    urgency = Case(*ranks, output_field=IntegerField())
    first = "-closed_at" if word == "risolti" else "urgency"
    rows = found.alias(urgency=urgency).order_by(first, "-opened_at", "-pk")
    page = Paginator(rows.select_related("plant", "community", "device"), ON_A_PAGE).get_page(request.GET.get("pagina"))
    context = {
        "now": timezone.now(),
        "waiting": sum(counts.get(state, 0) for state in FILTERS[""][1]),
        "filters": [
            {
                "label": label,
                "count": sum(counts.get(state, 0) for state in states),
                "url": _address(one, kind.slug if kind else ""),
                "current": one == word,
            }
            for one, (label, states) in FILTERS.items()
        ],
        "word": word,
        "kind": kind,
        "kinds": KINDS.values(),
        "rows": [_row(one) for one in page],
        "page": page,
        "address": _address(word, kind.slug if kind else ""),
    }
    return render(request, "alerts/list.html", context)


@never_cache
@login_required
@require_http_methods(("GET", "HEAD", "POST"))
def alert(request: HttpRequest, pk: int) -> HttpResponse:
    """GET avvisi/<pk>/: what happened, why and what to try. POST: take it, put it off, or say that it is over."""
    seen = Alert.objects.visible_to(request.user).select_related("plant", "community", "device")
    found = get_object_or_404(seen, pk=pk)
    may_act = Alert.objects.managed_by(request.user).filter(pk=pk).exists()
    if request.method == "POST":
        if not may_act:
            raise Http404
        return _step(request, found)
    is_open = found.state != AlertState.RESOLVED
    now = timezone.now()
    risk = costs_of([found], now).get(found.pk)
    context = {
        "now": now,
        "cost": in_words(risk) if risk else "",
        "alert": found,
        "row": _row(found),
        "subject_url": _url_of(found, may_act=may_act),
        "events": AlertEvent.objects.visible_to(request.user).filter(alert=found).select_related("by"),
        "earlier": [_row(one) for one in _earlier(seen, found)],
        "may_act": may_act and is_open,
        "may_take": found.state != AlertState.ACKNOWLEDGED,
        "may_resolve": found.about is None or not found.about.by_data,
        "days": DAYS,
    }
    return render(request, "alerts/detail.html", context)


@never_cache
@login_required
@require_http_methods(("GET", "HEAD", "POST"))
def preferences(request: HttpRequest) -> HttpResponse:
    """GET and POST avvisi/preferenze/: of what one is told, when, in which language."""
    user: Any = request.user
    chosen = AlertPreferences.objects.visible_to(user).filter(user=user.pk).first()
    chosen = chosen or AlertPreferences(user=user, language=(get_language() or "it")[:2])
    form = PreferencesForm(request.POST or None, instance=chosen, is_staff=user.is_staff or user.is_superuser)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Preferenze salvate."))
        return redirect("alerts:preferences")
    devices = PushSubscription.objects.visible_to(user).filter(user=user.pk)
    context = {
        "form": form,
        "address": user.email,
        "push_key": application_key(),
        "devices": [{"device": one, "mark": _mark(one.endpoint)} for one in devices],
        "is_staff": user.is_staff or user.is_superuser,
    }
    return render(request, "alerts/preferences.html", context)


def _mark(endpoint: str) -> str:
    """By which a browser recognises its own row, without being told the others' addresses."""
    return hashlib.sha256(endpoint.encode()).hexdigest()


def _step(request: HttpRequest, found: Alert) -> HttpResponse:
    form, now, user = StepForm(request.POST), timezone.now(), request.user
    if not form.is_valid():
        return HttpResponse(status=400)
    given: dict[str, Any] = {"by": user, "at": now, "note": form.cleaned_data["note"].strip()}
    try:
        if form.cleaned_data["action"] == "acknowledge":
            done, said = life.acknowledge(found, **given), _("L’avviso è tuo.")
        elif form.cleaned_data["action"] == "snooze":
            until = now + timedelta(days=form.cleaned_data["days"] or 1)
            done, said = life.snooze(found, until=until, **given), _("Avviso rimandato: se serve torna da solo.")
        else:
            done, said = life.resolve(found, **given), _("Avviso risolto.")
    except life.DataDecides:
        messages.error(request, _("Questo avviso si chiude da solo, quando i dati dicono che è tutto a posto."))
        return redirect("alerts:alert", found.pk)
    if done:
        messages.success(request, said)
    else:
        messages.error(request, _("Qualcuno ha fatto prima di te: guarda com’è adesso."))
    return redirect("alerts:alert", found.pk)


def _earlier(seen: QuerySet[Alert], found: Alert) -> QuerySet[Alert]:
    """What else happened to the same thing, the newest first."""
    about = {"plant": found.plant_id, "device": found.device_id, "community": found.community_id}
    same = seen.filter(is_platform=found.is_platform, **about).exclude(pk=found.pk)
    return same.order_by("-opened_at", "-pk")[:MOST_EARLIER]


def _row(one: Alert) -> dict[str, Any]:
    look = LOOKS[Severity(one.severity)] if one.state in FILTERS[""][1] else "look"  # somebody has it: no alarm
    return {
        "alert": one,
        "url": reverse("alerts:alert", args=[one.pk]),
        "subject": one.subject or _("tutta la piattaforma"),
        "mark": "fine" if one.state == AlertState.RESOLVED else look,
        "state": one.get_state_display() if one.state != AlertState.OPEN else one.get_severity_display(),
    }


def _url_of(one: Alert, *, may_act: bool) -> str:
    """The page of what it is about; a meter's is for those who look after it."""
    if one.device_id:
        return reverse("meters:meter", args=[one.device_id]) if may_act else ""
    if one.plant_id:
        return reverse("core:plant", args=[one.plant_id])
    return reverse("core:community", args=[one.community_id]) if one.community_id else reverse("web:status")


def _address(word: str, kind: str) -> str:
    return "?" + urlencode({name: value for name, value in (("stato", word), ("genere", kind)) if value})
