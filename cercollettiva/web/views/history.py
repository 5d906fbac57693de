"""The history that a page shows, as a file."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.energy.queries import CommunityHour
from cercollettiva.web import formats
from cercollettiva.web.csv_files import Cell, csv_answer
from cercollettiva.web.history.asked import NoSuchPeriod
from cercollettiva.web.history.page import History, Row, exported_history
from cercollettiva.web.workbooks import workbook_answer


@login_required
@require_safe
def plant_file(request: HttpRequest, pk: int, ending: str) -> HttpResponse:
    """GET plants/<pk>/history.csv?periodo=&data=, or history.xlsx: the rows that the plant's page shows."""
    chosen = get_object_or_404(Plant.objects.visible_to(request.user), pk=pk)
    return _file(request, chosen, slugs_of(request, chosen), ending)


@login_required
@require_safe
def community_file(request: HttpRequest, pk: int, ending: str) -> HttpResponse:
    """GET cer/<pk>/history.csv?periodo=&data=, or history.xlsx: the same for a community."""
    chosen = get_object_or_404(CERConfiguration.objects.visible_to(request.user), pk=pk)
    manages = CERConfiguration.objects.managed_by(request.user).filter(pk=chosen.pk).exists()
    return _file(request, chosen, [chosen.slug], ending, viewer=None if manages else request.user.pk)


def slugs_of(request: HttpRequest, plant: Plant) -> list[str]:
    """The names of a plant's files: its community, where one may see it, and its own."""
    community = CERConfiguration.objects.visible_to(request.user).filter(plants=plant.pk).first()
    name = slugify(plant.name) or str(plant.pk)
    return [community.slug, name] if community else [name]


def _file(
    request: HttpRequest,
    subject: Plant | CERConfiguration,
    slugs: list[str],
    ending: str,
    viewer: int | None = None,
) -> HttpResponse:
    now = timezone.now()
    try:
        history = exported_history(subject, request.GET, now, viewer=viewer, reader=request.user)
    except NoSuchPeriod as refused:
        return refusal(refused)
    return history_file(history, slugs, ending, of=subject.name, now=now)


def refusal(refused: NoSuchPeriod) -> HttpResponse:
    return HttpResponse(str(refused), status=400, content_type="text/plain; charset=utf-8")


def history_file(history: History, slugs: list[str], ending: str, *, of: str, now: datetime) -> HttpResponse:
    """The rows of a history as CSV, or as a workbook that says first what they are."""
    first, last = history.asked.first_day, history.asked.last_day
    what = "-".join([*slugs[1:], _("energia"), history.asked.word])
    name = f"cer-{slugs[0]}_{what}_{first}_{last}.{ending}"
    if ending == "csv":
        return csv_answer(name, _header(history), _rows(history))
    about = [
        (_("di che cosa"), of),
        (_("periodo"), history.name),
        (_("fonte"), _("i misuratori della comunità, non il distributore né il GSE")),
        (_("fuso orario"), "Europe/Rome"),
        (_("completezza"), history.measured or "–"),
        (_("scritto il"), formats.instant(now)),
    ]
    told = zip(history.rows, _rows(history), strict=True)
    rows = ([row.total.start, row.total.end, *cells[2:]] for row, cells in told)
    return workbook_answer(name, about, _header(history), rows)


def _header(history: History) -> list[str]:
    energies = [_("%(energy)s (kWh)") % {"energy": column.name} for column in history.columns]
    return [
        *(_("inizio"), _("fine"), _("inizio (UTC)")),
        *energies,
        *(_("copertura (%)"), _("qualità"), _("nota")),
        *(_point_names() if _has_points(history) else []),
    ]


def _rows(history: History) -> list[list[Cell]]:
    has_points = _has_points(history)
    return [[*_cells(row), *(_points(row.points) if has_points else [])] for row in history.rows]


def _has_points(history: History) -> bool:
    return any(row.points for row in history.rows)


def _point_names() -> list[str]:
    return [_("stima prelevata (kWh)"), _("stima immessa (kWh)"), _("punti mancanti"), _("POD mancanti")]


def _cells(row: Row) -> list[Cell]:
    """Energies to the mWh, so that the hours of a file add up to its days."""
    total = row.total
    return [
        *(formats.instant(total.start, "short").replace(",", ""), formats.instant(total.end, "short").replace(",", "")),
        total.start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        *map(_kwh, row.cells),
        Decimal(int(total.coverage * 1000)).scaleb(-1) if total.is_known else None,
        str(total.quality.label),
        row.note,
    ]


def _points(hour: CommunityHour | None) -> list[Cell]:
    """Of the missing points those are named that the reader may see; of an hour that still runs nothing is said."""
    if hour is None:
        return [None, None, None, None]
    estimates = (_kwh(hour.drawn_estimate_mwh), _kwh(hour.injected_estimate_mwh))
    return [*estimates, hour.missing, " ".join(hour.missing_pods)]


def _kwh(mwh: int | None) -> Decimal | None:
    return None if mwh is None else Decimal(mwh).scaleb(-6).quantize(Decimal("0.000001"))
