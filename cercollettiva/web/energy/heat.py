"""A heat map of hours by days, made on the server: one path for each shade, so that a year weighs little.

A row is a local day, a column an hour of the clock. On the day of 25 hours the hour that comes twice has half a column
for each; on the day of 23 one column stays empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Final, NamedTuple

from cercollettiva.domain.calendar import HOUR, ITALY, local_date

COLUMNS: Final = 24
SHADES: Final = 5
TALL_ROW: Final = 15  # [px]
LOW_ROW: Final = 3  # of a year
MOST_TALL_ROWS: Final = 62


class Cell(NamedTuple):
    """An hour as it is drawn. `mwh` None: nothing is known, or it is not told, or it is still to come."""

    start: datetime
    mwh: int | None
    is_future: bool = False
    is_uncertain: bool = False  # hatched
    is_partial: bool = False  # a red foot
    is_withheld: bool = False


class Shade(NamedTuple):
    name: str  # of a class in the style
    path: str


class Patch(NamedTuple):
    """A stretch of hatched cells, in percent of the map."""

    x: str
    width: str
    y: str
    height: str


class DayLabel(NamedTuple):
    y: str
    day: date
    is_first_of_month: bool


class Step(NamedTuple):
    """A shade and what it stands for. [mWh]"""

    shade: int
    low: int
    high: int


class HeatMap(NamedTuple):
    rows: int
    height: int  # [px]
    shades: list[Shade]
    hatched: list[Patch]
    labels: list[DayLabel]
    scale: list[Step]
    has_mesh: bool
    has_missing: bool
    has_partial: bool
    has_withheld: bool

    @property
    def mesh(self) -> str:
        """The lines between the cells."""
        upright = "".join(f"M{x} 0v{self.rows}" for x in range(1, COLUMNS))
        return upright + "".join(f"M0 {y}h{COLUMNS}" for y in range(1, self.rows))


def heat_map(cells: Sequence[Cell]) -> HeatMap:
    """Where everything stands; cells from the first hour of a day to the last of another, in order."""
    step = _round_step(max((cell.mwh or 0 for cell in cells), default=0))
    days = [(day, list(hours)) for day, hours in groupby(cells, lambda cell: local_date(cell.start))]
    paths: dict[str, list[str]] = {}
    hatched = []
    for row, (_, hours) in enumerate(days):
        placed = [(*_column(cell, hours), cell) for cell in hours]
        for name, x, width in _runs(placed, step):
            paths.setdefault(name, []).append(f"M{_short(x)} {row}h{_short(width)}v1H{_short(x)}z")
        for x, width, cell in placed:
            if cell.is_partial and cell.mwh is not None:
                paths.setdefault("foot", []).append(f"M{_short(x)} {row}.8h{_short(width)}v.2H{_short(x)}z")
            if cell.is_uncertain and cell.mwh is not None:
                hatched.append(_patch(x, width, row, len(days)))
    tall = len(days) <= MOST_TALL_ROWS
    return HeatMap(
        rows=len(days),
        height=len(days) * (TALL_ROW if tall else LOW_ROW),
        shades=[Shade(name, "".join(paths[name])) for name in sorted(paths)],
        hatched=hatched,
        labels=_labels([day for day, _ in days], monthly=not tall),
        scale=[Step(shade, shade * step, (shade + 1) * step) for shade in range(SHADES)] if step else [],
        has_mesh=tall,
        has_missing="missing" in paths,
        has_partial="foot" in paths,
        has_withheld="withheld" in paths,
    )


def cells_of(start: datetime, values: Sequence[int], *, now: datetime, **marks: Sequence[bool]) -> list[Cell]:
    """Cells from an array of hours: below zero is unknown; `marks` are the flags of Cell, an array each."""
    names = list(marks)
    rows = zip(*marks.values(), strict=True) if marks else ((),) * len(values)
    cells = []
    for number, (value, flags) in enumerate(zip(values, rows, strict=True)):
        moment = start + number * HOUR
        known = int(value) if value >= 0 else None
        given = {name: bool(flag) for name, flag in zip(names, flags, strict=True)}
        cells.append(Cell(moment, known, is_future=moment > now, **given))
    return cells


def _column(cell: Cell, hours: Sequence[Cell]) -> tuple[float, float]:
    """Where an hour stands in its row, and how wide it is."""
    hour = cell.start.astimezone(ITALY).hour
    if len(hours) <= COLUMNS:
        return float(hour), 1.0
    same = [other.start for other in hours if other.start.astimezone(ITALY).hour == hour]
    return hour + same.index(cell.start) / len(same), 1 / len(same)


def _runs(placed: Sequence[tuple[float, float, Cell]], step: int) -> list[tuple[str, float, float]]:
    """Neighbours of one shade drawn together: shade, left edge, width."""
    runs: list[tuple[str, float, float]] = []
    for x, width, cell in placed:
        name = _shade(cell, step)
        if not name:
            continue
        if runs and runs[-1][0] == name and abs(runs[-1][1] + runs[-1][2] - x) < 1e-6:
            runs[-1] = (name, runs[-1][1], runs[-1][2] + width)
        else:
            runs.append((name, x, width))
    return runs


def _shade(cell: Cell, step: int) -> str:
    if cell.is_future and cell.mwh is None:
        return ""
    if cell.is_withheld:
        return "withheld"
    if cell.mwh is None:
        return "missing"
    if cell.mwh == 0:
        return "h0"
    return f"h{min(cell.mwh // step, SHADES - 1) + 1}"


def _round_step(most: int) -> int:
    """1, 2 or 5 times a power of ten, so that five of them hold the largest."""
    if not most:
        return 0
    least = Decimal(most) / SHADES
    steps = (Decimal(digit).scaleb(least.adjusted()) for digit in (1, 2, 5, 10))
    return max(1, int(next(step for step in steps if step * SHADES >= most)))


def _patch(x: float, width: float, row: int, rows: int) -> Patch:
    return Patch(
        f"{100 * x / COLUMNS:.3f}%", f"{100 * width / COLUMNS:.3f}%", f"{100 * row / rows:.3f}%", f"{100 / rows:.3f}%"
    )


def _labels(days: Sequence[date], *, monthly: bool) -> list[DayLabel]:
    """Mondays beside a month, firsts of the month beside a year."""
    return [
        DayLabel(f"{100 * row / len(days):.2f}%", day, day.day == 1)
        for row, day in enumerate(days)
        if (day.day == 1 if monthly else day.weekday() == 0)
    ]


def _short(value: float) -> str:
    return f"{value:.4g}"
