"""Opening alerts: one unresolved alert of each kind for each subject, whoever notices first."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

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
