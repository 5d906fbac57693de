"""The screen of a community for everybody, in the town hall perhaps: sums alone, where that was chosen."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cercollettiva.core.models import CERConfiguration
from cercollettiva.energy import queries
from cercollettiva.users.audit import Action, record
from cercollettiva.web.views.home import FEWEST_PLANTS

KEPT_SECONDS: Final = 5  # however many screens there are, the database is asked that often
SILENT_SECONDS: Final = 300


@never_cache
@require_http_methods(("GET", "HEAD", "POST"))
def screen(request: HttpRequest, pk: int) -> HttpResponse:
    """GET cer/<pk>/schermo/: big figures; for who administers the community also how to show or hide them (POST)."""
    administers = CERConfiguration.objects.administered_by(request.user).filter(pk=pk).exists()
    if request.method == "POST":
        return _choose(request, pk, administers=administers)
    chosen = _community(pk, administers=administers)
    figures = _figures(chosen, timezone.now())
    data_url = reverse("core:screen-data", args=[chosen.pk])
    context = {"community": chosen, "figures": figures, "data_url": data_url, "administers": administers}
    return render(request, "web/screen.html", context)


@never_cache
@require_safe
def screen_data(request: HttpRequest, pk: int) -> JsonResponse:
    """GET cer/<pk>/schermo/data/: the same figures, W, for the script of the page."""
    administers = CERConfiguration.objects.administered_by(request.user).filter(pk=pk).exists()
    return JsonResponse(_figures(_community(pk, administers=administers), timezone.now()))


def _community(pk: int, *, administers: bool) -> CERConfiguration:
    rows = CERConfiguration.objects.all() if administers else CERConfiguration.objects.on_screen()
    return get_object_or_404(rows, pk=pk)


def _choose(request: HttpRequest, pk: int, *, administers: bool) -> HttpResponse:
    if not administers:
        raise Http404
    chosen = get_object_or_404(CERConfiguration.objects.administered_by(request.user), pk=pk)
    shows = request.POST.get("action") == "show"
    if chosen.shows_screen != shows:
        chosen.shows_screen = shows
        chosen.save(update_fields=["shows_screen", "updated_at"])
        record(Action.SCREEN_SHOWN if shows else Action.SCREEN_HIDDEN, subject=chosen, request=request)
    return redirect("core:screen", pk=pk)


def _figures(community: CERConfiguration, now: datetime) -> dict[str, Any]:
    """Sums over the plants that speak; with fewer than five they would tell what one family does: then none."""
    key = f"screen-{community.pk}"
    kept: dict[str, Any] | None = cache.get(key)
    if kept is not None:
        return kept
    power = queries.communities_power(CERConfiguration.objects.filter(pk=community.pk), now)[community.pk]
    enough = power.plants_measured >= FEWEST_PLANTS
    fresh = power.updated_at is not None and (now - power.updated_at).total_seconds() < SILENT_SECONDS
    shown = enough and fresh
    figures = {
        "enough": enough,
        "shared": power.net_power if shown else None,
        "injected": power.producer_power if shown else None,
        "withdrawn": power.consumer_power if shown else None,
        "updated_at": power.updated_at.isoformat() if shown and power.updated_at else None,
        "members": power.members_count,
    }
    cache.set(key, figures, KEPT_SECONDS)
    return figures
