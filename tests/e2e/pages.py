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
    PageSeen("community-administrator", "{community}", "administrator"),
    PageSeen("sharing", "{community}condivisione/", "administrator"),
    PageSeen("my-energy", "/me/energia/?periodo=settimana", "prosumer"),
    PageSeen("plant-prosumer", "{plant}", "prosumer"),
    PageSeen("plant-day", "{plant}?periodo=giorno#storico", "prosumer"),
    PageSeen("plant-technician", "{plant}", "technician"),
    PageSeen("meters", "/energy/devices/", "technician"),
    PageSeen("meter", "{meter}", "technician"),
    PageSeen("strangers", "/energy/unknown/", "administrator"),
    PageSeen("stranger", "{stranger}", "administrator"),
    PageSeen("not-found", "/plants/999999/", "consumer"),
)
SHAPES: Final = ((360, "light"), (1280, "dark"))  # widths know nothing of themes: each once is enough


def contact_sheet(folder: Path) -> str:
    """An HTML page with every picture of the folder, page by page; those that other walks took come last."""
    named = {picture_name(page, width, theme) for page in PAGES for width, theme in SHAPES}
    rows = [_row(page.name, [folder / picture_name(page, width, theme) for width, theme in SHAPES]) for page in PAGES]
    others = [picture for picture in sorted(folder.glob("*.png")) if picture.name not in named]
    rows.append(_row("others", others))
    return f"<!doctype html><meta charset='utf-8'><title>Contact sheet</title>{''.join(rows)}"


def _row(title: str, pictures: list[Path]) -> str:
    cells = "".join(
        f'<figure><img src="{escape(picture.name)}" height="520">'
        f"<figcaption>{escape(picture.stem)}</figcaption></figure>"
        for picture in pictures
        if picture.exists()
    )
    return f"<h2>{escape(title)}</h2><div style='display:flex;gap:8px;overflow:auto'>{cells}</div>"


def picture_name(page: PageSeen, width: int, theme: str) -> str:
    return f"{page.name}-{width}-{theme}.png"
