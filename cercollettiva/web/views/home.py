"""The public home."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cercollettiva.core.models import CERConfiguration
from cercollettiva.energy import queries
from cercollettiva.web.views.communities import listed_communities

FEWEST_PLANTS = 5  # of a community that counts: with fewer, a sum would tell what one family does


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """GET /: what a community is, the power that all share now, if any, and the communities that chose to be named."""
    now = timezone.now()
    powers = queries.communities_power(CERConfiguration.objects.summed_for_everybody(), now).values()
    counted = [
        (power.net_power, power.updated_at)
        for power in powers
        if power.plants_measured >= FEWEST_PLANTS and power.net_power is not None and power.updated_at is not None
    ]
    shown = None
    if any(shared_w for shared_w, _ in counted):
        shared_w, updated_at = zip(*counted, strict=True)
        shown = {"shared_w": sum(shared_w), "communities_count": len(counted), "at": min(updated_at)}
    return render(request, "web/home.html", {"now": shown, "communities": listed_communities()})
