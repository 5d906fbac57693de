"""One's own consumption and production."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cercollettiva.core.models import Plant
from cercollettiva.web.energy.consumption import consumption_of, exported_consumption
from cercollettiva.web.history.asked import NoSuchPeriod
from cercollettiva.web.history.page import Link
from cercollettiva.web.views.history import history_file, refusal, slugs_of


@login_required
@require_safe
def energy(request: HttpRequest) -> HttpResponse:
    """GET me/energia/?impianto=&periodo=&data=: one of one's plants by day, week, month, year or between two days."""
    plants = _own(request)
    chosen = _chosen(request, plants)
    now = timezone.now()
    context: dict[str, Any] = {
        "now": now,
        "plant": chosen,
        "plants": _links(request, plants, chosen),
        "consumption": None,
    }
    if chosen is not None:
        context["consumption"] = consumption_of(chosen, request.GET, now, viewer=request.user.pk or 0)
    return render(request, "web/my_energy.html", context)


@login_required
@require_safe
def energy_file(request: HttpRequest, ending: str) -> HttpResponse:
    """GET me/energia.csv or me/energia.xlsx: what the page shows for the same address."""
    chosen = _chosen(request, _own(request))
    if chosen is None:
        raise Http404
    now = timezone.now()
    try:
        consumption = exported_consumption(chosen, request.GET, now, viewer=request.user.pk or 0)
    except NoSuchPeriod as refused:
        return refusal(refused)
    return history_file(consumption.history, slugs_of(request, chosen), ending, of=chosen.name, now=now)


def _own(request: HttpRequest) -> list[Plant]:
    """The plants one owns, or owned: those of now first."""
    own = Plant.objects.visible_to(request.user).filter(owner=request.user.pk)
    found = own.select_related("cer_configuration").order_by("-active_to", "name", "pk")
    return sorted(found, key=lambda plant: plant.active_to is not None)


def _chosen(request: HttpRequest, plants: list[Plant]) -> Plant | None:
    """The plant of the address; without one, the first. Another one's is not there."""
    written = request.GET.get("impianto", "")
    if not written:
        return plants[0] if plants else None
    found = next((plant for plant in plants if str(plant.pk) == written), None)
    if found is None:
        raise Http404
    return found


def _links(request: HttpRequest, plants: list[Plant], chosen: Plant | None) -> list[Link]:
    """The same period of each of one's plants."""
    kept = request.GET.copy()
    links = []
    for plant in plants:
        kept["impianto"] = str(plant.pk)
        links.append(Link(plant.name, f"?{kept.urlencode()}", plant == chosen))
    return links
