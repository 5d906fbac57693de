"""The meters of a plant: how they are connected, added, moved, replaced, and what their channels measure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cercollettiva.core.models import Plant
from cercollettiva.energy import placements, queries
from cercollettiva.energy.broker import credentials
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DevicePlacement,
    DeviceType,
    MQTTAuditLog,
    MQTTConfiguration,
    UnknownDevice,
)
from cercollettiva.energy.operations import NotProvisioned
from cercollettiva.users.acting import address_of
from cercollettiva.users.models import CustomUser
from cercollettiva.web.formats import ROME
from cercollettiva.web.meter_forms import AddMeterForm, MoveForm, RolesForm
from cercollettiva.web.provisioning import card_of, qr_code

PAGE: Final = ("GET", "HEAD", "POST")
PAST: Final = 20
View = Callable[..., HttpResponse]


def in_italian_time(view: View) -> View:
    """The moments of a form are those of the clock on the wall."""

    @wraps(view)
    def by_the_clock(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with timezone.override(ROME):
            return view(request, *args, **kwargs)

    return by_the_clock


@login_required
@require_safe
def plant_mqtt(request: HttpRequest, pk: int) -> HttpResponse:
    """GET plants/<pk>/mqtt/: whether the plant's meters speak, which they are, and which were here before."""
    plant = plant_to_change(request, pk)
    now = timezone.now()
    roles = Prefetch("roles", ChannelRole.objects.filter(active_to__isnull=True).order_by("component", "phases"))
    everything = DevicePlacement.objects.visible_to(request.user).filter(plant=plant).select_related("device__state")
    standing = everything.filter(active_to__isnull=True).prefetch_related(roles).order_by("device__device_id")
    unknown = UnknownDevice.objects.visible_to(request.user).still_unknown().filter(prefix__icontains=plant.pod_key)
    said = {device.device_id: device for device in queries.device_states_of(plant, now)}
    context = {
        "now": now,
        "plant": plant,
        "report": plant.test_mqtt_connection(now),
        "socket": f"/ws/plants/{plant.pk}/",
        "meters": [_standing(placement, said.get(placement.device.device_id)) for placement in standing],
        "past": everything.filter(active_to__isnull=False).order_by("-active_to")[:PAST],
        "strangers": unknown.order_by("-last_seen")[:PAST],
        "broker": queries.broker_address(),
    }
    return render(request, "web/plant_mqtt.html", context)


@login_required
@require_http_methods(PAGE)
@in_italian_time
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """GET and POST plants/<pk>/mqtt/add/: a meter that comes here, perhaps in the place of another."""
    plant = plant_to_change(request, pk)
    standing = DevicePlacement.objects.visible_to(request.user).filter(plant=plant, active_to__isnull=True)
    kinds = DeviceType.objects.visible_to(request.user)
    form = AddMeterForm(request.POST or None, plant=plant, kinds=kinds, standing=standing.select_related("device"))
    if "sostituisce" in request.GET and request.method != "POST":
        form.initial["replaces"] = request.GET["sostituisce"]
    if request.method == "POST" and form.is_valid():
        placement = tried(form, lambda: placements.add_meter(plant, form.meter(), by=by(request)))
        if placement is not None:
            messages.success(
                request, _("%s è registrato. Adesso scrivi questi valori nel misuratore.") % placement.device
            )
            return redirect("core:meter-card", pk=plant.pk, placement=placement.pk)
    return render(request, "web/meter_add.html", {"plant": plant, "form": form})


@login_required
@require_safe
def card(request: HttpRequest, pk: int, placement: int) -> HttpResponse:
    """GET plants/<pk>/mqtt/<placement>/: what to write into the meter, and its first message as it comes."""
    return card_page(request, placement_of(request, pk, placement))


def card_page(request: HttpRequest, held: DevicePlacement, *, secret: str = "") -> HttpResponse:
    """The card; with a secret it is the one time that the password of the meter is shown."""
    now = timezone.now()
    said = {device.device_id: device for device in queries.device_states_of(held.plant, now)}
    broker = queries.broker_address()
    written = card_of(held.device, broker, secret=secret)
    manages = DeviceConfiguration.objects.managed_by(request.user).filter(pk=held.device_id).exists()
    context = {
        "now": now,
        "plant": held.plant,
        "placement": held,
        "device": held.device,
        "is_here": held.active_to is None,
        "roles": held.roles.filter(active_to=held.active_to).order_by("component", "phases"),
        "card": written,
        "broker": broker,
        "qr": qr_code(request.build_absolute_uri(reverse("core:meter-card", args=[held.plant_id, held.pk]))),
        "secret": secret,
        "secret_qr": qr_code(written.command or secret) if secret else "",
        "credential": MQTTConfiguration.objects.visible_to(request.user).filter(device=held.device).first(),
        "stand": credentials.stand_of(held.device) if manages else "",
        "said": said.get(held.device.device_id),
        "socket": f"/ws/plants/{held.plant_id}/",
        "checks": _checks(held),
        "manages": manages and held.active_to is None,
    }
    return render(request, "web/meter_card.html", context)


