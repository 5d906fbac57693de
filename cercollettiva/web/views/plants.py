"""One plant: its power now and in the last 24 hours, its devices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cercollettiva.core.models import CERConfiguration, Plant, PlantType
from cercollettiva.energy import queries
from cercollettiva.web.history.page import history_of

QUARTER = timedelta(minutes=15)
QUARTERS = 96
LOW_VOLTS, HIGH_VOLTS = 207.0, 253.0  # EN 50160: 230 V, 10 % less and more
NO_VOLTS = 1.0


@login_required
@require_safe
def plant(request: HttpRequest, pk: int) -> HttpResponse:
    """GET plants/<pk>/: the page of a plant the user may see."""
    chosen = get_object_or_404(Plant.objects.visible_to(request.user).select_related("cer_configuration"), pk=pk)
    now = timezone.now()
    power = queries.power_of_plants([chosen.pk], now)[chosen.pk]
    context = {
        "now": now,
        "plant": _facts(request, chosen),
        "may_change": Plant.objects.writable_by(request.user).filter(pk=chosen.pk).exists(),
        "socket": f"/ws/plants/{chosen.pk}/",
        "power_w": queries.power_shown(chosen.plant_type, power),
        "power_at": power.at,
        "energy_today_mwh": _energy_today(chosen, now),
        "quarters": _quarters(chosen, now),
        "history": history_of(chosen, request.GET, now),
        "devices": [_device(device) for device in queries.device_states_of(chosen, now)],
    }
    return render(request, "web/plant.html", context)


def _facts(request: HttpRequest, chosen: Plant) -> dict[str, Any]:
    community = chosen.cer_configuration
    may_open = community and CERConfiguration.objects.visible_to(request.user).filter(pk=community.pk).exists()
    place = ", ".join(part for part in (chosen.address, chosen.city) if part)
    return {
        "pk": chosen.pk,
        "name": chosen.name,
        "closed_on": chosen.active_to,
        "kind": chosen.plant_type,
        "type_label": str(chosen.get_plant_type_display()).capitalize(),
        "pod": chosen.pod_code,
        "address": place,
        "nominal_w": float(chosen.nominal_power) * 1000 if chosen.nominal_power is not None else None,
        "operating_since": chosen.entry_into_operation,
        "community": {"name": community.name, "url": reverse("core:community", args=[community.pk])}
        if community and may_open
        else None,
    }


def _energy_today(chosen: Plant, now: datetime) -> int | None:
    """What a producer gave, what any other drew. [mWh]"""
    today = queries.energy_today([chosen.pk], now).get(chosen.pk, queries.EnergyToday())
    if chosen.plant_type != PlantType.PRODUCER:
        return today.drawn_mwh
    return today.injected_mwh if today.produced_mwh is None else today.produced_mwh


def _quarters(chosen: Plant, now: datetime) -> list[dict[str, Any]]:
    """The quarter-hours of the last day, the newest first; the one that runs is among them."""
    minutes = timedelta(minutes=now.minute % 15, seconds=now.second, microseconds=now.microsecond)
    end = now - minutes + QUARTER
    means = queries.power_history(chosen, end - QUARTERS * QUARTER, now)
    return [
        {
            "start": mean.start,
            "end": mean.start + QUARTER,
            "power_w": mean.power_w,
            "note": "" if mean.power_w is not None else _("dato mancante"),
        }
        for mean in reversed(means)
    ]


def _device(device: queries.DeviceNow) -> dict[str, Any]:
    state, label = _state_of(device)
    return {
        "device_id": device.device_id,
        "name": _("Misuratore dello scambio") if "EXCHANGE" in device.roles else _("Misuratore della produzione"),
        "model": device.model,
        "power_w": device.power,
        "last_seen": device.last_seen,
        "state": state,
        "state_label": label,
        "phases": [_phase(phase, number) for number, phase in enumerate(device.phases, start=1)],
    }


def _state_of(device: queries.DeviceNow) -> tuple[str, str]:
    if device.last_seen is None:
        return "look", _("Non ha ancora parlato")
    if device.online:
        return "fine", _("In linea")
    return "act", _("Tace")


def _phase(phase: queries.PhaseNow, number: int) -> dict[str, Any]:
    state, label = "fine", _("Regolare")
    if phase.voltage is not None and phase.voltage < NO_VOLTS:
        state, label = "act", _("Senza tensione")
    elif phase.voltage is not None and not LOW_VOLTS <= phase.voltage <= HIGH_VOLTS:
        state, label = "look", _("Tensione fuori norma")
    return {
        "key": phase.key,
        "label": f"L{number}",
        "voltage_v": phase.voltage,
        "current_a": phase.current,
        "power_w": phase.power,
        "power_factor": phase.power_factor,
        "state": state,
        "state_label": label,
    }
