"""The plants one may see, and how one is added, changed and closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cercollettiva.core.models import CERConfiguration, Plant, PlantType
from cercollettiva.energy import closing, placements, queries
from cercollettiva.users.models import CustomUser
from cercollettiva.web import outlines
from cercollettiva.web.fields import DayField, midnight_of
from cercollettiva.web.plant_form import PlantForm

PAGE: Final = ("GET", "HEAD", "POST")
ON_A_PAGE: Final = 30
MOST_PINS: Final = 500
SEARCHED: Final = 100  # characters
STATES: Final = {
    "aperti": Q(active_to__isnull=True, is_active=True),
    "chiusi": Q(active_to__isnull=False) | Q(is_active=False),
}
# What is asked in which part of the form's page.
GROUPS: Final = (
    ("what", gettext_lazy("L’impianto"), ("name", "pod_code", "plant_type", "nominal_power", "power_is_right")),
    ("whose", gettext_lazy("Di chi è e da quando"), ("cer_configuration", "owner_email", "active_from")),
    ("where", gettext_lazy("Dove sta"), ("address", "city", "zip_code", "province", "region", "latitude", "longitude")),
    (
        "more",
        gettext_lazy("Altri dati"),
        (
            *("source", "connection_voltage", "installation_date", "entry_into_operation", "commercial_operation"),
            *("expected_yearly_production_kwh", "has_storage", "storage_capacity_kwh"),
            *("storage_power_kw", "storage_efficiency"),
            "grant_share",
        ),
    ),
)


class ClosingForm(forms.Form):
    """From which day the plant is no longer there."""

    closed_from = DayField(
        label=gettext_lazy("Chiuso dal"),
        help_text=gettext_lazy("Fino alla mezzanotte che apre questo giorno le sue misure contano; dopo non più."),
    )


@login_required
@require_safe
def plants(request: HttpRequest) -> HttpResponse:
    """GET plants/: the plants one may see, with their power now, on the map too."""
    now = timezone.now()
    everything = Plant.objects.visible_to(request.user)
    words = request.GET.get("q", "").replace("\0", "").strip()[:SEARCHED]
    state = request.GET.get("stato", "aperti")
    state = state if state in STATES else "aperti"
    found = _searched(everything, words)
    counts = {name: found.filter(condition).count() for name, condition in STATES.items()}
    chosen = found.filter(STATES[state]).select_related("cer_configuration").order_by("name", "pk")
    page = Paginator(chosen, ON_A_PAGE).get_page(request.GET.get("pagina"))
    powers = queries.power_of_plants([plant.pk for plant in page], now)
    context = {
        "now": now,
        "total": everything.count(),
        "open": counts["aperti"],
        "measured": sum(power.measured for power in powers.values()),
        "words": words,
        "state": state,
        "filters": [
            {"label": label, "count": counts[name], "url": _address(words, name), "current": name == state}
            for name, label in (("aperti", _("Aperti")), ("chiusi", _("Chiusi")))
        ],
        "address": _address(words, state),
        "page": page,
        "plants": [_row(plant, powers.get(plant.pk)) for plant in page],
        "pins": outlines.pins(chosen.exclude(latitude=None)[:MOST_PINS]),
        "may_create": CERConfiguration.objects.visible_to(request.user).exists(),
    }
    return render(request, "web/plants.html", context)


@login_required
@require_http_methods(PAGE)
def create(request: HttpRequest) -> HttpResponse:
    """GET and POST plants/create/: a new plant; whoever belongs to no community is told what comes first."""
    if not CERConfiguration.objects.visible_to(request.user).exists():
        return render(request, "web/plant_form.html", {"may_create": False})
    form = PlantForm(request.POST or None, user=_person(request))
    if request.method == "POST" and form.is_valid() and (plant := saved(form)):
        tell_of_the_distributor(request, plant)
        messages.success(request, _("%(name)s c’è. Adesso collega il suo misuratore.") % {"name": plant.name})
        return redirect("core:plant-mqtt", pk=plant.pk)
    return _form_page(request, form)


@login_required
@require_http_methods(PAGE)
def update(request: HttpRequest, pk: int) -> HttpResponse:
    """GET and POST plants/<pk>/update/: its data, as they were written."""
    plant = get_object_or_404(Plant.objects.writable_by(request.user).select_related("owner"), pk=pk)
    before = (plant.plant_type, plant.nominal_power, plant.pod_key)
    form = PlantForm(request.POST or None, user=_person(request), instance=plant)
    if request.method == "POST" and form.is_valid() and (changed := saved(form)):
        if (changed.plant_type, changed.nominal_power) != before[:2]:
            placements.count_again(changed)
        if changed.pod_key != before[2]:
            tell_of_the_distributor(request, changed)
        messages.success(request, _("Salvato."))
        return redirect("core:plant", pk=changed.pk)
    plant.refresh_from_db(fields=["name", "pod_code", "plant_type"])  # a refused form must not rename the page
    return _form_page(request, form, plant)


@login_required
@require_http_methods(PAGE)
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET and POST plants/<pk>/delete/: closed with its day where there is a history, else really deleted."""
    plant = get_object_or_404(Plant.objects.writable_by(request.user), pk=pk)
    has_history = closing.has_history(plant)
    today = timezone.localdate(timezone=outlines.ROME)
    form = ClosingForm(request.POST or None, initial={"closed_from": today}, label_suffix="")
    confirmed = request.method == "POST" and "confirmed" in request.POST
    if confirmed and not has_history and closing.delete_untouched(plant):
        messages.success(request, _("%(name)s è cancellato: non aveva ancora nulla.") % {"name": plant.name})
        return redirect("core:plants")
    if confirmed and form.is_valid():
        try:
            left = closing.close(plant, at=midnight_of(form.cleaned_data["closed_from"]))
        except closing.NotClosed as error:
            form.add_error("closed_from", str(error))
        else:
            told = (
                _("%(name)s è chiuso. Le sue misure restano.")
                if not left
                else _("%(name)s è chiuso e il suo misuratore è libero. Le misure restano.")
            )
            messages.success(request, told % {"name": plant.name})
            return redirect("core:plant", pk=plant.pk)
    context = {"plant": plant, "has_history": has_history, "form": form, "refused": confirmed}
    return render(request, "web/plant_delete.html", context)


