"""Pages rendered from invented contexts: each template in each of its states."""

from __future__ import annotations

import datetime as dt
import math
from types import SimpleNamespace
from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings
from django.utils import translation

from cercollettiva.domain.calendar import Span
from tests.unit.web import meter_pages
from tests.unit.web.histories import history

NOW = dt.datetime(2026, 11, 23, 13, 32, tzinfo=dt.UTC)
PERSON = SimpleNamespace(is_authenticated=True)
WHO = {"name": "Elena Brandi", "role_label": "amministratrice"}
BRAND = {"name": "Pieve Alta", "tagline": "Comunità energetica · cabina AC001E00417"}
NAVIGATION = [
    {"label": "", "entries": [{"label": "Cruscotto", "url": "/", "icon": "dashboard", "current": True}]},
    {"label": "Persone", "entries": [{"label": "Soci", "url": "/", "icon": "members"}, {"label": "Quote", "url": "/"}]},
    {"label": "Energia", "entries": [{"label": "Impianti", "url": "/", "icon": "plant"}]},
    {"label": "", "entries": [{"label": "Altro", "url": "/", "icon": "more", "phone_only": True}]},
]


def ago(**passed: float) -> dt.datetime:
    return NOW - dt.timedelta(**passed)


COMMUNITY: dict[str, Any] = {
    "id": 1,
    "name": "Pieve Alta",
    "url": "/cer/1/",
    "socket": "/ws/cer/1/",
    "injected_w": 84_200.0,
    "withdrawn_w": 61_700.0,
    "shared_w": 61_700.0,
    "plants_measured": 7,
    "plants_count": 12,
    "members_count": 62,
    "updated_at": ago(seconds=8),
    "plants": [{"name": "Scuola Rodari", "url": "/plants/1/", "type_label": "Produttore"}],
}
OTHER_COMMUNITY = COMMUNITY | {
    "id": 2,
    "name": "Val Borbera Energia Condivisa dei Comuni dell’Appennino",
    "socket": "/ws/cer/2/",
    "injected_w": 12_000.0,
    "shared_w": 12_000.0,
    "withdrawn_w": 15_350.0,
    "updated_at": ago(minutes=2),
    "plants": [],
}
SILENT_COMMUNITY = COMMUNITY | {
    "name": "Nuova",
    "socket": "/ws/cer/3/",
    "injected_w": None,
    "shared_w": None,
    "withdrawn_w": None,
    "plants_measured": 0,
    "updated_at": None,
    "plants": [],
}
PLANT = {
    "name": "La Scuola Rodari",
    "kind": "PRODUCER",
    "type_label": "Fotovoltaico",
    "pod": "IT001E48210377",
    "address": "via Roma 14",
    "nominal_w": 49_500.0,
    "operating_since": dt.date(2024, 3, 12),
    "community": {"name": "Pieve Alta", "url": "/cer/1/"},
}


def phase(key: str, label: str, volts: float) -> dict[str, Any]:
    fine = volts < 245
    return {
        "key": key,
        "label": label,
        "voltage_v": volts,
        "current_a": 20.3,
        "power_w": 4640.0,
        "power_factor": 0.99,
        "state": "fine" if fine else "look",
        "state_label": "a posto" if fine else "alta",
    }


DEVICES = [
    {
        "device_id": "shellypro3em-1",
        "name": "Quadro generale",
        "model": "Shelly Pro 3EM",
        "power_w": 13_860.0,
        "last_seen": ago(seconds=8),
        "state": "look",
        "state_label": "una fase da guardare",
        "phases": [phase("a", "L1", 231.4), phase("b", "L2", 229.8), phase("c", "L3", 248.6)],
    },
    {
        "device_id": "shellypmmini-2",
        "name": "Pompa",
        "model": "Shelly PM Mini",
        "power_w": None,
        "last_seen": None,
        "state": "act",
        "state_label": "tace",
        "phases": [],
    },
]


def quarters() -> list[dict[str, Any]]:
    rows = []
    for back in range(96):
        end = NOW.replace(minute=30) - dt.timedelta(minutes=15 * back)
        missing = back in (0, 7, 8, 20)
        power = max(0.0, 22_900 * math.sin((end.hour - 6) / 10 * math.pi))
        rows.append(
            {
                "start": end - dt.timedelta(minutes=15),
                "end": end,
                "power_w": None if missing else power,
                "note": "dato mancante" if missing else "",
            }
        )
    return rows


class SignIn(forms.Form):
    username = forms.EmailField()
    password = forms.CharField()


