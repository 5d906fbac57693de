"""The password of a meter: made and shown once, changed, revoked; and whether a broker answers."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from cercollettiva.energy.broker import credentials
from cercollettiva.energy.models import DeviceConfiguration, DevicePlacement, MQTTAuditLog, MQTTBroker
from cercollettiva.monitoring.reach import Target, Unreachable, reach
from cercollettiva.web.throttle import is_too_often
from cercollettiva.web.views.access import managers_only
from cercollettiva.web.views.plant_meters import by, card_page, placement_of


@never_cache
@login_required
@require_POST
def password(request: HttpRequest, pk: int, placement: int) -> HttpResponse:
    """POST plants/<pk>/mqtt/<placement>/password/: a new password, on the card, this once."""
    held = _managed(request, pk, placement)
    try:
        stand = request.POST.get("stand", "")
        secret = credentials.issue(held.device, stand=stand, at=timezone.now(), by=by(request))
    except credentials.NotIssued as reason:
        messages.warning(request, str(reason))
        return redirect("core:meter-card", pk=pk, placement=placement)
    return card_page(request, held, secret=secret)


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int, placement: int) -> HttpResponse:
    """POST plants/<pk>/mqtt/<placement>/revoke/: the meter comes in no more."""
    held = _managed(request, pk, placement)
    if credentials.revoke(held.device, at=timezone.now(), by=by(request)):
        messages.success(request, _("Password revocata: il broker lo stacca entro pochi secondi."))
    return redirect("core:meter-card", pk=pk, placement=placement)


@managers_only
@require_POST
def test_broker(request: HttpRequest, pk: int) -> HttpResponse:
    """POST energy/settings/mqtt/<pk>/test/: whether the broker answers; each try is written down."""
    broker = get_object_or_404(MQTTBroker.objects.visible_to(request.user), pk=pk)
    who = by(request)
    if is_too_often(request, "broker-test", key=str(who.actor.pk)):
        messages.warning(request, _("Hai già provato cinque volte in un minuto: aspetta un momento."))
        return redirect("meters:broker")
    try:
        target = Target(broker.host, broker.port, broker.use_tls, broker.ca_certificate)
        reach(target, allowed=settings.BROKER_TEST_NETWORKS)
        outcome = "ok"
        messages.success(request, _("%s risponde.") % broker.name)
    except Unreachable:
        outcome = "-"
        messages.warning(
            request, _("%s non risponde. Controlla indirizzo, porta, certificato e che sia acceso.") % broker.name
        )
    MQTTAuditLog.objects.create(
        actor=who.actor,
        action=MQTTAuditLog.Action.TESTED,
        detail=f"{broker.name}, {broker.host}:{broker.port}: {outcome}",
        address=who.address,
    )
    return redirect("meters:broker")


def _managed(request: HttpRequest, pk: int, placement: int) -> DevicePlacement:
    """A meter that stands there now, for an administrator or a technician; its owner does not make passwords."""
    held = placement_of(request, pk, placement, standing=True)
    if not DeviceConfiguration.objects.managed_by(request.user).filter(pk=held.device_id).exists():
        raise Http404
    return held
