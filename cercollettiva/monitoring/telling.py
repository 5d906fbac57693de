"""Telling people: one line of an alert's history becomes a message for each whom it concerns, once, when they want it.

Two steps, each taken by one process only. `spread` takes an event (its `told_at` is set where it was not) and writes
the messages in the same transaction; `send` takes the messages of one person that are due, writes one mail with all of
them, and marks them, in one transaction. The mail leaves by `users/outbox.py`, which tries again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import translation

from cercollettiva.core.models import CERMembership, MemberRole, Plant
from cercollettiva.domain.calendar import ITALY
from cercollettiva.energy.models import DevicePlacement
from cercollettiva.monitoring import life
from cercollettiva.monitoring.at_risk import costs_of, in_words
from cercollettiva.monitoring.models import (
    Alert,
    AlertEvent,
    AlertMessage,
    AlertPreferences,
    AlertState,
    Change,
    Choice,
    Severity,
)
from cercollettiva.users import outbox
from cercollettiva.users.models import CustomUser

TOLD: Final = (Change.OPENED, Change.WOKEN, Change.ESCALATED, Change.RESOLVED)
AT_ONCE: Final = 1000  # events of one run: what is left comes a minute later


def tell(now: datetime) -> int:
    """Wake what was put off, escalate what nobody took, and write to whom it is due; how many mails."""
    for alert in Alert.objects.filter(state=AlertState.SNOOZED, snoozed_until__lte=now):
        life.wake(alert, at=now)
    for alert in _nobody_took(now):
        life.escalate(alert, at=now)
    events = AlertEvent.objects.filter(told_at__isnull=True, change__in=TOLD).order_by("pk")
    for event in events.select_related("alert")[:AT_ONCE]:
        spread(event, now)
    due = AlertMessage.objects.filter(sent_at__isnull=True, due_at__lte=now).order_by().values_list("user", flat=True)
    return sum(send(key, now) for key in sorted(set(due)))


def spread(event: AlertEvent, now: datetime) -> int:
    """Write the messages of an event, if nobody did; how many."""
    with transaction.atomic():
        if not AlertEvent.objects.filter(pk=event.pk, told_at__isnull=True).update(told_at=now):
            return 0
        messages = _of_recovery(event, now) if event.change == Change.RESOLVED else _of_trouble(event, now)
        AlertMessage.objects.bulk_create(messages, ignore_conflicts=True)
    return len(messages)


def send(key: int, now: datetime) -> bool:
    """One mail to a person with all that is due; False where another process has it."""
    with transaction.atomic():
        waiting = AlertMessage.objects.filter(user=key, sent_at__isnull=True, due_at__lte=now).order_by("pk")
        if connection.features.has_select_for_update_skip_locked:
            waiting = waiting.select_for_update(of=("self",), skip_locked=True)
        keys = list(waiting.values_list("pk", flat=True))
        if not keys or AlertMessage.objects.filter(pk__in=keys, sent_at__isnull=True).update(sent_at=now) != len(keys):
            return False
        user = CustomUser.objects.get(pk=key)
        events = AlertEvent.objects.filter(messages__in=keys).select_related(
            "alert__plant", "alert__device", "alert__community"
        )
        if user.is_active:
            _post(user, list(events.order_by("pk")), now)
    return True


def _nobody_took(now: datetime) -> Iterable[Alert]:
    """The open alerts that are more than news, with nobody on them for a day."""
    lately = AlertEvent.objects.filter(alert=OuterRef("pk"), at__gt=now - life.ESCALATE_AFTER)
    old = Alert.objects.filter(state=AlertState.OPEN, opened_at__lte=now - life.ESCALATE_AFTER)
    return old.exclude(severity=Severity.INFO).exclude(Exists(lately))


def _of_trouble(event: AlertEvent, now: datetime) -> list[AlertMessage]:
    alert = event.alert
    if alert.state in (AlertState.RESOLVED, AlertState.ACKNOWLEDGED):
        return []  # it was over, or taken, before anybody was told
    people = _people(alert, now, escalated=event.change == Change.ESCALATED)
    return list(_messages(event, people, now))


def _of_recovery(event: AlertEvent, now: datetime) -> list[AlertMessage]:
    """For those who were told that something was wrong; what nobody was told yet is not told any more."""
    earlier = AlertMessage.objects.filter(event__alert=event.alert)
    earlier.filter(sent_at__isnull=True).delete()
    told = CustomUser.objects.filter(pk__in=earlier.values("user"))
    chosen = _preferences(told)
    return [one for one in _messages(event, told, now) if chosen[one.user_id].recovery and one.user_id != event.by_id]


def _messages(event: AlertEvent, people: Iterable[CustomUser], now: datetime) -> Iterable[AlertMessage]:
    kind = event.alert.about
    chosen = _preferences(people)
    for user in people:
        choice = chosen[user.pk].choice(kind) if kind else Choice.NOW
        if choice != Choice.NEVER:
            yield AlertMessage(event=event, user=user, due_at=_due(chosen[user.pk], choice, now))


def _preferences(people: Iterable[CustomUser]) -> dict[int, AlertPreferences]:
    found = {one.user_id: one for one in AlertPreferences.objects.filter(user__in=people)}
    return {user.pk: found.get(user.pk) or AlertPreferences(user=user) for user in people}


def _due(chosen: AlertPreferences, choice: Choice, now: datetime) -> datetime:
    """At once, after the quiet hours, or with the next digest; in Italian time."""
    local = now.astimezone(ITALY)
    if choice == Choice.DIGEST:
        return _next(local, chosen.digest_at)
    if chosen.quiet_from is None or chosen.quiet_to is None:
        return now
    begin, end, clock = chosen.quiet_from, chosen.quiet_to, local.time()
    is_quiet = begin <= clock < end if begin <= end else clock >= begin or clock < end
    return _next(local, end) if is_quiet else now


def _next(local: datetime, clock: time) -> datetime:
    """The next time the clock on the wall says so."""
    day = local.date() if local.time() < clock else local.date() + timedelta(days=1)
    return datetime.combine(day, clock, tzinfo=ITALY).astimezone(UTC)


def _people(alert: Alert, now: datetime, *, escalated: bool) -> list[CustomUser]:
    """Whoever looks after it: technicians, else administrators, else the owner, else the platform's staff.

    What is escalated goes to administrators. An owner who asked for this kind is told as well.
    """
    active = CustomUser.objects.filter(is_active=True)
    plant = _plant_of(alert, now)
    community = alert.community_id or (plant.cer_configuration_id if plant else None)
    roles: dict[str, set[int]] = {}
    for role, key in CERMembership.objects.active_at(now).filter(community=community).values_list("role", "user"):
        roles.setdefault(role, set()).add(key)
    owner = {plant.owner_id} if plant and plant.owner_id else set()
    levels = [roles.get(MemberRole.ADMIN, set()), owner]
    if not escalated and not alert.community_id:
        levels.insert(0, roles.get(MemberRole.TECHNICAL, set()))
    chosen = next((level for level in levels if level), None) if not alert.is_platform else None
    if chosen is None:
        return list(active.filter(is_superuser=True) if escalated else active.filter(is_staff=True))
    asked = {
        one.user_id for one in AlertPreferences.objects.filter(user__in=owner) if alert.about and one.chose(alert.about)
    }
    return list(active.filter(pk__in=chosen | asked).order_by("pk"))


def _plant_of(alert: Alert, now: datetime) -> Plant | None:
    if alert.device_id:
        placed = DevicePlacement.objects.active_at(now).filter(device=alert.device_id).select_related("plant").first()
        return placed.plant if placed else None
    return alert.plant


def _named(alert: Alert, now: datetime) -> str:
    """What it is about; a meter with the plant where one finds it."""
    plant = _plant_of(alert, now) if alert.device_id else None
    return f"{alert.subject}, {plant.name}" if plant else str(alert.subject or "")


def _post(user: CustomUser, events: list[AlertEvent], now: datetime) -> None:
    chosen = _preferences([user])[user.pk]
    site = settings.SITE_URL.rstrip("/")
    costs = costs_of([event.alert for event in events], now)
    with translation.override(chosen.language):
        lines: list[dict[str, Any]] = [
            {
                "over": event.change == Change.RESOLVED,
                "escalated": event.change == Change.ESCALATED,
                "alert": event.alert,
                "cost": in_words(costs[event.alert_id]) if event.alert_id in costs else "",
                "subject": _named(event.alert, now),
                "at": f"{event.at.astimezone(ITALY):%d/%m/%Y %H:%M}",
                "url": site + reverse("alerts:alert", args=[event.alert_id]),
            }
            for event in events
        ]
    context = {"user": user, "lines": lines, "url": site + reverse("alerts:preferences")}
    outbox.post(user.email, "monitoring/mail/alerts.txt", context, at=now, language=chosen.language)