@login_required
@require_http_methods(PAGE)
@in_italian_time
def roles(request: HttpRequest, pk: int, placement: int) -> HttpResponse:
    """GET and POST plants/<pk>/mqtt/<placement>/roles/: what each channel measures, from a moment on."""
    held = placement_of(request, pk, placement, standing=True)
    form = RolesForm(request.POST or None, placement=held)
    if request.method == "POST" and form.is_valid():
        wanted, since = form.wanted(), form.cleaned_data["since"]
        changed = tried(form, lambda: placements.set_roles(held, wanted, since=since, by=by(request)))
        if changed is not None:
            told = (
                _("Ruoli cambiati: i quarti d’ora da allora si ricalcolano da soli.")
                if changed
                else _("Niente è cambiato.")
            )
            messages.success(request, told)
            return redirect("core:meter-card", pk=pk, placement=held.pk)
    return render(request, "web/meter_roles.html", {"plant": held.plant, "placement": held, "form": form})


@login_required
@require_http_methods(PAGE)
@in_italian_time
def move(request: HttpRequest, pk: int, placement: int) -> HttpResponse:
    """GET and POST plants/<pk>/mqtt/<placement>/move/: to another plant, or to none, from a moment on."""
    held = placement_of(request, pk, placement, standing=True)
    plants = Plant.objects.writable_by(request.user).active_at(timezone.now()).exclude(pk=held.plant_id)
    form = MoveForm(request.POST or None, plants=plants.order_by("name", "pod_code"))
    confirming = request.method == "POST" and form.is_valid() and "change" not in request.POST
    if confirming and "confirmed" in request.POST:
        moved: HttpResponse | None = tried(form, lambda: _move(request, held, form))
        if moved is not None:
            return moved
        confirming = False
    context = {
        "plant": held.plant,
        "placement": held,
        "form": form,
        "decision": form.cleaned_data if confirming else None,
    }
    return render(request, "web/meter_move.html", context)


def plant_to_change(request: HttpRequest, pk: int) -> Plant:
    return get_object_or_404(Plant.objects.writable_by(request.user).select_related("cer_configuration"), pk=pk)


def placement_of(request: HttpRequest, plant: int, pk: int, *, standing: bool = False) -> DevicePlacement:
    """A meter's stay at a plant that one may change; with `standing` only one that has not ended."""
    rows = DevicePlacement.objects.filter(plant__in=Plant.objects.writable_by(request.user), plant=plant)
    held = get_object_or_404(rows.select_related("plant", "device__device_type", "device__state"), pk=pk)
    if standing and held.active_to is not None:
        raise Http404
    return held


def by(request: HttpRequest) -> placements.By:
    user = request.user
    assert isinstance(user, CustomUser)  # noqa: S101  # login_required
    return placements.By(user, address_of(request))


def tried(form: Form, operation: Callable[[], Any]) -> Any:
    """What the operation gives, or None and the reason on the form."""
    try:
        return operation()
    except NotProvisioned as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return None


def _move(request: HttpRequest, held: DevicePlacement, form: MoveForm) -> HttpResponse:
    given = form.cleaned_data
    target, since = given["plant"], given["since"]
    if target is None:
        placements.take_away(held, at=since, by=by(request))
        messages.success(request, _("%s è libero: lo rimetti quando vuoi con lo stesso nome.") % held.device)
        return redirect("core:plant-mqtt", pk=held.plant_id)
    arrived = placements.move_meter(held, target, since=since, role=given["role"], by=by(request))
    messages.success(
        request,
        _("%(name)s adesso sta a %(plant)s: i quarti d’ora dei due impianti si ricalcolano da soli.")
        % {"name": held.device, "plant": target.name},
    )
    return redirect("core:meter-card", pk=target.pk, placement=arrived.pk)


def _standing(placement: DevicePlacement, said: queries.DeviceNow | None) -> dict[str, Any]:
    last_seen: datetime | None = said.last_seen if said else None
    return {"placement": placement, "roles": list(placement.roles.all()), "said": said, "last_seen": last_seen}


def _checks(placement: DevicePlacement) -> Any:
    """The last answers of the checks of direction since the meter stands here."""
    log = MQTTAuditLog.objects.filter(
        device=placement.device, action=MQTTAuditLog.Action.CHECKED, at__gte=placement.active_from
    )
    return log.order_by("-at")[:3]
