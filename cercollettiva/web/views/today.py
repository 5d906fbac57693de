"""A member's day."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.monitoring.models import Alert
from cercollettiva.web.energy.today import today_of
from cercollettiva.web.energy.worth import own_month
from cercollettiva.web.views.members import person
from cercollettiva.web.views.now import rows_of

MOST_ALERTS = 3


@login_required
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """GET me/oggi/: one's own energy today, whatever else one is."""
    return page(request, own_plants(request, timezone.now()), timezone.now())


def own_plants(request: HttpRequest, now: datetime) -> list[Plant]:
    """The plants one owns now."""
    own = Plant.objects.visible_to(request.user).active_at(now).filter(owner=request.user.pk)
    return list(own.select_related("cer_configuration").order_by("name", "pk"))


def page(request: HttpRequest, plants: list[Plant], now: datetime) -> HttpResponse:
    communities = CERConfiguration.objects.visible_to(request.user)
    context: dict[str, Any] = {"now": now, "plants": plants, "communities": rows_of(request, communities, now)}
    if plants:
        alerts = Alert.objects.visible_to(request.user).unresolved().filter(plant__in=plants)
        context |= {
            "today": today_of(plants, now, viewer=request.user.pk or 0),
            "money": own_month(person(request), now),
            "alerts": list(alerts.select_related("plant")[:MOST_ALERTS]),
        }
    return render(request, "web/today.html", context)
