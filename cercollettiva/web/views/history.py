"""The history that a page shows, as a file."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.web import formats
from cercollettiva.web.csv_files import Cell, csv_answer
from cercollettiva.web.history.asked import NoSuchPeriod
from cercollettiva.web.history.page import History, Row, exported_history


@login_required
@require_safe
def plant_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """GET plants/<pk>/history.csv?periodo=&data=: the rows that the plant's page shows for the same address."""
    chosen = get_object_or_404(Plant.objects.visible_to(request.user), pk=pk)
    communities = CERConfiguration.objects.visible_to(request.user).filter(plants=chosen.pk)
    plant, community = slugify(chosen.name) or str(pk), communities.first()
    return _file(request, chosen, [community.slug, plant] if community else [plant])


@login_required
@require_safe
def community_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """GET cer/<pk>/history.csv?periodo=&data=: the same for a community."""
    chosen = get_object_or_404(CERConfiguration.objects.visible_to(request.user), pk=pk)
    manages = CERConfiguration.objects.managed_by(request.user).filter(pk=chosen.pk).exists()
    return _file(request, chosen, [chosen.slug], viewer=None if manages else request.user.pk)


def _file(
    request: HttpRequest, subject: Plant | CERConfiguration, slugs: list[str], viewer: int | None = None
) -> HttpResponse:
    try:
        history = exported_history(subject, request.GET, timezone.now(), viewer=viewer)
    except NoSuchPeriod as refused:
        return HttpResponse(str(refused), status=400, content_type="text/plain; charset=utf-8")
    first, last = history.asked.first_day, history.asked.last_day
    what = "-".join([*slugs[1:], _("energia"), history.asked.word])
    return csv_answer(f"cer-{slugs[0]}_{what}_{first}_{last}.csv", _header(history), map(_cells, history.rows))


def _header(history: History) -> list[str]:
    energies = [_("%(energy)s (kWh)") % {"energy": column.name} for column in history.columns]
    return [
        *(_("inizio"), _("fine"), _("inizio (UTC)")),
        *energies,
        *(_("copertura (%)"), _("qualità"), _("nota")),
    ]


def _cells(row: Row) -> list[Cell]:
    """Energies to the mWh, so that the hours of a file add up to its days."""
    total = row.total
    return [
        *(formats.instant(total.start, "short").replace(",", ""), formats.instant(total.end, "short").replace(",", "")),
        total.start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        *(None if mwh is None else Decimal(mwh).scaleb(-6).quantize(Decimal("0.000001")) for mwh in row.cells),
        Decimal(int(total.coverage * 1000)).scaleb(-1) if total.is_known else None,
        str(total.quality.label),
        row.note,
    ]
