"""The register of members of a community, for its administrators."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cercollettiva.core.models import CERConfiguration, EntryKind, MemberRegistry
from cercollettiva.users.audit import personal_data_read
from cercollettiva.web.desk import papers, sheets
from cercollettiva.web.views.members import ON_A_PAGE, administered, file_name, today

FILTERS: Final = ("", "presenti", "usciti")
SHOWN: Final = ("address", "fiscal_code", "legal_name")


@never_cache
@login_required
@require_safe
def registry(request: HttpRequest, pk: int) -> HttpResponse:
    """GET cer/<pk>/registry/?stato=&format=: the entries, newest first; as XLSX, CSV or PDF in their order."""
    community = administered(request, pk)
    of_all = MemberRegistry.objects.visible_to(request.user).filter(organisation=community.organisation)
    chosen = request.GET.get("stato", "")
    entries = _chosen(of_all, chosen if chosen in FILTERS else "")
    form = request.GET.get("format", "")
    if form in ("xlsx", "csv", "pdf"):
        return _file(request, community, entries.order_by("number"), form)
    page = Paginator(entries.select_related("user").order_by("-number"), ON_A_PAGE).get_page(request.GET.get("pagina"))
    rows = [_row(entry) for entry in page]
    personal_data_read((entry.user_id for entry in page), fields=SHOWN, purpose="registry")
    counted = of_all.aggregate(
        entries=Count("pk"), present=Count("pk", filter=Q(next__isnull=True) & ~Q(kind=EntryKind.LEFT))
    )
    context = {
        "community": community,
        "page": page,
        "rows": rows,
        "counted": counted,
        "chosen": chosen,
        "address": f"?stato={chosen}" if chosen in FILTERS and chosen else "?",
        "filters": [
            ("", _("Tutte le iscrizioni")),
            ("presenti", _("Chi è socio oggi")),
            ("usciti", _("Chi è uscito")),
        ],
    }
    return render(request, "register/registry.html", context)


def _row(entry: MemberRegistry) -> dict[str, Any]:
    details = entry.details
    kind = papers.type_label(details.get("member_type", ""))
    return {"entry": entry, "details": details, "words": papers.words_of(entry), "type": kind}


def _chosen(entries: QuerySet[MemberRegistry], chosen: str) -> QuerySet[MemberRegistry]:
    last = entries.filter(next__isnull=True)
    if chosen == "presenti":
        return last.exclude(kind=EntryKind.LEFT)
    return last.filter(kind=EntryKind.LEFT) if chosen == "usciti" else entries


def _file(
    request: HttpRequest, community: CERConfiguration, entries: QuerySet[MemberRegistry], form: str
) -> HttpResponse:
    found = list(entries)
    personal_data_read({entry.user_id for entry in found}, fields=SHOWN, purpose="registry-file")
    name = file_name(community, "libro-soci", form)
    if form == "pdf":
        return sheets.pdf_answer(papers.register_pdf(community, found, on=today()), name)
    if form == "xlsx":
        return sheets.xlsx_answer(name, _("Libro soci"), papers.register_columns(), papers.register_rows(found))
    return sheets.csv_download(name, papers.register_columns(), papers.register_rows(found))
