"""Which devices are told of what: the messages that leave as mails appear on them too, when they are due.

Of a message all devices of its person are told once, or not at all: a service that is away is not asked again, because
the mail is there. What one chose, quiet hours and the digest are the message's own.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cercollettiva.monitoring.models import AlertEvent, AlertMessage, AlertPreferences, Change, PushSubscription
from cercollettiva.monitoring.push import Gone, NotDelivered, check, deliver

logger = logging.getLogger(__name__)

FRESH: Final = timedelta(hours=1)  # older news are for the mail alone
A_RUN_SECONDS: Final = 30.0  # what is left comes a minute later: a service that hangs keeps nobody's mails
MOST_DEVICES: Final = 10
ONE_BY_ONE: Final = 3  # more are one notification


def subscribe(user: Any, *, endpoint: str, p256dh: str, auth: str, browser: str, at: datetime) -> bool:
    """Tell this browser from now on; whether it is new. NotAPushAddress where it is none.

    Whoever used this browser before is not told there any more; of more than ten devices the oldest goes.
    """
    check(endpoint, p256dh, auth)
    with transaction.atomic():
        known = PushSubscription.objects.of_endpoint(endpoint)
        is_new = not known.filter(user=user).exists()
        known.delete()
        kept = {"endpoint": endpoint, "p256dh": p256dh, "auth": auth, "browser": browser[:60]}
        PushSubscription.objects.create(user=user, created_at=at, **kept)
        old = PushSubscription.objects.filter(user=user).values_list("pk", flat=True)[MOST_DEVICES:]
        PushSubscription.objects.filter(pk__in=list(old)).delete()
    return is_new


def push(now: datetime) -> int:
    """Show what is due on the devices of whoever has any; how many took something."""
    if not settings.VAPID_PRIVATE_KEY:
        return 0
    began, shown = time.monotonic(), 0
    for key in sorted(set(_due(now).order_by().values_list("user", flat=True))):
        if time.monotonic() - began > A_RUN_SECONDS:
            break
        shown += _show(key, now)
    return shown


def _due(now: datetime) -> Any:
    devices = PushSubscription.objects.filter(user=OuterRef("user"), created_at__lte=OuterRef("due_at"))
    due = AlertMessage.objects.filter(pushed_at__isnull=True, due_at__lte=now, due_at__gt=now - FRESH)
    return due.filter(Exists(devices), user__is_active=True)


def _show(key: int, now: datetime) -> int:
    events = _taken(key, now)
    if not events:
        return 0
    chosen = AlertPreferences.objects.filter(user=key).first()
    with translation.override(chosen.language if chosen else "it"):
        notes = _notes(events)
    shown = 0
    for device in PushSubscription.objects.filter(user=key):
        shown += _reaches(device, notes)
    return shown


def _taken(key: int, now: datetime) -> list[AlertEvent]:
    """The events that a person's devices are told of now; none where another process has them."""
    with transaction.atomic():
        waiting = _due(now).filter(user=key).order_by("pk")
        if connection.features.has_select_for_update_skip_locked:
            waiting = waiting.select_for_update(of=("self",), skip_locked=True)
        keys = list(waiting.values_list("pk", flat=True))
        if AlertMessage.objects.filter(pk__in=keys, pushed_at__isnull=True).update(pushed_at=now) != len(keys):
            return []
    return list(AlertEvent.objects.filter(messages__in=keys).select_related("alert").order_by("pk"))


def _reaches(device: PushSubscription, notes: Sequence[dict[str, str]]) -> bool:
    try:
        for note in notes:
            deliver(device, note)
    except Gone:
        PushSubscription.objects.filter(pk=device.pk).delete()
        logger.info("A device wants no notifications any more")
    except NotDelivered as error:
        logger.warning("A notification was not delivered: %s", error)
    else:
        return True
    return False


def _notes(events: Sequence[AlertEvent]) -> list[dict[str, str]]:
    """What appears: the kind of alert, and neither whose nor where. It is read over shoulders and on locked screens."""
    if len(events) <= ONE_BY_ONE:
        return [_note(event) for event in events]
    count = len(events)
    body = ngettext("%(count)d avviso da CerCollettiva", "%(count)d avvisi da CerCollettiva", count) % {"count": count}
    return [{"title": "CerCollettiva", "body": body, "url": reverse("alerts:alerts"), "tag": "alerts"}]


def _note(event: AlertEvent) -> dict[str, str]:
    label = event.alert.label
    if event.change == Change.RESOLVED:
        label = _("Tutto a posto: %(label)s") % {"label": label}
    address = reverse("alerts:alert", args=[event.alert_id])
    return {"title": "CerCollettiva", "body": label, "url": address, "tag": f"alert-{event.alert_id}"}
