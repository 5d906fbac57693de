"""What was injected beside what was drawn, hour by hour, as stepped lines over the area of what was shared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from cercollettiva.web import formats
from cercollettiva.web.history import bars

PLOT: Final = 200.0  # [px]
HEAD: Final = 20.0
FOOT: Final = 24.0


class Hour(NamedTuple):
    """One column. [mWh] None: not known."""

    injected: int | None
    drawn: int | None
    shared: int | None


class Matching(NamedTuple):
    """Paths in a box as wide as there are hours and 100 high; the rest in pixels and percent."""

    columns: int
    injected: str
    drawn: str
    shared: str
    gaps: list[bars.Tick]  # x of each missing hour; `label` is its width
    lines: list[bars.Line]
    unit: str
    height: str
    plot_top: str
    plot_height: str
    zero: str
    base: str


def matching(hours: Sequence[Hour], locale: formats.Locale) -> Matching:
    """The drawing of some hours, those of a day as a rule. One scale for all three."""
    most = max((value or 0 for hour in hours for value in (hour.injected, hour.drawn)), default=0)
    frame = bars.draw([bars.Bar(above=(("use", most),))], [], locale) if most else bars.draw([], [], locale)
    scale = 100 / most if most else 0.0
    return Matching(
        columns=max(len(hours), 1),
        injected=_line([hour.injected for hour in hours], scale),
        drawn=_line([hour.drawn for hour in hours], scale),
        shared=_area([hour.shared for hour in hours], scale),
        gaps=[
            bars.Tick(f"{100 * number / len(hours):.3f}%", "", f"{100 / len(hours):.3f}%")
            for number, hour in enumerate(hours)
            if hour.injected is None and hour.drawn is None
        ],
        lines=frame.lines,
        unit=frame.unit,
        height=frame.height,
        plot_top=frame.plot_top,
        plot_height=frame.plot_height,
        zero=frame.zero,
        base=frame.base,
    )


def _line(values: Sequence[int | None], scale: float) -> str:
    """A step for each hour; where one is not known the line stops."""
    path, before = [], None
    for x, value in enumerate(values):
        if value is not None:
            y = f"{100 - value * scale:.2f}"
            path.append(f"V{y}h1" if before is not None else f"M{x} {y}h1")
        before = value
    return "".join(path)


def _area(values: Sequence[int | None], scale: float) -> str:
    return "".join(
        f"M{x} 100V{100 - value * scale:.2f}h1V100z" for x, value in enumerate(values) if value is not None and value
    )
