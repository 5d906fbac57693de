"""Whether the meters of a plant speak, in words that say what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

FRESH_FOR: Final = timedelta(minutes=5)  # a value older than this is not what the plant does now
SILENT_AFTER: Final = timedelta(hours=1)


class ConnectionStatus(StrEnum):
    NO_DEVICE = "no_device"
    NEVER_SPOKEN = "never_spoken"
    SILENT = "silent"
    LATE = "late"
    FINE = "fine"


@dataclass(frozen=True)
class ConnectionReport:
    """What is known of a plant's connection at a moment; `advice` is for people."""

    last_message_at: datetime | None
    age: timedelta | None
    online: bool
    advice: str
    status: ConnectionStatus


class Device(Protocol):
    """What this page needs of a device; the table stands in a room above."""

    device_id: str
    topic_prefix: str


def report_on(devices: Sequence[Device], *, now: datetime) -> ConnectionReport:
    """The state of the meter that worries most: one silent meter of two leaves the plant half measured."""
    if not devices:
        advice = _("A questo impianto non è associato alcun misuratore: aggiungilo dalla pagina del collegamento MQTT.")
        return ConnectionReport(None, None, online=False, advice=advice, status=ConnectionStatus.NO_DEVICE)
    return max((_report_on_one(device, now=now) for device in devices), key=_worry)


def _report_on_one(device: Device, *, now: datetime) -> ConnectionReport:
    state = getattr(device, "state", None)  # a device that never spoke has no row of state
    last_seen: datetime | None = state.last_seen if state else None
    if last_seen is None:
        return ConnectionReport(
            None, None, online=False, advice=_never_spoken(device), status=ConnectionStatus.NEVER_SPOKEN
        )
    age = max(now - last_seen, timedelta(0))
    hung_up = state is not None and state.online is False
    if age > SILENT_AFTER or hung_up:
        return ConnectionReport(
            last_seen, age, online=False, advice=_silent(device, age), status=ConnectionStatus.SILENT
        )
    if age > FRESH_FOR:
        return ConnectionReport(last_seen, age, online=False, advice=_late(device, age), status=ConnectionStatus.LATE)
    advice = _("Il misuratore %(device)s trasmette regolarmente: non c'è nulla da fare.") % {"device": device.device_id}
    return ConnectionReport(last_seen, age, online=True, advice=advice, status=ConnectionStatus.FINE)


def _worry(report: ConnectionReport) -> tuple[int, timedelta]:
    order = (ConnectionStatus.FINE, ConnectionStatus.LATE, ConnectionStatus.SILENT, ConnectionStatus.NEVER_SPOKEN)
    return order.index(report.status), report.age or timedelta(0)


def _never_spoken(device: Device) -> str:
    return _(
        "Il misuratore %(device)s non ha mai trasmesso: controlla che sia acceso e in rete, e che indirizzo del "
        "broker, utente, password e prefisso «%(prefix)s» siano scritti come in questa pagina."
    ) % {"device": device.device_id, "prefix": device.topic_prefix}


def _silent(device: Device, age: timedelta) -> str:
    return _(
        "Il misuratore %(device)s tace da %(age)s: controlla che sia alimentato e che il Wi-Fi arrivi fino al quadro; "
        "se hai cambiato router o password, collegalo di nuovo alla rete."
    ) % {"device": device.device_id, "age": _in_words(age)}


def _late(device: Device, age: timedelta) -> str:
    return _(
        "Il misuratore %(device)s non trasmette da %(age)s: di solito è un'interruzione breve della rete. "
        "Riprova tra qualche minuto; se continua, controlla la connessione a Internet."
    ) % {"device": device.device_id, "age": _in_words(age)}


def _in_words(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    if minutes < 60:
        return ngettext("%(n)d minuto", "%(n)d minuti", minutes) % {"n": minutes}
    if minutes < 48 * 60:
        hours = minutes // 60
        return ngettext("%(n)d ora", "%(n)d ore", hours) % {"n": hours}
    return ngettext("%(n)d giorno", "%(n)d giorni", age.days) % {"n": age.days}
