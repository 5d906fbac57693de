"""The communities one may see, now."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cercollettiva.core.models import CERConfiguration
from cercollettiva.web import formats
from cercollettiva.web.csv_files import Cell, csv_answer
from cercollettiva.web.energy.community import CommunityMonth, month_of
from cercollettiva.web.history.page import History, history_of
from cercollettiva.web.navigation import looks_after
from cercollettiva.web.views import today
from cercollettiva.web.views.communities import people_of
from cercollettiva.web.views.now import rows_of
from cercollettiva.web.workbooks import workbook_answer


@login_required
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """GET dashboard/: a member's own day; to those who look after communities, each with its power and its plants."""
    now = timezone.now()
    if not looks_after(request):
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
    history = history_of(chosen, request.GET, now, viewer=viewer)
    month = month_of(request, chosen, now) if manages else None
    return _page(request, only, now, history=history, month=month, people=people_of(chosen, request.user))


@login_required
@require_safe
def flows(request: HttpRequest, pk: int, ending: str) -> HttpResponse:
    """GET cer/<pk>/flussi.csv or flussi.xlsx: the month's energy of every point, for those who look after them."""
    chosen = get_object_or_404(CERConfiguration.objects.managed_by(request.user), pk=pk)
    now = timezone.now()
    month = month_of(request, chosen, now)
    names = (_("immessa"), _("di cui alla comunità"), _("prelevata"), _("di cui dalla comunità"))
    header = [_("impianto"), "POD", *(_("%(energy)s (kWh)") % {"energy": name} for name in names)]
    energies = [[Decimal(mwh).scaleb(-6) for mwh in one[1:5]] for one in month.sums]
    rows: list[list[Cell]] = [[one.plant.name, one.plant.pod_code] for one in month.sums]
    rows = [[*named, *figures] for named, figures in zip(rows, energies, strict=True)]
    name = f"cer-{chosen.slug}_{_('flussi')}_{formats.period(now)}.{ending}"
    if ending == "csv":
        return csv_answer(name, header, rows)
    about = [
        (_("comunità"), chosen.name),
        (_("periodo"), f"{month.name}, {_('finora')}"),
        (_("fonte"), _("i misuratori della comunità, non il distributore né il GSE")),
        (_("completezza"), month.quality.spoken),
        (_("scritto il"), formats.instant(now)),
    ]
    return workbook_answer(name, about, header, rows)


def _page(
    request: HttpRequest,
    communities: QuerySet[CERConfiguration],
    now: datetime,
    history: History | None = None,
    month: CommunityMonth | None = None,
    **more: Any,
) -> HttpResponse:
    rows = rows_of(request, communities, now)
    known = [row["shared_w"] for row in rows if row["shared_w"] is not None]
    shared_w = sum(known) if known else None
    context: dict[str, Any] = {"now": now, "communities": rows, "shared_w": shared_w, "history": history}
    context |= {"month": month, "join_url": reverse("communities:list"), **more}
    return render(request, "web/dashboard.html", context)
