"""The guided check of a meter's direction: what to switch on, what should move, what it did."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cercollettiva.energy import direction_check, placements
from cercollettiva.energy.direction_check import Answer, Begun, Expected
from cercollettiva.energy.models import ChannelRole, DevicePlacement
from cercollettiva.web import formats
from cercollettiva.web.templatetags.formats import page_locale
from cercollettiva.web.views.plant_meters import by, placement_of

# What the person does, and what should then happen.
DO: Final = {
    Expected.DRAW_RISES: gettext_lazy(
        "Accendi un carico grosso, come un bollitore o un forno: il prelievo deve salire."
    ),
    Expected.EXPORT_RISES: gettext_lazy("Con il sole, spegni più carichi che puoi: l’immissione deve salire."),
    Expected.PRODUCES: gettext_lazy("Con il sole sui pannelli: la produzione deve essere sopra zero."),
}
NOW: Final = {
    Expected.DRAW_RISES: gettext_lazy("Accendi adesso il carico: il prelievo deve salire."),
    Expected.EXPORT_RISES: gettext_lazy("Spegni adesso i carichi: l’immissione deve salire."),
    Expected.PRODUCES: gettext_lazy("Adesso la produzione deve essere sopra zero."),
}
FINAL: Final = (Answer.RIGHT, Answer.REVERSED)


@never_cache
@login_required
@require_http_methods(("GET", "HEAD", "POST"))
def check(request: HttpRequest, pk: int, placement: int) -> HttpResponse:
    """GET and POST plants/<pk>/mqtt/<placement>/check/: begin a check, follow it, write its answer down, turn the sign.

    A check that runs is in the address (`prova`); with `parte` only its verdict is sent, for the page that follows it.
    """
    held = placement_of(request, pk, placement, standing=True)
    roles = list(
        ChannelRole.objects.filter(placement=held, active_to__isnull=True).select_related("plant", "placement")
    )
    if request.method == "POST":
        return _act(request, held, roles)
    begun = direction_check.begun_of(request.GET.get("prova", ""))
    chosen = next((role for role in roles if begun and role.pk == begun.role), None)
    context = {
        "now": timezone.now(),
        "plant": held.plant,
        "placement": held,
        "device": held.device,
        "channels": [_channel(role, held) for role in roles],
        "trial": _trial(begun, chosen, held) if begun and chosen else None,
        "socket": f"/ws/plants/{held.plant_id}/",
    }
    template = "web/parts/verdict.html" if "parte" in request.GET and context["trial"] else "web/meter_check.html"
    return render(request, template, context)


def _act(request: HttpRequest, held: DevicePlacement, roles: list[ChannelRole]) -> HttpResponse:
    asked = request.POST.get("role", "")
    role = next((one for one in roles if str(one.pk) == asked), None)
    begun = direction_check.begun_of(request.POST.get("prova", ""))
    if role is not None and request.POST.get("action") == "begin":
        return _begin(request, held, role)
    if role is not None and request.POST.get("action") == "turn":
        placements.turn_round(role, by=by(request))
        messages.success(request, _("Verso invertito da quando sta qui. Prova ancora: adesso deve tornare."))
    elif begun is not None and (role := next((one for one in roles if one.pk == begun.role), None)):
        trial = _trial(begun, role, held)
        placements.record_check(held, f"{role.component}{role.phases}: {trial['sentence']}", by=by(request))
        messages.success(request, _("Annotato: lo ritrovi nella scheda del misuratore."))
        return redirect("core:meter-card", pk=held.plant_id, placement=held.pk)
    return redirect("core:meter-check", pk=held.plant_id, placement=held.pk)


def _begin(request: HttpRequest, held: DevicePlacement, role: ChannelRole) -> HttpResponse:
    """Take the figure of now as the one to start from; without a fresh one there is nothing to compare."""
    page = redirect("core:meter-check", pk=held.plant_id, placement=held.pk)
    reading = direction_check.reading_of(role, getattr(held.device, "state", None))
    expected = request.POST.get("expected", "")
    if expected not in direction_check.possible(role):
        return page
    if reading.watts is None:
        messages.warning(
            request, _("Questo canale non ha ancora detto nulla: controlla prima che il misuratore parli.")
        )
        return page
    token = Begun(role.pk, Expected(expected), reading.watts, timezone.now()).token()
    page["Location"] += "?" + urlencode({"prova": token})
    return page


def _channel(role: ChannelRole, held: DevicePlacement) -> dict[str, Any]:
    reading = direction_check.reading_of(role, getattr(held.device, "state", None))
    tries = [{"value": one.value, "label": DO[one]} for one in direction_check.possible(role)]
    return {"role": role, "reading": reading, "sentence": _stands(role, reading.watts), "tries": tries}


def _trial(begun: Begun, role: ChannelRole, held: DevicePlacement) -> dict[str, Any]:
    reading = direction_check.reading_of(role, getattr(held.device, "state", None))
    found = direction_check.verdict(begun, reading, now=timezone.now())
    return {
        "token": begun.token(),
        "role": role,
        "begun": begun,
        "do": NOW[begun.expected],
        "answer": found.answer.value,
        "is_final": found.answer in FINAL,
        "is_reversed": found.answer is Answer.REVERSED,
        "sentence": _sentence(begun.expected, found),
        "advice": _advice(found.answer),
        "at": reading.at,
    }


def _sentence(expected: Expected, found: direction_check.Verdict) -> str:
    """The answer in words, with both figures."""
    before, now = _flow(expected, found.before_w), _flow(expected, found.now_w)
    figures = {"what": _subject(expected), "before": before, "now": now}
    if found.answer is Answer.WAITING:
        return _("Aspetto la prossima misura. Prima: %(before)s.") % figures
    if expected is Expected.PRODUCES:
        return {
            Answer.RIGHT: _("La produzione è %(now)s: il verso è giusto."),
            Answer.REVERSED: _("La produzione dovrebbe essere sopra zero e invece è %(now)s: il verso è invertito."),
        }.get(found.answer, _("La produzione dovrebbe essere sopra zero: per ora è %(now)s.")) % figures
    return {
        Answer.RIGHT: _("%(what)s è passato da %(before)s a %(now)s: il verso è giusto."),
        Answer.REVERSED: _("%(what)s dovrebbe salire e invece scende, da %(before)s a %(now)s: il verso è invertito."),
        Answer.STILL_NOT: _("%(what)s dovrebbe salire: non sale. Era %(before)s, adesso è %(now)s."),
    }.get(found.answer, _("%(what)s dovrebbe salire: per ora è %(now)s, era %(before)s.")) % figures


def _subject(expected: Expected) -> str:
    return _("Il flusso verso la rete") if expected is Expected.EXPORT_RISES else _("Il prelievo")


def _flow(expected: Expected, watts: float | None) -> str:
    """A figure in the direction that should rise."""
    if watts is None:
        return formats.MISSING
    return formats.power(-watts if expected is Expected.EXPORT_RISES else watts, locale=page_locale())


def _advice(answer: Answer) -> str:
    return {
        Answer.WAITING: _("Un misuratore parla quando un valore cambia: può volerci qualche secondo."),
        Answer.NOT_YET: _("Lascia acceso ancora un poco."),
        Answer.STILL_NOT: _("Il carico è acceso? La pinza è chiusa attorno al cavo giusto, e uno solo?"),
        Answer.RIGHT: _("Non c’è altro da fare."),
        Answer.REVERSED: _("Gira la pinza, oppure inverti il verso qui: si ricalcola tutto da quando sta qui."),
    }[answer]


def _stands(role: ChannelRole, watts: float | None) -> str:
    if watts is None:
        return _("nessun valore, per ora")
    figure = formats.power(abs(watts), locale=page_locale())
    if role.role == "PRODUCTION":
        return (_("produce %s") if watts >= 0 else _("assorbe %s")) % figure
    if role.role == "LOAD":
        return (_("consuma %s") if watts >= 0 else _("rende %s")) % figure
    return (_("preleva %s") if watts >= 0 else _("immette %s")) % figure
