"""How long papers are kept, for platform staff: what a new term would delete is shown before it counts."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cercollettiva.documents import terms
from cercollettiva.documents.models import Document, keeping_of
from cercollettiva.documents.types import USUAL_TERMS, DocumentType, Keeping
from cercollettiva.users.audit import Action, AuditLine
from cercollettiva.users.models import CustomUser
from cercollettiva.web.views.management import for_staff
from cercollettiva.web.views.members import PAGE, person, today

LONGEST: Final = 36_525  # a hundred years, in days
LISTED: Final = 50
LAST_CHANGES: Final = 20


class TermForm(forms.Form):
    """Days from the upload, and fewer once the paper was verified."""

    days = forms.IntegerField(
        label=gettext_lazy("Giorni dal caricamento"),
        min_value=1,
        max_value=LONGEST,
        help_text=gettext_lazy("Un anno sono 365 giorni, dieci 3652."),
    )
    after_verification = forms.IntegerField(
        label=gettext_lazy("Giorni dalla verifica"),
        min_value=1,
        max_value=LONGEST,
        required=False,
        help_text=gettext_lazy("Vuoto: la verifica non accorcia niente."),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        days, after = given.get("days"), given.get("after_verification")
        if days and after and after > days:
            self.add_error("after_verification", _("Sono più dei giorni dal caricamento: così non conterebbero mai."))
        return given


@never_cache
@for_staff
@require_safe
def all_terms(request: HttpRequest) -> HttpResponse:
    """GET documents/terms/: the term of each type, how many papers it has, and who changed what."""
    counts = Document.objects.visible_to(request.user).kept().order_by().values_list("type").annotate(Count("pk"))
    papers = dict(counts)
    changes = AuditLine.objects.visible_to(request.user).filter(action=Action.TERM_CHANGED).order_by("-seq")
    lines = list(changes[:LAST_CHANGES])
    actors = CustomUser.objects.visible_to(request.user).in_bulk([line.actor_id for line in lines if line.actor_id])
    context = {
        "rows": [
            {**_row(one.kind, one.keeping), "is_usual": one.is_usual, "papers": papers.get(one.kind, 0)}
            for one in terms.all_terms()
        ],
        "changes": [_change(line, actors) for line in lines],
    }
    return render(request, "documents/terms.html", context)


@never_cache
@for_staff
@require_http_methods(PAGE)
def term(request: HttpRequest, kind: str) -> HttpResponse:
    """GET and POST documents/terms/<kind>/: a term, what it would delete, and its confirmation."""
    if kind not in DocumentType.values:
        raise Http404
    paper = DocumentType(kind)
    keeping = keeping_of(paper)
    initial = {"days": keeping.days, "after_verification": keeping.days_after_verification}
    form = TermForm(request.POST if request.method == "POST" else None, initial=initial, label_suffix="")
    effect = None
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        effect = terms.effect_of(paper, **asked, today=today())
        if _is_confirmed(request, effect):
            terms.change_term(paper, **asked, by=person(request), at=timezone.now())
            messages.success(request, _("Salvato: vale da adesso, anche per i documenti che ci sono già."))
            return redirect("documents:terms")
        if "confirmed" in request.POST:
            messages.error(request, _("Intanto i documenti sono cambiati: guarda di nuovo che cosa si elimina."))
    context = {
        **_row(paper, keeping),
        "form": form,
        "usual": _row(paper, USUAL_TERMS[paper]),
        "effect": effect,
        "going": effect.going[:LISTED] if effect else [],
        "more": max(len(effect.going) - LISTED, 0) if effect else 0,
    }
    return render(request, "documents/term.html", context)


def _is_confirmed(request: HttpRequest, effect: terms.Effect) -> bool:
    """Whoever confirms has seen as many papers as would go at this moment."""
    return "confirmed" in request.POST and request.POST.get("going") == str(len(effect.going))


def _row(kind: DocumentType, keeping: Keeping) -> dict[str, Any]:
    label = str(kind.label).replace("gaudì", "GAUDÌ")
    return {
        "kind": kind,
        "label": label[:1].upper() + label[1:],
        "days": keeping.days,
        "after": keeping.days_after_verification,
    }


def _change(line: AuditLine, actors: dict[int, CustomUser]) -> dict[str, Any]:
    told = line.details
    kind = told.get("type", "")
    return {
        "at": line.at,
        "by": actors.get(line.actor_id) if line.actor_id else None,
        "label": DocumentType(kind).label if kind in DocumentType.values else kind,
        "before": told.get("days_before"),
        "days": told.get("days"),
        "after_before": told.get("after_verification_before"),
        "after": told.get("after_verification"),
        "going": told.get("going"),
    }
