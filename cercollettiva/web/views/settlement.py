"""Pages on money that is estimated: the readings of the rules side by side, and one hour of one member explained."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cercollettiva.core.models import CERConfiguration, CERMembership
from cercollettiva.domain.calendar import HOUR, ITALY, Range, Span, local_date, midnight, range_of, step
from cercollettiva.domain.settlement.errors import SettlementError
from cercollettiva.settlement.cases import CommunityCase, community_case
from cercollettiva.settlement.comparison import readings, suggestion
from cercollettiva.settlement.estimates import MONTHS_SHOWN, settled_and_divided
from cercollettiva.settlement.explanation import explain
from cercollettiva.settlement.models import Attribution, SettlementRun, Threshold
from cercollettiva.settlement.reasons import reason_of
from cercollettiva.users.models import CustomUser

FIRST_YEAR: Final = 2000  # nothing was measured before


@login_required
@require_safe
def comparison(request: HttpRequest, pk: int) -> HttpResponse:
    """GET cer/<pk>/condivisione/confronto/?mese=2026-03: for administrators; else the last whole month."""
    community = get_object_or_404(CERConfiguration.objects.administered_by(request.user), pk=pk)
    now = timezone.now()
    period = _month(request.GET.get("mese", ""), now)
    context: dict[str, Any] = {
        "community": community,
        "month": period.start,
        "before": local_date(step(period, Span.MONTH, -1).start),
        "after": local_date(period.end) if period.end < range_of(Span.MONTH, now).start else None,
    }
    try:
        made = community_case(community, period)
        context |= _compared(request, community, made, now)
    except SettlementError as refusal:
        context["refusal"] = reason_of(refusal, names_pods=True)
    return render(request, "web/settlement/comparison.html", context)


def _compared(request: HttpRequest, community: CERConfiguration, made: CommunityCase, now: datetime) -> dict[str, Any]:
    names = {each.value: each.label for each in (*Attribution, *Threshold)}
    rows = [(names[row.attribution], names[row.threshold], row) for row in readings(made)]
    since = step(range_of(Span.MONTH, now), Span.MONTH, -MONTHS_SHOWN).start
    runs = SettlementRun.objects.visible_to(request.user).filter(community=community, refusal="", start__gte=since)
    months = [run for run in runs if Range(run.start, run.end) == range_of(Span.MONTH, run.start)]
    return {
        "rows": rows,
        "plants": [made.plant_of[plant.pod].name for plant in made.case.checked().plants],
        "hold_back": suggestion(made, months),
        "months": len(months),
    }


def _month(text: str, now: datetime) -> Range:
    """A month that has begun, as 2026-03; 404 for anything else."""
    this = range_of(Span.MONTH, now)
    if not text:
        return step(this, Span.MONTH, -1)
    try:
        asked = range_of(Span.MONTH, midnight(date.fromisoformat(f"{text}-01")))
    except (ValueError, OverflowError) as error:
        raise Http404 from error
    if asked.start >= this.start or asked.end.year < FIRST_YEAR:
        raise Http404
    return asked


@login_required
@require_safe
def hour(request: HttpRequest, pk: int) -> HttpResponse:
    """GET cer/<pk>/condivisione/ora/?inizio=2026-03-29T12:00+02:00[&socio=<pk>]: one hour, to the kWh and the cent.

    A member's own; an administrator may ask for another member's. The last hour of yesterday unless one is asked.
    """
    community = get_object_or_404(CERConfiguration.objects.visible_to(request.user), pk=pk)
    now = timezone.now()
    start = _hour(request.GET.get("inizio", ""), now)
    member = _member(request, community)
    month = range_of(Span.MONTH, start)
    period = Range(month.start, min(month.end, range_of(Span.DAY, now).start))
    context: dict[str, Any] = {
        "community": community,
        "start": start,
        "end": start + HOUR,
        "member": member,
        "is_own": member == request.user,
        "before": (start - HOUR).isoformat(),
        "after": (start + HOUR).isoformat() if start + HOUR < period.end else "",
    }
    manages = CERConfiguration.objects.managed_by(request.user).filter(pk=pk).exists()
    try:
        made = community_case(community, period)
        settled, divided = settled_and_divided(made)
        place = (start - period.start) // HOUR
        context["hour"] = explain(made, settled, divided, hour=place, user=member.pk, sees_all=manages)
    except SettlementError as refusal:
        context["refusal"] = reason_of(refusal, names_pods=manages)
    return render(request, "web/settlement/hour.html", context)


def _hour(text: str, now: datetime) -> datetime:
    """The hour an instant falls in, up to yesterday's last; 404 for anything else."""
    today = range_of(Span.DAY, now).start
    if not text:
        return today - HOUR
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # a plus in an address is read as a blank
        asked = range_of(Span.HOUR, moment if moment.tzinfo else moment.replace(tzinfo=ITALY)).start
    except (ValueError, OverflowError) as error:
        raise Http404 from error
    if asked >= today or asked.year < FIRST_YEAR:
        raise Http404
    return asked


def _member(request: HttpRequest, community: CERConfiguration) -> CustomUser:
    """Whose hour it is: one's own, or as an administrator that of a member of the community."""
    user = request.user
    asked = request.GET.get("socio", "")
    if not asked or asked == str(user.pk):
        return user  # type: ignore[return-value]
    if not CERConfiguration.objects.administered_by(user).filter(pk=community.pk).exists() or not asked.isdecimal():
        raise Http404
    rows = CERMembership.objects.filter(community=community)
    return get_object_or_404(CustomUser, pk=int(asked[:18]), pk__in=rows.values("user"))
