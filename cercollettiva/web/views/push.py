"""The devices on which somebody wants alerts to appear: this one, another one, none any more."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from cercollettiva.monitoring.models import PushSubscription
from cercollettiva.monitoring.push import NotAPushAddress, application_key
from cercollettiva.monitoring.pushing import subscribe
from cercollettiva.web.browsers import browser_of
from cercollettiva.web.throttle import is_too_often
from cercollettiva.web.views.members import person


@never_cache
@login_required
@require_POST
def devices(request: HttpRequest) -> HttpResponse:
    """POST avvisi/dispositivi/: what a browser's `subscribe()` gave. 201 where it is new, 200 where it was there."""
    if not application_key():
        raise Http404
    if is_too_often(request, "push-device", key=str(request.user.pk)):
        return JsonResponse({"error": _("Troppi tentativi: aspetta un momento.")}, status=429)
    given = {name: request.POST.get(name, "") for name in ("endpoint", "p256dh", "auth")}
    browser = browser_of(request.headers.get("User-Agent", ""))
    try:
        is_new = subscribe(person(request), **given, browser=browser, at=timezone.now())
    except NotAPushAddress:
        return JsonResponse({"error": _("Questo browser ha dato un indirizzo che non possiamo usare.")}, status=400)
    messages.success(request, _("Gli avvisi compaiono anche su questo dispositivo."))
    return JsonResponse({"state": "new" if is_new else "known"}, status=201 if is_new else 200)


@never_cache
@login_required
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """POST avvisi/dispositivi/<pk>/togli/: nothing appears there any more."""
    found: Any = PushSubscription.objects.visible_to(request.user).filter(user=request.user.pk)
    get_object_or_404(found, pk=pk).delete()
    messages.success(request, _("Su quel dispositivo non compare più nulla."))
    return redirect("alerts:preferences")
