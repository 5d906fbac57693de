"""The pages under /energy/: all that one may see, now; its plants; its measurements; the way they come in."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cercollettiva.core.connection import FRESH_FOR
from cercollettiva.core.models import CERConfiguration, Plant, PlantType
from cercollettiva.energy import queries
from cercollettiva.energy.models import (
    DeviceConfiguration,
    DeviceMeasurement,
    DevicePlacement,
    MQTTAuditLog,
    MQTTBroker,
    Quality,
    RejectedMessage,
    UnknownDevice,
)
from cercollettiva.energy.queries import Standing
from cercollettiva.web.fields import MomentField
from cercollettiva.web.views.access import managers_only
from cercollettiva.web.views.meters import LOOKS
from cercollettiva.web.views.plant_meters import in_italian_time

ON_A_PAGE: Final = 50
CHOSEN_FROM: Final = 200  # meters in a list; with more one writes the name
MEASUREMENTS_ON_A_PAGE: Final = 30  # of three phases each
LIVE_PLANTS: Final = 4  # a person may open five sockets
SHOWN_PLANTS: Final = 12
LINES_OF_LOG: Final = 20


class MeasurementFilter(forms.Form):
    """Which measurements: of one meter, in a time, of a quality."""

    dispositivo = forms.ModelChoiceField(
        DeviceConfiguration.objects.none(),
        to_field_name="device_id",
        label=gettext_lazy("Misuratore"),
        empty_label=None,
        error_messages={"invalid_choice": gettext_lazy("Nessun tuo misuratore ha questo nome adesso.")},
    )
    dal = MomentField(label=gettext_lazy("Dal"), required=False)
    al = MomentField(label=gettext_lazy("Al"), required=False)
    qualita = forms.TypedChoiceField(
        label=gettext_lazy("Qualità"),
        choices=[("", gettext_lazy("tutte")), *Quality.choices],
        coerce=int,
        empty_value=None,
        required=False,
    )

    def __init__(self, data: Any, *, devices: QuerySet[DeviceConfiguration]) -> None:
        super().__init__(data, label_suffix="")
        device: Any = self.fields["dispositivo"]
        device.queryset = devices
        if devices[: CHOSEN_FROM + 1].count() > CHOSEN_FROM:
            device.widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("dal") and given.get("al") and given["al"] <= given["dal"]:
            self.add_error("al", _("È prima dell’inizio: scrivi un momento successivo a «Dal»."))
        return given


@login_required
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """GET energy/: what one's plants draw and give now, and where to go on."""
    now = timezone.now()
    plants = Plant.objects.visible_to(request.user).active_at(now)
    count = plants.count()
    shown = list(plants.order_by("name", "pk")[:SHOWN_PLANTS])
    managed = DeviceConfiguration.objects.managed_by(request.user).filter(is_active=True)
    counts = queries.standings(managed, now)
    context = {
        "now": now,
        "total": queries.total_power_visible_to(request.user, now),
        "count": count,
        "plants": _rows(shown, now),
        "is_live": count <= LIVE_PLANTS,
        "standings": [
            {"mark": LOOKS[one][0], "label": one.label, "count": counts[one], "url": f"?stato={LOOKS[one][1]}"}
            for one in Standing
            if counts[one]
        ],
        "manages": CERConfiguration.objects.managed_by(request.user).exists(),
    }
    return render(request, "web/energy.html", context)


@login_required
@require_safe
def plants(request: HttpRequest) -> HttpResponse:
    """GET energy/plants/: each plant with its power, its energy of today and its meters."""
    now = timezone.now()
    chosen = Plant.objects.visible_to(request.user).active_at(now).order_by("name", "pk")
    page = Paginator(chosen, ON_A_PAGE).get_page(request.GET.get("pagina"))
    return render(request, "web/energy_plants.html", {"now": now, "page": page, "plants": _rows(list(page), now)})


