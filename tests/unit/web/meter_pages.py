"""The invented contexts of the technician's pages: rows that were never saved, with what hostile devices would say."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.paginator import Paginator

from cercollettiva.core.models import Plant
from cercollettiva.devices.samples import Anomaly
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DevicePlacement,
    DeviceType,
    LastMessage,
    RejectedMessage,
    Role,
    UnknownDevice,
)
from cercollettiva.energy.operations import Adoption
from cercollettiva.energy.queries import PhaseNow, Standing
from cercollettiva.web.reasons import advice_on_anomaly, advice_on_refusal
from tests.integration.web.hostile import HOSTILE

NOW = dt.datetime(2026, 11, 23, 13, 32, tzinfo=dt.UTC)
NAME = "shellypro3em-a1b2c3"
PREFIX = f"cercollettiva/IT001E48210377/{NAME}"
STATUS = (
    b'{"id":0,"a_current":4.029,"a_voltage":236.1,"a_act_power":951.2,"a_aprt_power":951.9,"a_pf":1.00,"a_freq":50.0}'
)
KIND = DeviceType(code="SHELLY_PRO_3EM", vendor="Shelly", model="Pro 3EM")
PLANT = Plant(pk=1, name="La Scuola Rodari", pod_code="IT001E48210377", plant_type="PROSUMER")
DEVICE = DeviceConfiguration(
    pk=1, device_id=NAME, device_type=KIND, vendor="Shelly", model="Pro 3EM", topic_prefix=PREFIX, firmware="1.4.4"
)
SEEN = {"first_seen": NOW - dt.timedelta(days=3), "last_seen": NOW - dt.timedelta(seconds=8)}


def meter_row(name: str, mark: str, label: str, seconds: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "url": "/energy/devices/1/",
        "plant": "La Scuola Rodari dei Comuni dell’Appennino",
        "pod": "IT001E48210377",
        "mark": mark,
        "label": label,
        "last_seen": None if seconds is None else NOW - dt.timedelta(seconds=seconds),
    }


def page_of(rows: list[Any], *, on_a_page: int = 20) -> Any:
    return Paginator(rows, on_a_page).get_page(2)


METERS = [
    meter_row("shellypro3em-a1b2c3", "act", "Tace", 9000),
    meter_row("shellypmmini-d4e5f6", "look", "Non ha ancora parlato", None),
    meter_row("shellyproem50-a-name-that-goes-on-and-on-0123456789", "look", "In ritardo", 45),
    meter_row("tasmota-77", "fine", "In linea", 8),
]
LIST: dict[str, Any] = {
    "now": NOW,
    "total": 116,
    "silent": 1,
    "filters": [
        {"label": None, "count": 116, "url": "?", "current": True},
        {"label": "Tace", "count": 1, "url": "?stato=muti", "current": False},
        {"label": "In linea", "count": 115, "url": "?stato=in-linea", "current": False},
    ],
    "words": "",
    "chosen_word": "",
    "page": page_of(METERS * 30, on_a_page=50),
    "address": "?stato=muti",
    "meters": METERS,
    "strangers": 3,
}


def refusal(reason: str, text: str, *, topic: str = f"{PREFIX}/status/em:0") -> dict[str, Any]:
    line = RejectedMessage(topic=topic, reason=reason, first_bytes=text.encode()[:256], count=1842, **SEEN)
    return {"line": line, "advice": advice_on_refusal(reason)}


def phase(key: str, volts: float) -> PhaseNow:
    return PhaseNow(key, "em:0", "EXCHANGE", 951.2, volts, 4.03, 0.99, NOW - dt.timedelta(seconds=8))


REFUSALS = [
    refusal(
        "src is 'shellypro3em-ffffff', and 'shellypro3em-a1b2c3' is expected here", '{"src":"shellypro3em-ffffff"}'
    ),
    *[refusal(f"not JSON: {text[:60]!r}", text, topic=f"{PREFIX}/{text[:400]}") for text in HOSTILE.values()],
]
METER: dict[str, Any] = {
    "now": NOW,
    "device": DEVICE,
    "placement": DevicePlacement(pk=1, device=DEVICE, plant=PLANT, active_from=NOW - dt.timedelta(days=100)),
    "roles": [ChannelRole(component="em:0", role=Role.EXCHANGE, sign=-1, phases="ab")],
    "standing": Standing.ODD,
    "state": {"mark": "look", "label": "Da guardare"},
    "last_seen": NOW - dt.timedelta(seconds=8),
    "phases": [{"label": f"L{n}", "values": phase(key, 231.0 + n)} for n, key in enumerate("abc", start=1)],
    "registers": [
        {"component": "emdata:0", "line": "", "at": NOW, "drawn": 215_966_760, "returned": 36_010, "total": None},
        {"component": "emdata:0", "line": "L1", "at": NOW, "drawn": 105_681_310, "returned": None},
        {"component": "switch:0", "line": "", "at": None, "drawn": None, "returned": None, "total": 687_882_498},
    ],
    "anomalies": [
        {"advice": advice_on_anomaly(anomaly), "at": NOW, "is_normal": anomaly is Anomaly.DIRECTION_UNKNOWN}
        for anomaly in (Anomaly.PHASE_C_NO_VOLTAGE, Anomaly.CLOCK_AHEAD, Anomaly.DIRECTION_UNKNOWN)
    ],
    "message": LastMessage(
        device=DEVICE, topic=f"{PREFIX}/status/em:0", first_bytes=STATUS, size=2048, received_at=NOW
    ),
    "refusals": REFUSALS,
    "page": page_of(REFUSALS * 4),
}
METER_SILENT = METER | {
    "standing": Standing.NEVER,
    "state": {"mark": "look", "label": "Non ha ancora parlato"},
    "last_seen": None,
    "placement": None,
    "roles": [],
    "phases": [],
    "registers": [],
    "anomalies": [],
    "message": None,
    "refusals": [],
    "page": page_of([]),
}


def stranger(text: str, data: bytes, number: int = 1) -> UnknownDevice:
    return UnknownDevice(
        pk=number, prefix=text[:512], last_topic=f"{text}/online"[:512], first_bytes=data, count=7, **SEEN
    )


STRANGER = stranger(PREFIX, STATUS[:256])
STRANGERS = [STRANGER, *[stranger(text, text.encode()[:256], n) for n, text in enumerate(HOSTILE.values(), start=2)]]


class Choices(forms.Form):
    """The fields of the real form, without a database behind its choices."""

    device_id = forms.CharField(label="Nome del misuratore", help_text="Come si chiama nelle sue impostazioni.")
    plant = forms.ChoiceField(label="Impianto", choices=[("1", "La Scuola Rodari · IT001E48210377")])
    since = forms.DateTimeField(label="Misura qui dal", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, label_suffix="", **named)


def refused_choices() -> Choices:
    form = Choices({"device_id": "", "plant": "1", "since": "2026-11-23T14:30"})
    form.add_error(None, "Un altro misuratore attivo usa già questo prefisso.")
    return form


ADOPT: dict[str, Any] = {"now": NOW, "stranger": STRANGER, "prefix": PREFIX, "form": Choices(), "adoption": None}
PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "meters": ("web/meters.html", LIST),
    "meters-none-found": ("web/meters.html", LIST | {"meters": [], "page": page_of([]), "words": "<b>niente</b>"}),
    "meters-fine": ("web/meters.html", LIST | {"silent": 0, "strangers": 0, "page": page_of(METERS)}),
    "meters-empty": ("web/meters.html", LIST | {"total": 0, "strangers": 0}),
    "meter": ("web/meter.html", METER),
    "meter-silent": ("web/meter.html", METER_SILENT),
    "strangers": ("web/strangers.html", {"now": NOW, "page": page_of(STRANGERS), "strangers": STRANGERS}),
    "strangers-empty": ("web/strangers.html", {"now": NOW, "page": page_of([]), "strangers": []}),
    "stranger": ("web/stranger.html", ADOPT),
    "stranger-refused": ("web/stranger.html", ADOPT | {"form": refused_choices()}),
    "stranger-not-here": ("web/stranger.html", ADOPT | {"prefix": ""}),
    "stranger-confirm": (
        "web/stranger.html",
        ADOPT
        | {
            "form": Choices({"device_id": NAME, "plant": "1", "since": "2026-11-23T14:30"}),
            "adoption": Adoption(NAME, KIND, PLANT, "em:0", Role.EXCHANGE, NOW),
        },
    ),
}
