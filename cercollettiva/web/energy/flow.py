"""Where a member's power comes from and goes to now, as ribbons as wide as their power.

By day the roof is above, and house, community and grid below; where nothing is produced, community and grid are above
and the house below. `split` cuts the figures of a connection point into the parts that every page shows, so that flow,
bars and totals add up alike; the script of the live page computes the same.
"""

from __future__ import annotations

from typing import Final, NamedTuple

WIDTH: Final = 328.0  # of the drawing
GAP: Final = 44.0  # between the parts on the side that has several
TOP: Final = 64.0
BOTTOM: Final = 168.0
BAR: Final = 8.0
LEAST: Final = 0.5  # [W] below it nothing is drawn
MOST_DOTS: Final = 3
SPEEDS: Final = (100.0, 500.0, 1500.0)  # [W] up to which the dots are slow


class Parts(NamedTuple):
    """A member's power or energy, cut up. What is used: own + from_community + from_grid. What is given: the others."""

    own: float | None  # made here and used here; None where nothing measures the production
    from_community: float
    from_grid: float
    to_community: float
    to_grid: float

    @property
    def used(self) -> float:
        return (self.own or 0.0) + self.from_community + self.from_grid

    @property
    def given(self) -> float:
        return self.to_community + self.to_grid

    @property
    def produced(self) -> float:
        return (self.own or 0.0) + self.given


class Node(NamedTuple):
    """One end: its meaning, where its bar stands, what it carries."""

    name: str  # roof, house, community, grid
    meaning: str
    x: float
    width: float
    watts: float
    anchor: str  # of its words: start, middle or end
    words_x: float


class Ribbon(NamedTuple):
    meaning: str
    path: str
    dots: list[str]
    speed: int  # 1 to 4


class Flow(NamedTuple):
    kind: str  # day, night or still
    one: Node  # the side with one end
    several: list[Node]
    ribbons: list[Ribbon]


def split(
    *,
    drawn: float | None,
    injected: float | None,
    produced: float | None,
    shared_of_drawn: float,
    shared_of_injected: float,
) -> Parts:
    """The parts of a connection point; the two ratios are the community's: shared over drawn, shared over injected."""
    taken, given = max(drawn or 0.0, 0.0), max(injected or 0.0, 0.0)
    own = None if produced is None else max(produced - given, 0.0)
    from_community = taken * min(max(shared_of_drawn, 0.0), 1.0)
    to_community = given * min(max(shared_of_injected, 0.0), 1.0)
    return Parts(own, from_community, taken - from_community, to_community, given - to_community)


def flow(parts: Parts) -> Flow:
    """The drawing. Widths are power; the wider side fills what the gaps leave."""
    if parts.produced > LEAST and parts.produced >= parts.from_community + parts.from_grid:
        ends = [
            ("house", "own", parts.own or 0.0),
            ("community", "shared", parts.to_community),
            ("grid", "export", parts.to_grid),
        ]
        return _drawn("day", ("roof", "production", parts.produced), ends)
    ends = [
        ("roof", "own", parts.own or 0.0),
        ("community", "shared", parts.from_community),
        ("grid", "grid", parts.from_grid),
    ]
    return _drawn("night" if parts.used > LEAST else "still", ("house", "use", parts.used), ends)


def _drawn(kind: str, one: tuple[str, str, float], ends: list[tuple[str, str, float]]) -> Flow:
    shown = [end for end in ends if end[2] > LEAST]
    total = sum(watts for _, _, watts in shown)
    free = WIDTH - GAP * max(len(shown) - 1, 0)
    name, meaning, watts = one
    single = Node(name, meaning, (WIDTH - free) / 2, free, watts, "middle", WIDTH / 2)
    several, ribbons = [], []
    x, along = 0.0, single.x
    for number, (end, colour, power) in enumerate(shown):
        width = free * power / total
        last = number == len(shown) - 1
        anchor, words = ("end", WIDTH) if last and number else ("start", x)
        if len(shown) == 1:
            anchor, words = "middle", WIDTH / 2
        several.append(Node(end, colour, x, width, power, anchor, words))
        ribbons.append(_ribbon(colour, along, x, width, power, upwards=kind != "day"))
        x, along = x + width + GAP, along + width
    return Flow(kind, single, several, ribbons)


def _ribbon(meaning: str, one_x: float, end_x: float, width: float, watts: float, *, upwards: bool) -> Ribbon:
    """A ribbon from the single end to one of the several; by night the several are above."""
    start, end = (end_x, one_x) if upwards else (one_x, end_x)
    middle = (TOP + BOTTOM) / 2
    top, bottom = TOP + BAR, BOTTOM
    path = (
        f"M{_px(start)} {_px(top)}C{_px(start)} {_px(middle)} {_px(end)} {_px(middle)} {_px(end)} {_px(bottom)}"
        f"h{_px(width)}C{_px(end + width)} {_px(middle)} {_px(start + width)} {_px(middle)}"
        f" {_px(start + width)} {_px(top)}z"
    )
    count = max(1, min(MOST_DOTS, int(width // 40)))
    dots = []
    for number in range(count):
        shift = width * (number + 0.5) / count
        dots.append(
            f"M{_px(start + shift)} {_px(top + 4)}C{_px(start + shift)} {_px(middle)} {_px(end + shift)} {_px(middle)}"
            f" {_px(end + shift)} {_px(bottom - 4)}"
        )
    return Ribbon(meaning, path, dots, 1 + sum(watts > limit for limit in SPEEDS))


def _px(value: float) -> str:
    return f"{value:.1f}"
