"""The communities one may see, now."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.energy import queries
from cercollettiva.web.history.page import History, history_of


@login_required
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """GET dashboard/: every community the user may see, with its power and the plants they may open."""
    return _page(request, CERConfiguration.objects.visible_to(request.user), timezone.now())


@login_required
@require_safe
def community(request: HttpRequest, pk: int) -> HttpResponse:
    """GET cer/<pk>/: one of them."""
    chosen = get_object_or_404(CERConfiguration.objects.visible_to(request.user), pk=pk)
    now = timezone.now()
    only = CERConfiguration.objects.filter(pk=chosen.pk)
    manages = CERConfiguration.objects.managed_by(request.user).filter(pk=chosen.pk).exists()
    viewer = None if manages else request.user.pk
    return _page(request, only, now, history=history_of(chosen, request.GET, now, viewer=viewer))


def _page(
    request: HttpRequest, communities: QuerySet[CERConfiguration], now: datetime, history: History | None = None
) -> HttpResponse:
    rows = _rows(request, communities, now)
    known = [row["shared_w"] for row in rows if row["shared_w"] is not None]
    context = {"now": now, "communities": rows, "shared_w": sum(known) if known else None, "history": history}
    return render(request, "web/dashboard.html", context)


def _rows(request: HttpRequest, communities: QuerySet[CERConfiguration], now: datetime) -> list[dict[str, Any]]:
    """What the template shows of each community; the number of queries does not depend on how many there are."""
    powers = queries.communities_power(communities, now)
    plants: dict[int | None, list[dict[str, str]]] = defaultdict(list)
    for plant in Plant.objects.visible_to(request.user).active_at(now).filter(cer_configuration__in=communities):
        row = {"name": plant.name, "url": reverse("core:plant", args=[plant.pk])}
        plants[plant.cer_configuration_id].append({**row, "type_label": str(plant.get_plant_type_display())})
    alone = len(communities) == 1  # several share a socket: one person may not open many
    return [
        {
            "id": one.pk,
            "name": one.name,
            "url": reverse("core:community", args=[one.pk]),
            "socket": f"/ws/cer/{one.pk}/" if alone else "/ws/cer/",
            "injected_w": powers[one.pk].producer_power,
            "withdrawn_w": powers[one.pk].consumer_power,
            "shared_w": powers[one.pk].net_power,
            "plants_measured": powers[one.pk].plants_measured,
            "plants_count": powers[one.pk].plants_count,
            "members_count": powers[one.pk].members_count,
            "updated_at": powers[one.pk].updated_at,
            "plants": plants[one.pk],
        }
        for one in communities
    ]
