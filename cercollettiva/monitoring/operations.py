"""Opening alerts: one unresolved alert of each kind for each subject, whoever notices first."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from cercollettiva.core.models import CERConfiguration
from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.monitoring.models import Alert, Severity


def open_device_alert(
    device: DeviceConfiguration, kind: str, *, severity: Severity, message: str, at: datetime
) -> Alert | None:
    """Open an alert about a device, unless one of that kind is unresolved: then None."""
    if Alert.objects.unresolved().filter(device=device, kind=kind).exists():
        return None
    try:
        with transaction.atomic():
            return Alert.objects.create(device=device, kind=kind, severity=severity, message=message, opened_at=at)
    except IntegrityError:  # another process was quicker, or the device has just been removed
        return None


def open_broker_alert(kind: str, *, severity: Severity, message: str, at: datetime) -> int:
    """Open an alert about the broker, which is every community's: for each active one without it; how many."""
    told = Alert.objects.unresolved().filter(kind=kind, community__isnull=False).values("community")
    opened = 0
    for community in CERConfiguration.objects.filter(is_active=True).exclude(pk__in=told):
        try:
            with transaction.atomic():
                Alert.objects.create(community=community, kind=kind, severity=severity, message=message, opened_at=at)
            opened += 1
        except IntegrityError:  # another process was quicker
            continue
    return opened


def close_broker_alert(kind: str, *, at: datetime) -> int:
    """It is over; how many were closed."""
    found = list(Alert.objects.unresolved().filter(kind=kind, community__isnull=False))
    for alert in found:
        alert.resolve(at=at)
    return len(found)
