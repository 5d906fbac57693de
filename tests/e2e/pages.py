"""The pages that are looked at, and the contact sheet that shows them all."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Final, NamedTuple


class PageSeen(NamedTuple):
    """A page as one kind of person sees it."""

    name: str
    path: str  # {plant}, {community}, {meter} and {stranger} are those of the demo
    person: str | None  # None: a visitor


PAGES: Final = (
    PageSeen("home", "/", None),
    PageSeen("sign-in", "/users/login/", None),
    PageSeen("dashboard-administrator", "/dashboard/", "administrator"),
    PageSeen("dashboard-consumer", "/dashboard/", "consumer"),
    PageSeen("community", "{community}", "technician"),
    PageSeen("plant-prosumer", "{plant}", "prosumer"),
    PageSeen("plant-day", "{plant}?periodo=giorno#storico", "prosumer"),
    PageSeen("plant-technician", "{plant}", "technician"),
    PageSeen("meters", "/energy/devices/", "technician"),
    PageSeen("meter", "{meter}", "technician"),
    PageSeen("strangers", "/energy/unknown/", "administrator"),
    PageSeen("stranger", "{stranger}", "administrator"),
    PageSeen("not-found", "/plants/999999/", "consumer"),
)
WIDTHS: Final = (360, 1280)
THEMES: Final = ("light", "dark")


def contact_sheet(folder: Path) -> str:
    """An HTML page with every picture of the folder, page by page."""
    rows = []
    for page in PAGES:
        cells = "".join(
            f'<figure><img src="{name}" height="520"><figcaption>{width} {theme}</figcaption></figure>'
            for width in WIDTHS
            for theme in THEMES
            if (folder / (name := picture_name(page, width, theme))).exists()
        )
        rows.append(f"<h2>{escape(page.name)}</h2><div style='display:flex;gap:8px;overflow:auto'>{cells}</div>")
    return f"<!doctype html><meta charset='utf-8'><title>Contact sheet</title>{''.join(rows)}"


def picture_name(page: PageSeen, width: int, theme: str) -> str:
    return f"{page.name}-{width}-{theme}.png"
