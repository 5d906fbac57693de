"""The devices that speak and that nobody knows, and how one of them becomes a meter of ours."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cercollettiva.core.models import Plant
from cercollettiva.energy import guesses
from cercollettiva.energy.models import DeviceConfiguration, DeviceType, UnknownDevice
from cercollettiva.energy.operations import NoLongerUnknown, NotProvisioned, adopt
from cercollettiva.users.acting import address_of
from cercollettiva.web.adoption_form import AdoptionForm
from cercollettiva.web.formats import ROME
from cercollettiva.web.views.access import managers_only

ON_A_PAGE: Final = 30


@managers_only
@require_safe
def strangers(request: HttpRequest) -> HttpResponse:
    """GET energy/unknown/: the devices one may adopt, the latest to speak first."""
    rows = UnknownDevice.objects.visible_to(request.user).still_unknown().order_by("-last_seen", "-pk")
    page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("pagina"))
    return render(request, "web/strangers.html", {"now": timezone.now(), "page": page, "strangers": list(page)})


@managers_only
@require_http_methods(["GET", "HEAD", "POST"])
def stranger(request: HttpRequest, pk: int) -> HttpResponse:
    """GET and POST energy/unknown/<pk>/: what is suggested, what will be done, and then it is done.

    A first POST shows what will be done; one with `confirmed` does it. Sent twice, the second finds the meter there.
    """
    unknown = UnknownDevice.objects.visible_to(request.user).still_unknown().filter(pk=pk).first()
    if unknown is None:
        return _already_adopted(request)
    plants = Plant.objects.managed_by(request.user).active_at(timezone.now()).order_by("name", "pod_code")
    prefix = _prefix_for(request, unknown, plants)
    kinds = DeviceType.objects.visible_to(request.user)
    with timezone.override(ROME):  # the form's moments are those of the clock on the wall
        form = AdoptionForm(request.POST or None, stranger=unknown, plants=plants, kinds=kinds)
        confirming = prefix != "" and request.method == "POST" and form.is_valid()
        if confirming and "change" in request.POST:
            confirming = False
        elif confirming and "confirmed" in request.POST:
            try:
                return _adopted(request, unknown, prefix, form)
            except NotProvisioned as error:
                form.add_error(error.field or None, str(error))
                confirming = False
            except NoLongerUnknown:
                return _already_adopted(request)
        context = {
            "now": timezone.now(),
            "stranger": unknown,
            "prefix": prefix,
            "form": form,
            "adoption": form.adoption() if confirming else None,
        }
        return render(request, "web/stranger.html", context)


def _adopted(request: HttpRequest, unknown: UnknownDevice, prefix: str, form: AdoptionForm) -> HttpResponse:
    by, address = request.user, address_of(request)
    device = adopt(unknown.pk, prefix, form.adoption(), actor=by, address=address)  # type: ignore[arg-type]
    told = _("%(name)s è dei nostri: il primo dato arriva entro pochi secondi dal suo prossimo messaggio.")
    messages.success(request, told % {"name": device.device_id})
    return redirect("meters:meter", pk=device.pk)


def _already_adopted(request: HttpRequest) -> HttpResponse:
    """A second click on what the first has done leads to the same meter; anything else is not there."""
    name = request.POST.get("device_id", "").replace("\0", "")
    devices: QuerySet[Any] = DeviceConfiguration.objects.managed_by(request.user).filter(is_active=True)
    device = devices.filter(device_id=name).first() if name and "confirmed" in request.POST else None
    if device is None:
        raise Http404
    return redirect("meters:meter", pk=device.pk)


def _prefix_for(request: HttpRequest, unknown: UnknownDevice, plants: QuerySet[Plant]) -> str:
    """The prefix to adopt, or nothing: one without a POD of theirs would let people of a community take a whole branch
    of topics, their neighbours' strangers included.
    """
    prefix = guesses.prefix_to_adopt(unknown)
    said = prefix.upper()
    if request.user.is_staff or request.user.is_superuser or any(plant.pod_key in said for plant in plants):
        return prefix
    return ""
