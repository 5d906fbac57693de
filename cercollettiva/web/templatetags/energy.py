"""Filters of the energy pages: short names of days and months, the scale of a heat map."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django import template
from django.utils.translation import gettext as _

from cercollettiva.web import formats
from cercollettiva.web.energy.flow import BOTTOM, TOP, Flow, Node
from cercollettiva.web.energy.heat import Step
from cercollettiva.web.energy.shared import SharingPage
from cercollettiva.web.templatetags.formats import page_locale

register = template.Library()


@register.filter
def short_day(day: dt.date) -> str:
    """lun 2."""
    return f"{formats.WEEKDAYS[page_locale()][day.weekday()][:3]} {day.day}"


@register.filter
def short_month(day: dt.date) -> str:
    return formats.MONTHS[page_locale()][day.month - 1][:3]


@register.filter
def scale_in(mwh: int, scale: Sequence[Step]) -> str:
    """An edge of the scale, in the unit of the whole."""
    written = formats.energy(mwh, unit=scale_unit(scale), decimals=_decimals(scale), locale=page_locale())  # type: ignore[arg-type]
    return written.rsplit(formats.NBSP, 1)[0]


@register.filter
def scale_unit(scale: Sequence[Step]) -> str:
    return "Wh" if scale[-1].high < 10**6 else "kWh"


@register.filter
def of_plant(url: str, plant: int | str | None) -> str:
    """The same address for one of several plants; unchanged where the page has only one."""
    return url.replace("?", f"?impianto={plant}&", 1) if plant else url


@register.filter
def own_facts(page: SharingPage) -> list[tuple[str, int | None]]:
    """The figures of a member's chosen hour, by the names of the columns."""
    return list(zip(page.columns, page.own_hour.cells, strict=True)) if page.own_hour else []


def _decimals(scale: Sequence[Step]) -> int:
    """As many as the width of a step needs."""
    width = scale[0].high - scale[0].low
    return 0 if width % 10**6 == 0 or scale_unit(scale) == "Wh" else 1 if width % 10**5 == 0 else 2


@register.inclusion_tag("web/parts/flow_marks.html")
def flow_marks(drawing: Flow) -> dict[str, object]:
    """The ribbons, bars and words of a flow; flow.js makes the same elements."""
    by_day = drawing.kind == "day"
    one_y, other_y = (TOP, BOTTOM) if by_day else (BOTTOM, TOP)
    names = {
        "roof": _("dal tuo tetto"),
        "house": _("casa"),
        "community": _("comunità"),
        "grid": _("rete"),
    }
    nodes = [_placed(drawing.one, one_y, names, big=True)]
    nodes += [_placed(node, other_y, names, big=False) for node in drawing.several]
    return {"drawing": drawing, "nodes": nodes}


def _placed(node: Node, bar_y: float, names: dict[str, str], *, big: bool) -> dict[str, str]:
    """Where the bar, the figure, the icon and the word of an end stand."""
    above = bar_y == TOP
    figure, unit = formats.power(node.watts, locale=page_locale()).split(formats.NBSP)
    word = names[node.name]
    length = 7.2 * len(word) + 20
    start = {"start": node.words_x, "middle": node.words_x - length / 2, "end": node.words_x - length}[node.anchor]
    return {
        "meaning": node.meaning,
        "icon": node.name,
        "x": f"{node.x:.1f}",
        "width": f"{max(node.width, 0):.1f}",
        "y": f"{bar_y:.1f}",
        "anchor": node.anchor,
        "words_x": f"{node.words_x:.1f}",
        "figure_y": "32" if above else "203",
        "icon_x": f"{start:.1f}",
        "icon_y": "41" if above else "212",
        "word_x": f"{start + 20:.1f}",
        "word_y": "54" if above else "225",
        "style": "big" if big else "v",
        "figure": figure,
        "unit": unit,
        "word": word,
    }
