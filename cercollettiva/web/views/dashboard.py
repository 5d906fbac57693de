"""The communities one may see, now."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cercollettiva.core.models import CERConfiguration
from cercollettiva.web.history.page import History, history_of
from cercollettiva.web.views import today
from cercollettiva.web.views.communities import rows_of


@login_required
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """GET dashboard/: a member's own day; to those who look after communities, each with its power and its plants."""
    now = timezone.now()
    if not CERConfiguration.objects.managed_by(request.user).exists():
        plants = today.own_plants(request, now)
        if plants:
            return today.page(request, plants, now)
    return _page(request, CERConfiguration.objects.visible_to(request.user), now)


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
    rows = rows_of(request, communities, now)
    known = [row["shared_w"] for row in rows if row["shared_w"] is not None]
    context = {"now": now, "communities": rows, "shared_w": sum(known) if known else None, "history": history}
    return render(request, "web/dashboard.html", context)
