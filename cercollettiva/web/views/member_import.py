"""Members from a file: upload, name the columns, try, carry out, undo."""

from __future__ import annotations

import json
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cercollettiva.core import member_import
from cercollettiva.core.member_files import MOST_BYTES, BadFile
from cercollettiva.core.member_rows import FIELDS
from cercollettiva.core.models import CERConfiguration, ImportState, MemberImport, RowOutcome
from cercollettiva.web.csv_files import csv_answer
from cercollettiva.web.desk import mails
from cercollettiva.web.views.members import ON_A_PAGE, PAGE, administered, number_in, person, today

PREVIEWED: Final = 5
MARKS: Final = {"REFUSED": "act", "KNOWN": "look", "UNDONE": "look"}


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File dei soci"),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,text/csv"}),
        help_text=gettext_lazy("XLSX o CSV fino a 5 MB e 10.000 righe; la prima riga ha le intestazioni."),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("Il file supera 5 MB: dividilo in più file."))
        return file


class MappingForm(forms.Form):
    """Which column holds which field; a column is one field at most."""

    def __init__(self, *args: Any, header: list[str], mapping: dict[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        columns = [("", _("non c’è")), *((str(place), name or f"{place + 1}") for place, name in enumerate(header))]
        for name, label in FIELDS.items():
            initial = str(mapping[name]) if name in mapping else ""
            self.fields[name] = forms.ChoiceField(
                label=str(label), choices=columns, initial=initial, required=name == "email"
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        given = [value for value in cleaned.values() if value]
        if len(given) != len(set(given)):
            raise forms.ValidationError(_("La stessa colonna è scelta due volte."))
        return cleaned

    @property
    def mapping(self) -> dict[str, int]:
        return {name: int(value) for name, value in self.cleaned_data.items() if value}


@never_cache
@login_required
@require_http_methods(PAGE)
def imports(request: HttpRequest, pk: int) -> HttpResponse:
    """GET and POST cer/<pk>/import/: the files that came, and a new one."""
    community = administered(request, pk)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            found = member_import.upload(
                community, name=file.name, content=file.read(), by=person(request), at=timezone.now()
            )
        except BadFile as refusal:
            form.add_error("file", str(refusal))
        else:
            return redirect("register:import", pk=community.pk, key=found.pk)
    earlier = MemberImport.objects.visible_to(request.user).filter(community=community)
    context = {"community": community, "form": form, "imports": earlier.annotate(count=Count("rows"))[:20]}
    return render(request, "register/imports.html", context)


@never_cache
@login_required
@require_http_methods(PAGE)
def one_import(request: HttpRequest, pk: int, key: int) -> HttpResponse:
    """GET and POST cer/<pk>/import/<key>/: columns, dry run, protocol by row; carry it out, undo it."""
    community = administered(request, pk)
    found = get_object_or_404(MemberImport.objects.visible_to(request.user), community=community, pk=key)
    if request.GET.get("format") == "csv":
        return _protocol(found)
    action = request.POST.get("action")
    form = MappingForm(request.POST if action == "check" else None, header=found.header, mapping=found.mapping)
    if request.method == "POST" and (action != "check" or form.is_valid()):
        _act(request, community, found, form)
        return redirect("register:import", pk=community.pk, key=found.pk)
    return render(request, "register/import.html", _context(request, community, found, form))


def _context(
    request: HttpRequest, community: CERConfiguration, found: MemberImport, form: MappingForm
) -> dict[str, Any]:
    counts = {row["outcome"]: row["count"] for row in found.rows.values("outcome").annotate(count=Count("pk"))}
    chosen = request.GET.get("esito", "")
    rows = found.rows.order_by("number")
    if chosen in RowOutcome.values:
        rows = rows.filter(outcome=chosen)
    page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("pagina"))
    return {
        "community": community,
        "found": found,
        "form": form,
        "preview": [json.loads(row.cells) for row in found.rows.order_by("number")[:PREVIEWED]],
        "total": sum(counts.values()),
        "ready": counts.get(RowOutcome.READY, 0),
        "created": counts.get(RowOutcome.CREATED, 0),
        "refused": counts.get(RowOutcome.REFUSED, 0),
        "outcomes": [(value, label, counts[value]) for value, label in RowOutcome.choices if value in counts],
        "chosen": chosen,
        "address": f"?esito={chosen}" if chosen in RowOutcome.values else "?",
        "page": page,
        "lines": [_line(found, row) for row in page],
        "is_tried": found.state != ImportState.UPLOADED,
        "states": ImportState,
        "undoing": member_import.undoing(found) if "annulla" in request.GET else None,
    }


def _line(found: MemberImport, row: Any) -> dict[str, Any]:
    cells = json.loads(row.cells)
    values = [cells[found.mapping[name]] if _has(found, name, cells) else "" for name in ("legal_name", *_NAMES)]
    name = " ".join(value for value in values if value)
    return {"row": row, "name": name or _("senza nome"), "mark": MARKS.get(row.outcome, "fine")}


_NAMES: Final = ("first_name", "last_name")


def _has(found: MemberImport, name: str, cells: list[str]) -> bool:
    return name in found.mapping and found.mapping[name] < len(cells)


def _act(request: HttpRequest, community: CERConfiguration, found: MemberImport, form: MappingForm) -> None:
    action = request.POST.get("action")
    try:
        if action == "check":
            tried = member_import.check(found, form.mapping, today=today())
            ready = len(tried.ready)
            told = ngettext("Prova fatta: %(count)d socio da creare.", "Prova fatta: %(count)d soci da creare.", ready)
            messages.success(request, told % {"count": ready})
        elif action == "run":
            _run(request, community, found)
        elif action == "undo":
            _undo(request, found)
        else:
            messages.error(request, _("Questa azione non c’è."))
    except member_import.NotNow:
        messages.error(request, _("Nel frattempo l’importazione è andata avanti: questa è la situazione di adesso."))


def _undo(request: HttpRequest, found: MemberImport) -> None:
    """Whoever confirms has seen as many members as would leave at this moment."""
    if "confirmed" not in request.POST:
        messages.error(request, _("Spunta la casella per confermare."))
        return
    leaving = number_in(request.POST.get("leaving", ""))
    done = member_import.undo(found, leaving=leaving, at=timezone.now(), by=person(request))
    gone = len(done.leaving)
    told = ngettext(
        "Importazione annullata: %(count)d socio uscito.", "Importazione annullata: %(count)d soci usciti.", gone
    )
    messages.success(request, told % {"count": gone})
    if done.staying:
        stay = ngettext(
            "%(count)d resta, perché ha un ruolo.", "%(count)d restano, perché hanno un ruolo.", done.staying
        )
        messages.info(request, stay % {"count": done.staying})


def _run(request: HttpRequest, community: CERConfiguration, found: MemberImport) -> None:
    invites = request.POST.get("invite") == "on"
    if found.rows.filter(outcome=RowOutcome.READY).count() > member_import.AT_ONCE:
        waiting = MemberImport.objects.filter(pk=found.pk, state=ImportState.CHECKED)
        if not waiting.update(state=ImportState.QUEUED, with_invitations=invites):
            raise member_import.NotNow
        messages.success(request, _("Sono tante righe: si comincia entro un minuto, puoi chiudere la pagina."))
        return
    with transaction.atomic():
        now = timezone.now()
        people = member_import.carry_out(found, at=now, by=person(request))
        if invites:
            mails.invite(community, people, now)
    told = ngettext("Fatto: %(count)d socio nuovo.", "Fatto: %(count)d soci nuovi.", len(people))
    messages.success(request, told % {"count": len(people)})


def _protocol(found: MemberImport) -> HttpResponse:
    rows = ((row.number, str(row.get_outcome_display()), row.reason) for row in found.rows.order_by("number"))
    return csv_answer(f"protocollo-{found.pk}.csv", [_("Riga"), _("Esito"), _("Motivo")], rows)
