"""Bars as SVG attributes: widths in percent, so that text and hatching never stretch, and heights in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from cercollettiva.web import formats

PLOT: Final = 232.0  # [px]
HEAD: Final = 20.0  # above the plot, for the unit
FOOT: Final = 24.0  # below it, for the axis
BAR: Final = 0.74  # of its slot
MOST_LINES: Final = 3
FOOT_OF_A_GAP: Final = 5.0

Segment = tuple[str, int]  # meaning, mWh


class Bar(NamedTuple):
    """What stands in one slot. Nothing above and nothing below is an empty slot."""

    above: Sequence[Segment] = ()
    below: Sequence[Segment] = ()
    is_missing: bool = False  # nothing is known: soft red with a red foot
    is_partial: bool = False  # a part is missing: the red foot alone
    is_uncertain: bool = False  # hatched
    is_running: bool = False  # lighter


class Rect(NamedTuple):
    meaning: str
    x: str
    width: str
    y: str
    height: str
    is_uncertain: bool
    is_running: bool


class Line(NamedTuple):
    """A hairline and the value beside it."""

    y: str
    label_y: str
    label: str


class Tick(NamedTuple):
    """A word under the axis."""

    x: str
    anchor: str
    label: str
    is_minor: bool = False  # left out where there is little room


class Drawing(NamedTuple):
    height: str
    base: str  # where the axis is written
    plot_top: str
    plot_height: str
    gap_foot: str
    zero: str
    rects: list[Rect]
    missing: list[Rect]
    partial: list[Rect]
    unit: str
    lines: list[Line]
    ticks: list[Tick]
    has_below: bool


def draw(bars: Sequence[Bar], ticks: Sequence[Tick], locale: formats.Locale) -> Drawing:
    """Where everything stands. One scale for above and below, chosen by the largest bars."""
    top = max((sum(mwh for _, mwh in bar.above) for bar in bars), default=0)
    bottom = max((sum(mwh for _, mwh in bar.below) for bar in bars), default=0)
    scale = PLOT / (top + bottom) if top + bottom else 0.0
    zero = HEAD + (top * scale if top + bottom else PLOT)
    unit, lines = _lines(top, bottom, zero, scale, locale)
    slot = 100 / len(bars) if bars else 100.0
    rects = [rect for number, bar in enumerate(bars) for rect in _stack(bar, number * slot, slot, zero, scale)]
    return Drawing(
        height=_px(HEAD + PLOT + FOOT),
        base=_px(HEAD + PLOT + 18),
        plot_top=_px(HEAD),
        plot_height=_px(PLOT),
        gap_foot=_px(HEAD + PLOT - FOOT_OF_A_GAP),
        zero=_px(zero),
        rects=rects,
        missing=[_slot(number * slot, slot) for number, bar in enumerate(bars) if bar.is_missing],
        partial=[_slot(number * slot, slot) for number, bar in enumerate(bars) if bar.is_partial],
        unit=unit,
        lines=lines,
        ticks=list(ticks),
        has_below=bottom > 0,
    )


def tick_at(number: int, count: int, label: str, *, edge: bool = False, is_minor: bool = False) -> Tick:
    """Under the middle of a slot, or under its left edge; the words at the two ends stay inside."""
    x = 100 * number / count if edge else 100 * (number + 0.5) / count
    anchor = "start" if x < 1 else "end" if x > 99 else "middle"
    return Tick(_percent(x), anchor, label, is_minor)


def _stack(bar: Bar, x: float, slot: float, zero: float, scale: float) -> list[Rect]:
    rects = []
    for segments, upwards in ((bar.above, True), (bar.below, False)):
        edge = zero
        for meaning, mwh in segments:
            height = mwh * scale
            if height <= 0:
                continue
            y = edge - height if upwards else edge
            edge = y if upwards else edge + height
            place = (_percent(x + slot * (1 - BAR) / 2), _percent(slot * BAR), _px(y), _px(max(height - 1, 0.5)))
            rects.append(Rect(meaning, *place, bar.is_uncertain, bar.is_running))
    return rects


def _slot(x: float, slot: float) -> Rect:
    """The whole height of a place where something is missing."""
    return Rect("", _percent(x), _percent(slot), _px(HEAD), _px(PLOT), False, False)


def _lines(top: int, bottom: int, zero: float, scale: float, locale: formats.Locale) -> tuple[str, list[Line]]:
    """Hairlines at round values, at most three on the longer side, with one unit chosen by the largest."""
    longest = max(top, bottom)
    unit, power = ("Wh", 3) if longest < 10**6 else ("kWh", 6) if longest < 10**10 else ("MWh", 9)
    if not longest:
        return unit, []
    step = _round_step(longest)
    decimals = max(0, -int(step.scaleb(-power).normalize().as_tuple().exponent))
    lines = []
    for number in range(-int(bottom / step), int(top / step) + 1):
        y = zero - float(step * number) * scale
        label = formats.number(abs(step * number).scaleb(-power), decimals if number else 0, locale=locale)
        lines.append(Line(_px(y), _px(y + 4), label))
    return unit, lines


def _round_step(longest: int) -> Decimal:
    """1, 2 or 5 times a power of ten that divides the longest side into three at most."""
    least = Decimal(longest) / MOST_LINES
    power = least.adjusted()
    steps = (Decimal(digit).scaleb(power) for digit in (1, 2, 5, 10))
    return next(step for step in steps if step * MOST_LINES >= longest)


def _percent(value: float) -> str:
    return f"{value:.2f}%"


def _px(value: float) -> str:
    return f"{value:.1f}"