@login_required
@require_safe
@in_italian_time
def measurements(request: HttpRequest) -> HttpResponse:
    """GET energy/measurements/: what a meter measured, instant by instant, the newest first. Only to read."""
    now = timezone.now()
    devices = DeviceConfiguration.objects.visible_to(request.user).order_by("device_id")
    first = devices.first()
    asked = request.GET.copy()
    if first is not None and not asked.get("dispositivo"):
        asked["dispositivo"] = first.device_id
    form = MeasurementFilter(asked, devices=devices)
    page, device = None, None
    if first is not None and form.is_valid():
        given = form.cleaned_data
        device = given["dispositivo"]
        page = queries.measurement_page(
            DeviceMeasurement.objects.visible_to(request.user),
            device,
            size=MEASUREMENTS_ON_A_PAGE,
            since=given["dal"],
            until=given["al"],
            quality=given["qualita"],
            after=request.GET.get("dopo", ""),
        )
    context = {
        "now": now,
        "form": form,
        "has_devices": first is not None,
        "device": device,
        "page": page,
        "is_first": "dopo" not in request.GET,
        "is_filtered": any(asked.get(name) for name in ("dal", "al", "qualita", "dopo")),
        "first_url": _address(asked),
        "older_url": _address(asked, dopo=page.older) if page and page.older else "",
    }
    return render(request, "web/measurements.html", context)


@managers_only
@require_safe
def broker(request: HttpRequest) -> HttpResponse:
    """GET energy/settings/mqtt/: whether messages come in, community by community, as it happens."""
    now = timezone.now()
    communities = CERConfiguration.objects.managed_by(request.user).order_by("name")
    powers = queries.communities_power(communities, now)
    managed = DeviceConfiguration.objects.managed_by(request.user).filter(is_active=True)
    counts = queries.standings(managed, now)
    rejected = RejectedMessage.objects.visible_to(request.user)
    last_batch = queries.last_batch_at()
    context = {
        "now": now,
        "broker": queries.broker_address(),
        "last_batch": last_batch,
        "is_fresh": last_batch is not None and now - last_batch < FRESH_FOR,
        "communities": [
            {
                "name": one.name,
                "pk": one.pk,
                "at": powers[one.pk].updated_at,
                "measured": powers[one.pk].plants_measured,
                "plants": powers[one.pk].plants_count,
            }
            for one in communities
        ],
        "standings": [
            {"mark": LOOKS[one][0], "label": one.label, "count": counts[one], "url": f"?stato={LOOKS[one][1]}"}
            for one in Standing
            if counts[one]
        ],
        "strangers": UnknownDevice.objects.visible_to(request.user).still_unknown().count(),
        "rejected": rejected.count(),
        "brokers": MQTTBroker.objects.visible_to(request.user),
        "log": MQTTAuditLog.objects.visible_to(request.user).select_related("actor", "device")[:LINES_OF_LOG],
        "is_kept": settings.BROKER_FOLDER is not None,
        "plain": settings.BROKER_PLAIN_LISTENER,
    }
    return render(request, "web/broker.html", context)


def _rows(chosen: list[Plant], now: datetime) -> list[dict[str, Any]]:
    """The plants with their power, their energy of today and how many meters they have: three queries."""
    keys = [plant.pk for plant in chosen]
    powers = queries.power_of_plants(keys, now)
    today = queries.energy_today(keys, now)
    standing = DevicePlacement.objects.active_at(now).filter(plant__in=keys).values("plant").annotate(n=Count("pk"))
    meters = {row["plant"]: row["n"] for row in standing}
    rows = []
    for plant in chosen:
        power, energy = powers.get(plant.pk, queries.PlantPower()), today.get(plant.pk, queries.EnergyToday())
        rows.append(
            {
                "name": plant.name,
                "url": reverse("core:plant", args=[plant.pk]),
                "socket": f"/ws/plants/{plant.pk}/",
                "is_producer": plant.plant_type == PlantType.PRODUCER,
                "type_label": str(plant.get_plant_type_display()).capitalize(),
                "pod": plant.pod_code,
                "power_w": queries.power_shown(plant.plant_type, power),
                "at": power.at,
                "drawn_mwh": energy.drawn_mwh,
                "injected_mwh": energy.injected_mwh,
                "produced_mwh": energy.produced_mwh,
                "meters": meters.get(plant.pk, 0),
            }
        )
    return rows


def _address(asked: Any, **changes: str) -> str:
    kept = {name: asked[name] for name in ("dispositivo", "dal", "al", "qualita") if asked.get(name)}
    return "?" + urlencode({**kept, **changes})
