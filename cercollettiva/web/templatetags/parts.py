"""The parts that pages share: icons, ages of figures, the three bars, the scale of a voltage, the data of a chart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from cercollettiva.web.icons import ICONS
from cercollettiva.web.templatetags import formats

LATE_AFTER: Final = dt.timedelta(seconds=30)
SILENT_AFTER: Final = dt.timedelta(seconds=300)
VOLTS_LEAST: Final = 207.0  # EN 50160: 230 V less 10 %
VOLTS_MOST: Final = 253.0

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    drawing = mark_safe(ICONS[name])  # noqa: S308 - constants of our own
    return format_html('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', drawing)


@register.filter
def staleness(at: dt.datetime | None, now: dt.datetime | None = None) -> str:
    """`live`, `late` after 30 s, `silent` after 5 minutes; nothing known is silent."""
    if at is None:
        return "silent"
    passed = (now or timezone.now()) - at
    if passed > SILENT_AFTER:
        return "silent"
    return "late" if passed > LATE_AFTER else "live"


@register.simple_tag
def age_mark(at: dt.datetime | None, now: dt.datetime | None = None) -> SafeString:
    """The age of the figure it stands by; live.js keeps it ticking."""
    return format_html(
        '<time class="age age--{}" data-age datetime="{}">{}</time>',
        staleness(at, now),
        formats.iso(at),
        formats.age(at, now) if at else "–",
    )


@register.simple_tag
def stale_mark(at: dt.datetime | None, now: dt.datetime | None = None) -> SafeString:
    """The attribute that makes a figure grey and still from the first paint."""
    state = staleness(at, now)
    return SafeString("") if state == "live" else format_html('data-stale="{}"', state)


@register.inclusion_tag("web/parts/three_bars.html")
def three_bars(injected_w: float | None, shared_w: float | None, withdrawn_w: float | None) -> dict[str, Any]:
    """Injected, shared and withdrawn power from one origin, the longest across the whole width. [W]"""
    longest = max(injected_w or 0, shared_w or 0, withdrawn_w or 0)
    export_w = None if injected_w is None or shared_w is None else max(injected_w - shared_w, 0)
    return {
        "injected_w": injected_w,
        "shared_w": shared_w,
        "withdrawn_w": withdrawn_w,
        "export_w": export_w,
        "injected_width": _share(injected_w, longest),
        "shared_width": _share(shared_w, longest),
        "export_width": _share(export_w, longest),
        "withdrawn_width": _share(withdrawn_w, longest),
    }


@register.filter
def volt_position(volts: float | None) -> str:
    """Where a voltage stands on the scale from 207 to 253 V, for an SVG attribute."""
    if volts is None:
        return ""
    return _share(min(max(volts, VOLTS_LEAST), VOLTS_MOST) - VOLTS_LEAST, VOLTS_MOST - VOLTS_LEAST)


@register.filter
def chart_series(quarters: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The quarters of a table as the chart reads them: oldest first, epoch seconds and watts, null where unknown."""
    oldest_first = sorted(quarters, key=lambda quarter: quarter["start"])
    return {
        "starts": [int(quarter["start"].timestamp()) for quarter in oldest_first],
        "ends": [int(quarter["end"].timestamp()) for quarter in oldest_first],
        "power_w": [quarter["power_w"] for quarter in oldest_first],
    }


@register.filter
def share_of(whole: float, share: float) -> str:
    """A length within an SVG, such as the size of a mark on a map: `{{ map.width|share_of:0.045 }}`."""
    return f"{whole * float(share):.2f}"


def _share(part: float | None, whole: float) -> str:
    return f"{100 * (part or 0) / whole:.2f}%" if whole else "0%"
