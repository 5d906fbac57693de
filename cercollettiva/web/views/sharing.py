"""What a community shares, hour by hour."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.domain.calendar import HOUR
from cercollettiva.web import formats, workbooks
from cercollettiva.web.csv_files import Cell, csv_answer
from cercollettiva.web.energy.shared import Viewer, columns_of, exported, figures, hour_rows, page_of
from cercollettiva.web.energy.worth import worth_of
from cercollettiva.web.history.asked import NoSuchPeriod
from cercollettiva.web.views.members import person


@login_required
@require_safe
def sharing(request: HttpRequest, pk: int) -> HttpResponse:
    """GET cer/<pk>/condivisione/?periodo=mese|anno&data=&ora=: the heat map, its worth, the chosen day and hour."""
    chosen = get_object_or_404(CERConfiguration.objects.visible_to(request.user), pk=pk)
    now = timezone.now()
    viewer = viewer_of(request, chosen)
    page = page_of(chosen, viewer, request.GET, now)
    worth = worth_of(chosen, person(request), page.asked, now, manages=viewer.manages, administers=viewer.administers)
    return render(request, "web/sharing.html", {"community": chosen, "page": page, "worth": worth, "now": now})


@login_required
@require_safe
def sharing_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """GET cer/<pk>/condivisione.csv: every hour of the period that the page shows."""
    return _file(request, pk, "csv")


@login_required
@require_safe
def sharing_xlsx(request: HttpRequest, pk: int) -> HttpResponse:
    """GET cer/<pk>/condivisione.xlsx: the same as a workbook."""
    return _file(request, pk, "xlsx")


def viewer_of(request: HttpRequest, community: CERConfiguration) -> Viewer:
    """What this person is to a community."""
    user, only = request.user, CERConfiguration.objects.filter(pk=community.pk)
    own = Plant.objects.visible_to(user).filter(owner=user.pk, cer_configuration=community).order_by("pk")
    return Viewer(
        key=user.pk or 0,
        manages=only.managed_by(user).exists(),
        administers=only.administered_by(user).exists(),
        plants=list(own),
    )


def _file(request: HttpRequest, pk: int, ending: str) -> HttpResponse:
    chosen = get_object_or_404(CERConfiguration.objects.visible_to(request.user), pk=pk)
    viewer, now = viewer_of(request, chosen), timezone.now()
    try:
        page = exported(chosen, viewer, request.GET, now)
    except NoSuchPeriod as refused:
        return HttpResponse(str(refused), status=400, content_type="text/plain; charset=utf-8")
    together, own = figures(chosen, viewer, page.asked)
    rows = hour_rows(together, own, now=now)
    header = [_("inizio"), _("fine"), _("inizio (UTC)")]
    header += [_("%(energy)s (kWh)") % {"energy": name} for name in columns_of(viewer)]
    header.append(_("nota"))
    name = f"cer-{chosen.slug}_{_('condivisione')}_{page.asked.first_day}_{page.asked.last_day}.{ending}"
    if ending == "csv":
        return csv_answer(name, header, [_written(*row) for row in rows])
    known = sum(row.cells[-1] is not None for row in rows)
    about = [
        (_("comunità"), chosen.name),
        (_("periodo"), page.name),
        (_("che cosa"), _("energia condivisa ora per ora: la minore fra immessa e prelevata")),
        (_("fonte"), _("misuratori della comunità, non il distributore né il GSE")),
        (_("fuso orario"), "Europe/Rome"),
        (_("completezza"), _("%(known)d ore note su %(count)d") % {"known": known, "count": len(rows)}),
        (_("scritto il"), formats.instant(now)),
    ]
    return workbooks.workbook_answer(
        name, about, header, [[start, start + HOUR, *_written(start, cells, note)[2:]] for start, cells, note in rows]
    )


def _written(start: datetime, cells: list[int | None], note: str) -> list[Cell]:
    energies = [None if mwh is None else Decimal(mwh).scaleb(-6).quantize(Decimal("0.000001")) for mwh in cells]
    local = [formats.instant(moment, "short").replace(",", "") for moment in (start, start + HOUR)]
    return [*local, start.strftime("%Y-%m-%dT%H:%M:%SZ"), *energies, note]
