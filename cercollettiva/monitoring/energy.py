"""What energy makes a person look at: registers that were reset or jumped, channels that look reversed."""

from __future__ import annotations

from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from cercollettiva.domain.calendar import ITALY
from cercollettiva.energy.models import DeviceConfiguration, RegisterEvent
from cercollettiva.energy.queries.directions import reversed_channels
from cercollettiva.monitoring.operations import open_alert


def tell_of_registers(found_at: datetime) -> int:
    """Open alerts for the resets and jumps that a run found for the first time; how many. A glitch needs nobody."""
    events = RegisterEvent.objects.filter(found_at=found_at).exclude(kind=RegisterEvent.Kind.GLITCH)
    opened = 0
    for event in events.select_related("device").order_by("at"):
        kind = "register-reset" if event.kind == RegisterEvent.Kind.RESET else "register-jump"
        with translation.override("it"):
            message = _reset(event) if event.kind == RegisterEvent.Kind.RESET else _jump(event)
        alert = open_alert(event.device, kind, message, at=found_at)
        opened += alert is not None
    return opened


def _reset(event: RegisterEvent) -> str:
    return _(
        "Il contatore %(component)s del misuratore %(device)s è ripartito da zero il %(at)s. Quel quarto d’ora è "
        "stimato: conta solo l’energia dopo l’azzeramento. Se il misuratore è stato sostituito, registra quello nuovo."
    ) % _about(event)


def _jump(event: RegisterEvent) -> str:
    return _(
        "Il contatore %(component)s del misuratore %(device)s ha fatto un salto che l’impianto non può aver prodotto "
        "né prelevato, il %(at)s: da %(before)s a %(after)s kWh. Quell’energia non è contata. Controlla il "
        "misuratore e la potenza nominale dell’impianto."
    ) % _about(event)


def _about(event: RegisterEvent) -> dict[str, object]:
    return {
        "component": event.component,
        "device": event.device,
        "at": f"{event.at.astimezone(ITALY):%d/%m/%Y %H:%M}",
        "before": _kilowatt_hours(event.before),
        "after": _kilowatt_hours(event.after),
    }


def _kilowatt_hours(mwh: int) -> str:
    return f"{mwh / 1e6:,.3f}".translate(str.maketrans(",.", ".,"))


def tell_of_reversed_channels(now: datetime) -> int:
    """Open alerts for the channels that measure backwards what their role says; how many."""
    opened = 0
    for channel in reversed_channels(now):
        device = DeviceConfiguration.objects.get(pk=channel.device_id)
        with translation.override("it"):
            message = _(
                "Il canale %(component)s del misuratore %(device)s, registrato come %(role)s, nelle ultime 24 ore ha "
                "misurato quasi solo nel verso opposto: forse la pinza è girata. Controllala, oppure inverti il verso "
                "del canale: i quarti d’ora già misurati saranno ricalcolati."
            ) % {"component": channel.component, "device": device, "role": channel.role_label}
        alert = open_alert(device, "channel-reversed", message, at=now)
        opened += alert is not None
    return opened
