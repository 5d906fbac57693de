"""What a person must look at, from the network thread to the table of alerts: once, however many messages say it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.ingest.skew import OurClock
from cercollettiva.monitoring.operations import PLATFORM, open_alert, resolve_alert

TELL_AGAIN_AFTER: Final = timedelta(hours=1)  # what was resolved and still is so, comes back
MOST_NOTED: Final = 10_000
OUR_CLOCK: Final = "server-clock"


class Kind(Enum):
    """The kinds of alert that the ingestor opens, and what it says. `{detail}` is the meter's own word."""

    PROFILE_CHANGED = (
        "profile-changed",
        gettext_noop(
            "Il misuratore {device} ora parla con il componente {detail}, che non ha un ruolo, e i canali conosciuti "
            "tacciono: forse ne è cambiato il profilo o il firmware. L'energia del nuovo canale non è contata finché "
            "qualcuno non decide: rimetti il profilo di prima, o assegna un ruolo ai nuovi canali."
        ),
    )
    REPLACED = (
        "replaced",
        gettext_noop(
            "Sotto il prefisso del misuratore {device} parla un altro, che si presenta come {detail}. I suoi messaggi "
            "sono in quarantena finché qualcuno non decide: se il misuratore è stato sostituito, registra quello nuovo "
            "con il suo nome; altrimenti correggi il prefisso MQTT impostato sull'altro."
        ),
    )
    TOO_OFTEN = (
        "too-often",
        gettext_noop(
            "Il misuratore {device} trasmette molto più spesso degli altri, sul topic {detail}: dei valori istantanei "
            "si conserva solo il più recente, circa quattro volte al secondo. I registri di energia sono tutti "
            "conservati. Controlla le sue impostazioni MQTT; quanti valori sono stati tralasciati è in quarantena."
        ),
    )

    def __init__(self, slug: str, message: str) -> None:
        self.slug = slug
        self.message = message


class Notice(NamedTuple):
    """Something about a device that a person must look at."""

    device_id: int
    kind: Kind
    detail: str


class Notices:
    """Gathers notices; one that was told lately is not told again."""

    def __init__(self) -> None:
        self._told: dict[tuple[int, Kind], datetime] = {}
        self._waiting: list[Notice] = []

    def note(self, notice: Notice, *, now: datetime) -> None:
        key = (notice.device_id, notice.kind)
        told = self._told.get(key)
        if told is None or now - told >= TELL_AGAIN_AFTER:
            if len(self._told) >= MOST_NOTED:
                self._told.clear()
            self._told[key] = now
            self._waiting.append(notice)

    def take(self) -> list[Notice]:
        waiting, self._waiting = self._waiting, []
        return waiting


def open_alerts(notices: Iterable[Notice], *, now: datetime) -> None:
    """One unresolved alert for each device and kind. A database that is away travels up; twice does no harm."""
    for notice in notices:
        device = DeviceConfiguration.objects.filter(pk=notice.device_id).first()
        if device is None:
            continue
        with translation.override("it"):
            message = _(notice.kind.message).format(device=device, detail=notice.detail)
        open_alert(device, notice.kind.slug, message, at=now)


def tell_of_our_clock(clock: OurClock, *, now: datetime) -> None:
    """Open the alert about our own clock, or close it: the devices agree with it again."""
    if not clock.is_wrong:
        resolve_alert(PLATFORM, OUR_CLOCK, at=now)
        return
    details = {"devices": clock.devices, "heard": clock.heard, "seconds": f"{clock.seconds:+d}"}
    open_alert(PLATFORM, OUR_CLOCK, at=now, details=details)
