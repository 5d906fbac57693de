"""Template filters over `web.formats`, in the language of the page: `{{ watts|power }}`, `{{ day|local_date:"long" }}`.

`local_date` and `local_time` keep clear of Django's own `date` and `time`, which write in the server's zone.
"""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from cercollettiva.web import formats

register = template.Library()


def page_locale() -> formats.Locale:
    return "en" if (get_language() or "it").startswith("en") else "it"


@register.filter
def number(value: formats.Figure, decimals: int = 0) -> str:
    return formats.number(value, decimals, locale=page_locale())


@register.filter
def volts(value: formats.Figure) -> str:
    return formats.quantity(value, "V", 1, locale=page_locale())


@register.filter
def amperes(value: formats.Figure) -> str:
    return formats.quantity(value, "A", 1, locale=page_locale())


@register.filter
def power(watts: formats.Figure, unit: str = "") -> str:
    """`{{ w|power }}`, or `{{ w|power:"kW" }}` in a column with one unit."""
    return formats.power(watts, unit=unit or None, locale=page_locale())  # type: ignore[arg-type]


@register.filter
def energy(mwh: formats.Figure, decimals: int | None = None) -> str:
    return formats.energy(mwh, decimals=decimals, locale=page_locale())


@register.filter
def energy_in(mwh: formats.Figure, unit: str) -> str:
    """`{{ mwh|energy_in:"kWh" }}`: the figure alone, with three decimals, where the head of a table says the unit."""
    return _alone(mwh, unit, decimals=3)


@register.filter
def sum_in(mwh: formats.Figure, unit: str) -> str:
    """The same with the decimals of a tile."""
    return _alone(mwh, unit)


@register.filter
def difference_in(mwh: formats.Figure, unit: str) -> str:
    return _alone(mwh, unit, sign=True)


def _alone(mwh: formats.Figure, unit: str, *, decimals: int | None = None, sign: bool = False) -> str:
    written = formats.energy(mwh, unit=unit, decimals=decimals, sign=sign, locale=page_locale())  # type: ignore[arg-type]
    return written.removesuffix(f"{formats.NBSP}{unit}")


@register.filter
def money(cents: int | None) -> str:
    return formats.money(cents, locale=page_locale())


@register.filter
def euros(cents: int | None) -> str:
    """An amount as it stands in an input: 25,50, without sign and grouping."""
    return "" if cents is None else f"{cents // 100},{cents % 100:02}"


@register.filter
def percent(ratio: formats.Figure, decimals: int = 0) -> str:
    return formats.percent(ratio, decimals, locale=page_locale())


@register.filter
def signed_percent(ratio: formats.Figure, decimals: int = 1) -> str:
    return formats.percent(ratio, decimals, sign=True, locale=page_locale())


@register.filter
def local_date(value: formats.Moment | None, style: formats.DateStyle = "short") -> str:
    return formats.date(value, style, locale=page_locale())


@register.filter
def local_time(value: dt.datetime | None) -> str:
    return formats.time(value, locale=page_locale())


@register.filter
def instant(value: dt.datetime | None, style: formats.DateStyle = "medium") -> str:
    return formats.instant(value, style, locale=page_locale())


@register.filter
def to_the_second(value: dt.datetime | None) -> str:
    """23/11/2026 14:30:05, for rows that follow each other within a minute."""
    return f"{value.astimezone(formats.ROME):%d/%m/%Y %H:%M:%S}" if value else formats.MISSING


@register.filter
def line_name(phase: str) -> str:
    """L1 for the phase that a meter calls a."""
    return {"a": "L1", "b": "L2", "c": "L3"}.get(phase, phase)


@register.filter
def interval(start: dt.datetime | None, end: dt.datetime | None) -> str:
    return formats.interval(start, end, locale=page_locale())


@register.filter
def month(value: formats.Moment | None) -> str:
    return formats.month(value, locale=page_locale())


@register.filter
def age(value: dt.datetime | None, now: dt.datetime | None = None) -> str:
    return formats.age(value, now or timezone.now(), locale=page_locale())


@register.filter
def pod(code: str | None) -> SafeString:
    """Grouped for the eye by its style, so that what one copies has no spaces."""
    groups = formats.pod(code).split(formats.NBSP)
    return format_html('<span class="pod">{}</span>', format_html_join("", "<span>{}</span>", ((g,) for g in groups)))


@register.filter
def iban(code: str | None) -> str:
    return formats.iban(code)


@register.filter
def masked_iban(code: str | None) -> str:
    return formats.iban(code, masked=True)


@register.filter
def figure(written: str) -> SafeString:
    """A written figure with its unit in the lighter style: `{{ watts|power|figure }}`."""
    amount, _, unit = written.rpartition(formats.NBSP)
    if not amount:
        return format_html("{}", written)
    return format_html('{}{}<span class="unit">{}</span>', amount, formats.NBSP, unit)


@register.filter
def magnitude(value: float | None) -> float | None:
    """Without its sign, where a word says which way it goes."""
    return None if value is None else abs(value)


@register.filter
def iso(value: dt.datetime | None) -> str:
    """For `datetime` attributes and scripts, never localised."""
    return value.isoformat() if value else ""


@register.filter
def raw(value: formats.Figure) -> str:
    """A figure for a `data-` attribute: a plain dot, no grouping; empty when missing."""
    return "" if value is None else str(value)
