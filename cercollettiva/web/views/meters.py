"""The meters one looks after, and what each of them really says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cercollettiva.core.models import Plant
from cercollettiva.devices.samples import Anomaly
from cercollettiva.energy import queries
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DeviceMeasurement,
    DevicePlacement,
    DeviceState,
    EnergyMeasurement,
    LastMessage,
    MQTTAuditLog,
    MQTTConfiguration,
    RegisterEvent,
    RejectedMessage,
    UnknownDevice,
)
from cercollettiva.energy.queries import Standing
from cercollettiva.monitoring.freshness import State
from cercollettiva.monitoring.models import Alert, MeterRhythm, VisitReport
from cercollettiva.web.reasons import advice_on_anomaly, advice_on_refusal
from cercollettiva.web.views.access import managers_only

ON_A_PAGE: Final = 50
MOST_ODD = 10
REFUSALS_ON_A_PAGE: Final = 20
ODD_SINCE: Final = timedelta(hours=1)
LINES: Final = {"a": "L1", "b": "L2", "c": "L3"}
# How a state is drawn, and its word in the address.
LOOKS: Final = {
    Standing.SILENT: ("act", "muti"),
    Standing.NEVER: ("look", "mai-sentiti"),
    Standing.ODD: ("look", "da-guardare"),
    Standing.LATE: ("look", "in-ritardo"),
    Standing.LIVE: ("fine", "in-linea"),
}


@managers_only
@require_safe
def meters(request: HttpRequest) -> HttpResponse:
    """GET energy/devices/: the meters one looks after, those that need somebody first."""
    now = timezone.now()
    managed = DeviceConfiguration.objects.managed_by(request.user).filter(is_active=True)
    counts = queries.standings(managed, now)
    words = request.GET.get("q", "").replace("\0", "").strip()
    chosen = next((one for one, (_, word) in LOOKS.items() if word == request.GET.get("stato")), None)
    found = queries.with_standing(queries.searched(managed, words, now), now)
    if chosen is not None:
        found = found.filter(standing=chosen)
    placements = DevicePlacement.objects.active_at(now).select_related("plant")
    rows = found.select_related("state").prefetch_related(Prefetch("placements", placements, to_attr="placed"))
    page = Paginator(rows.order_by("standing", "device_id"), ON_A_PAGE).get_page(request.GET.get("pagina"))
    overdue = _overdue(request, [device.pk for device in page])
    context = {
        "now": now,
        "total": sum(counts.values()),
        "silent": counts[Standing.SILENT],
        "filters": _filters(counts, chosen, words),
        "words": words,
        "chosen": chosen,
        "chosen_word": LOOKS[chosen][1] if chosen is not None else "",
        "page": page,
        "address": _address(words, chosen),
        "meters": [_row(device, now, is_overdue=device.pk in overdue) for device in page],
        "strangers": UnknownDevice.objects.visible_to(request.user).still_unknown().count(),
    }
    return render(request, "web/meters.html", context)


@managers_only
@require_safe
def meter(request: HttpRequest, pk: int) -> HttpResponse:
    """GET energy/devices/<pk>/: a meter, its last values, its last message and what of it was refused."""
    now = timezone.now()
    managed = DeviceConfiguration.objects.managed_by(request.user).select_related("device_type", "state")
    device = get_object_or_404(queries.with_standing(managed, now), pk=pk)
    standing = Standing(device.standing)
    placement = _placement_of(request, device, now)
    heard_here = standing is not Standing.NEVER
    refusals = RejectedMessage.objects.visible_to(request.user).filter(device=device).order_by("-last_seen", "-pk")
    page = Paginator(refusals, REFUSALS_ON_A_PAGE).get_page(request.GET.get("pagina"))
    context = {
        "now": now,
        "device": device,
        "placement": placement,
        "roles": ChannelRole.objects.active_at(now).filter(device=device).order_by("component", "phases"),
        "standing": standing,
        "state": _look(standing, is_overdue=bool(_overdue(request, [device.pk]))),
        "last_seen": device.state.last_seen if heard_here else None,
        "phases": _phases(device, placement, now),
        "registers": list(_registers(device.state)) if heard_here else [],
        "anomalies": _anomalies(request, device, now),
        "alerts": Alert.objects.visible_to(request.user).unresolved().filter(device=device)[:MOST_ODD],
        "events": RegisterEvent.objects.visible_to(request.user).filter(device=device)[:MOST_ODD],
        "message": LastMessage.objects.visible_to(request.user).filter(device=device).first(),
        "refusals": [{"line": line, "advice": advice_on_refusal(line.reason)} for line in page],
        "page": page,
        "credential": MQTTConfiguration.objects.visible_to(request.user).filter(device=device).first(),
        "log": MQTTAuditLog.objects.visible_to(request.user).filter(device=device).select_related("actor")[:MOST_ODD],
        "visits": VisitReport.objects.visible_to(request.user)
        .filter(device=device)
        .select_related("technician")[:MOST_ODD],
    }
    return render(request, "web/meter.html", context)


def _overdue(request: HttpRequest, keys: list[int]) -> set[int]:
    """Those of these meters whose energy is late by their own rhythm, though they may give signs of life."""
    rhythms = MeterRhythm.objects.visible_to(request.user).filter(device__in=keys, state__gte=State.LATE)
    return set(rhythms.values_list("device_id", flat=True))


def _look(standing: Standing, *, is_overdue: bool) -> dict[str, Any]:
    if is_overdue and standing is Standing.LIVE:
        return {"mark": "look", "label": _("Energia in ritardo")}
    return {"mark": LOOKS[standing][0], "label": standing.label}


def _row(device: Any, now: datetime, *, is_overdue: bool) -> dict[str, Any]:
    standing = Standing(device.standing)
    placement = device.placed[0] if device.placed else None
    state: DeviceState | None = getattr(device, "state", None)
    return {
        "name": device.device_id,
        "url": reverse("meters:meter", args=[device.pk]),
        "plant": placement.plant.name if placement else "",
        "pod": placement.plant.pod_code if placement else "",
        **_look(standing, is_overdue=is_overdue),
        "last_seen": state.last_seen if state and standing is not Standing.NEVER else None,
    }


def _filters(counts: dict[Standing, int], chosen: Standing | None, words: str) -> list[dict[str, Any]]:
    """All, then each state that has somebody, or is chosen."""
    shown = [one for one in Standing if counts[one] or one is chosen]
    return [
        {
            "label": one.label if one is not None else None,
            "count": sum(counts.values()) if one is None else counts[one],
            "url": _address(words, one),
            "current": one is chosen,
        }
        for one in (None, *shown)
    ]


def _address(words: str, chosen: Standing | None) -> str:
    given = {"q": words, "stato": LOOKS[chosen][1] if chosen is not None else ""}
    return "?" + urlencode({name: value for name, value in given.items() if value})


def _placement_of(request: HttpRequest, device: DeviceConfiguration, now: datetime) -> DevicePlacement | None:
    plants = Plant.objects.managed_by(request.user)
    placements = DevicePlacement.objects.active_at(now).filter(device=device, plant__in=plants)
    return placements.select_related("plant").first()


def _phases(device: DeviceConfiguration, placement: DevicePlacement | None, now: datetime) -> list[dict[str, Any]]:
    """The last values, a line for each phase of each component."""
    if placement is None:
        return []
    said = queries.device_states_of(placement.plant, now)
    return [
        {"label": LINES.get(phase.key.removeprefix(phase.component), ""), "values": phase}
        for one in said
        if one.device_id == device.device_id
        for phase in one.phases
    ]


def _registers(state: DeviceState) -> Iterator[dict[str, Any]]:
    """The last registers of each component, in total and then of each phase. [mWh]"""
    for component, stored in sorted(state.registers.items()):
        at = datetime.fromisoformat(stored["at"]) if stored.get("at") else None
        yield {"component": component, "line": "", "at": at} | {
            name: stored.get(name) for name in ("drawn", "returned", "total")
        }
        for phase, line in LINES.items():
            drawn, returned = stored.get(f"{phase}_drawn"), stored.get(f"{phase}_returned")
            if drawn is not None or returned is not None:
                yield {"component": component, "line": line, "at": at, "drawn": drawn, "returned": returned}


def _anomalies(request: HttpRequest, device: DeviceConfiguration, now: datetime) -> list[dict[str, Any]]:
    found = queries.anomalies_of(
        device,
        DeviceMeasurement.objects.visible_to(request.user),
        EnergyMeasurement.objects.visible_to(request.user),
        since=now - ODD_SINCE,
    )
    return [
        {"advice": advice_on_anomaly(anomaly), "at": at, "is_normal": anomaly is Anomaly.DIRECTION_UNKNOWN}
        for anomaly, at in sorted(found.items())
    ]