def _form_page(request: HttpRequest, form: PlantForm, plant: Plant | None = None) -> HttpResponse:
    groups = [
        {"key": key, "title": title, "fields": [form[name] for name in names if _is_shown(form, name)]}
        for key, title, names in GROUPS
    ]
    context = {
        "may_create": True,
        "plant": plant,
        "form": form,
        "groups": groups,
        "more_is_open": any(bound.errors for bound in groups[-1]["fields"]) or plant is not None,
        "map": outlines.map_of(form["region"].value() or "", _degrees(form, "latitude"), _degrees(form, "longitude")),
        "boxes": outlines.BOXES,
    }
    return render(request, "web/plant_form.html", context)


def _is_shown(form: PlantForm, name: str) -> bool:
    return name in form.fields and (name != "power_is_right" or form.power_was_doubted)


def _degrees(form: PlantForm, name: str) -> float | None:
    """What is in the form, where it can be drawn."""
    try:
        value = form.fields[name].clean(form[name].value())
    except forms.ValidationError:
        return None
    return None if value is None else float(value)


def saved(form: PlantForm) -> Plant | None:
    """The plant, or nothing and the reason on the form: the database keeps a POD to one plant at a time."""
    try:
        with transaction.atomic():
            return form.save()
    except IntegrityError as error:
        if "plant_pod_periods_do_not_overlap" not in str(error):
            raise
        form.add_error(
            "pod_code",
            _(
                "Questo POD è già di un impianto in quel periodo: controllalo; se è tuo, "
                "scrivi a chi amministra la comunità."
            ),
        )
        return None


def tell_of_the_distributor(request: HttpRequest, plant: Plant) -> None:
    """A POD of another distributor than the community's substation is accepted, and explained."""
    community = plant.cer_configuration
    substation = community.primary_substation if community else None
    if substation and plant.pod_key[2:5] != substation[2:5]:
        told = _(
            "Il POD è del distributore %(pod)s, la cabina %(substation)s del %(other)s. Può essere giusto: controlla "
            "sulla mappa del GSE che l’indirizzo stia sotto questa cabina, se no l’energia non è condivisa."
        )
        names = {"pod": plant.pod_key[2:5], "substation": substation, "other": substation[2:5]}
        messages.warning(request, told % names)


def _searched(plants: QuerySet[Plant], words: str) -> QuerySet[Plant]:
    if not words:
        return plants
    return plants.filter(
        Q(name__icontains=words) | Q(pod_code__icontains="".join(words.split())) | Q(city__icontains=words)
    )


def _row(plant: Plant, power: queries.PlantPower | None) -> Mapping[str, Any]:
    shown = queries.power_shown(plant.plant_type, power) if power else None
    return {
        "name": plant.name,
        "url": reverse("core:plant", args=[plant.pk]),
        "pod": plant.pod_code,
        "kind": plant.plant_type,
        "type_label": str(plant.get_plant_type_display()).capitalize(),
        "city": plant.city,
        "community": plant.cer_configuration.name if plant.cer_configuration else "",
        "closed_on": plant.active_to,
        "power_w": shown,
        "power_at": power.at if power else None,
        "gives": shown is not None and (shown >= 0 if plant.plant_type == PlantType.PRODUCER else shown < 0),
    }


def _address(words: str, state: str) -> str:
    return "?" + urlencode({name: value for name, value in {"q": words, "stato": state}.items() if value})


def _person(request: HttpRequest) -> CustomUser:
    user = request.user
    assert isinstance(user, CustomUser)  # noqa: S101  # login_required
    return user