def refused_sign_in() -> SignIn:
    form = SignIn({"username": "elena@example.it", "password": "sbagliata"})
    form.is_valid()
    form.add_error(None, "Email o password non corrispondono. Dopo altri 2 tentativi aspetterai 15 minuti.")
    return form


INSIDE = {"now": NOW, "navigation": NAVIGATION, "layout": "rail", "brand": BRAND, "who": WHO, "user": PERSON}
PLANT_PAGE = INSIDE | {
    "plant": PLANT,
    "socket": "/ws/plants/1/",
    "power_w": 13_860.0,
    "power_at": ago(seconds=8),
    "energy_today_mwh": 89_000_000,
    "quarters": quarters(),
    "devices": DEVICES,
    "history": history(Span.MONTH, NOW.date(), now=NOW, kind="PRODUCER"),
    "back": {"label": "Impianti", "url": "/plants/"},
}
PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "home": (
        "web/home.html",
        {
            "now": {"shared_w": 73_700.0, "communities_count": 2, "at": ago(seconds=5)},
            "communities": [
                {"name": "Pieve Alta", "url": "/", "place": "Gavi", "members_count": 1062, "plants_count": 12},
                {"name": "Val Borbera", "url": "/", "place": "", "members_count": 1, "plants_count": 1},
            ],
        },
    ),
    "home-empty": ("web/home.html", {"now": None, "communities": []}),
    "login": ("users/login.html", {"form": SignIn(), "next": "/dashboard/", "password_reset_url": "/reset/"}),
    "login-empty": ("users/login.html", {"form": SignIn({})}),
    "login-refused": ("users/login.html", {"form": refused_sign_in()}),
    "dashboard": ("web/dashboard.html", INSIDE | {"communities": [COMMUNITY], "shared_w": 61_700.0}),
    "dashboard-many": (
        "web/dashboard.html",
        INSIDE | {"communities": [COMMUNITY, OTHER_COMMUNITY, SILENT_COMMUNITY], "shared_w": 73_700.0},
    ),
    "dashboard-shared-socket": (
        "web/dashboard.html",
        INSIDE
        | {
            "communities": [community | {"socket": "/ws/cer/"} for community in (COMMUNITY, OTHER_COMMUNITY)],
            "shared_w": 73_700.0,
        },
    ),
    "dashboard-empty": (
        "web/dashboard.html",
        INSIDE | {"communities": [], "shared_w": None, "layout": "top", "join_url": "/cer/"},
    ),
    "plant": ("web/plant.html", PLANT_PAGE),
    "plant-prosumer": (
        "web/plant.html",
        PLANT_PAGE
        | {"plant": PLANT | {"kind": "PROSUMER"}, "power_w": -1860.0, "power_at": ago(minutes=7), "layout": "top"}
        | {"history": history(Span.MONTH, NOW.date(), now=NOW)},
    ),
    "plant-long-day": ("web/plant.html", PLANT_PAGE | {"history": history(Span.DAY, dt.date(2026, 10, 25), now=NOW)}),
    "plant-week": ("web/plant.html", PLANT_PAGE | {"history": history(Span.WEEK, dt.date(2026, 11, 2), now=NOW)}),
    "plant-year": ("web/plant.html", PLANT_PAGE | {"history": history(Span.YEAR, NOW.date(), now=NOW)}),
    "plant-empty": (
        "web/plant.html",
        PLANT_PAGE
        | {"power_w": None, "power_at": None, "energy_today_mwh": None, "quarters": [], "devices": []}
        | {"history": history(Span.MONTH, NOW.date(), now=NOW, known=False)}
        | {"plant": PLANT | {"pod": "", "nominal_w": None, "operating_since": None, "community": None}},
    ),
    **{name: (template, INSIDE | context) for name, (template, context) in meter_pages.PAGES.items()},
    "403": ("403.html", INSIDE | {"request_id": "9f3ac41e-7d10"}),
    "403-csrf": ("403_csrf.html", {}),
    "404": ("404.html", {"request_id": "9f3ac41e-7d10"}),
    "500": ("500.html", {"request_id": "9f3ac41e-7d10"}),
}


def render(name: str, language: str = "it", **context: Any) -> str:
    template, invented = PAGES[name]
    request = RequestFactory().get(f"/{name}/")
    request.user = AnonymousUser()
    bare = name in ("500", "403-csrf")  # rendered where no context processor may run
    with override_settings(ROOT_URLCONF="tests.unit.web.urls"), translation.override(language):
        return render_to_string(template, {**invented, **context}, None if bare else request)
