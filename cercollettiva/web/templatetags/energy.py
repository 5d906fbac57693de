"""Filters of the energy pages: short names of days and months, the scale of a heat map."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django import template

from cercollettiva.web import formats
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
def own_facts(page: SharingPage) -> list[tuple[str, int | None]]:
    """The figures of a member's chosen hour, by the names of the columns."""
    return list(zip(page.columns, page.own_hour.cells, strict=True)) if page.own_hour else []


def _decimals(scale: Sequence[Step]) -> int:
    """As many as the width of a step needs."""
    width = scale[0].high - scale[0].low
    return 0 if width % 10**6 == 0 or scale_unit(scale) == "Wh" else 1 if width % 10**5 == 0 else 2
