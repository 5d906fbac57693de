"""Where a community's energy comes from and where it goes: givers, shared and export, takers. Ribbons are energy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

HEIGHT: Final = 340.0
GAP: Final = 10.0
LEFT: Final = 0.0
MIDDLE: Final = 52.0
RIGHT: Final = 98.8
NODE: Final = 1.2
MOST_NODES: Final = 5  # on a side; the rest is one more
LEAST_LABEL: Final = 18.0  # [px] between two labels


class Point(NamedTuple):
    """A connection point over a period. [mWh] `shared` is the part of `energy` that the community shared."""

    name: str
    energy: int
    shared: int
    url: str = ""

    @property
    def rest(self) -> int:
        return self.energy - self.shared


class Node(NamedTuple):
    name: str
    url: str
    meaning: str
    mwh: int
    path: str
    label_y: str
    side: str  # l, r


class Sankey(NamedTuple):
    height: int
    shared: list[str]  # paths of the ribbons
    export: list[str]
    nodes: list[Node]
    middles: list[tuple[str, str]]  # meaning, path
    shared_mwh: int


def gathered(points: Sequence[Point], rest: str) -> list[Point]:
    """The greatest, and all others as one, so that a side stays readable."""
    ranked = sorted((point for point in points if point.energy > 0), key=lambda point: -point.energy)
    if len(ranked) <= MOST_NODES + 1:
        return ranked
    others = ranked[MOST_NODES:]
    energy, shared = sum(point.energy for point in others), sum(point.shared for point in others)
    return [*ranked[:MOST_NODES], Point(rest % {"count": len(others)}, energy, shared)]


def sankey(givers: Sequence[Point], takers: Sequence[Point], *, to_grid: str) -> Sankey:
    """The drawing; givers and takers in the order in which they stand. What takers draw beyond what is shared is left
    out: it did not come from here."""
    shared, exported = sum(giver.shared for giver in givers), sum(giver.rest for giver in givers)
    left = [(giver.name, giver.energy) for giver in givers]
    right = [(taker.name, taker.shared) for taker in takers] + ([(to_grid, exported)] if exported else [])
    middle = [(meaning, energy) for meaning, energy in (("shared", shared), ("export", exported)) if energy]
    scale = (HEIGHT - GAP * max(len(left), len(right))) / max(shared + exported, 1)
    left_y, right_y = _places(left, scale), _places(right, scale)
    middle_y = dict(zip((meaning for meaning, _ in middle), _places(middle, scale), strict=True))
    into, out = dict(middle_y), dict(middle_y)
    ribbons: dict[str, list[str]] = {"shared": [], "export": []}
    for giver, top in zip(givers, left_y, strict=True):
        y = top
        for meaning, energy in (("shared", giver.shared), ("export", giver.rest)):
            if energy:
                height = energy * scale
                ribbons[meaning].append(_ribbon(LEFT + NODE, y, MIDDLE, into[meaning], height))
                y, into[meaning] = y + height, into[meaning] + height
    ends = [("shared", taker.shared) for taker in takers] + [("export", exported)]
    for (meaning, energy), top in zip(ends, right_y, strict=False):
        if energy:
            ribbons[meaning].append(_ribbon(MIDDLE + NODE, out[meaning], RIGHT, top, energy * scale))
            out[meaning] += energy * scale
    urls = {point.name: point.url for point in (*givers, *takers)}
    nodes = _nodes(left, left_y, scale, "l", urls, to_grid) + _nodes(right, right_y, scale, "r", urls, to_grid)
    middles = [(meaning, _node(MIDDLE, middle_y[meaning], energy * scale)) for meaning, energy in middle]
    return Sankey(int(HEIGHT), ribbons["shared"], ribbons["export"], nodes, middles, shared)


def _places(ends: Sequence[tuple[str, int]], scale: float) -> list[float]:
    """The top of each end, the whole in the middle of the height."""
    used = sum(energy for _, energy in ends) * scale
    free = HEIGHT - used
    gap = min(free / (len(ends) - 1), 3 * GAP) if len(ends) > 1 else 0.0
    y = (HEIGHT - used - gap * (len(ends) - 1)) / 2
    tops = []
    for _, energy in ends:
        tops.append(y)
        y += energy * scale + gap
    return tops


def _nodes(
    ends: Sequence[tuple[str, int]],
    tops: Sequence[float],
    scale: float,
    side: str,
    urls: dict[str, str],
    to_grid: str,
) -> list[Node]:
    nodes, below = [], -LEAST_LABEL
    for (name, energy), top in zip(ends, tops, strict=True):
        height = energy * scale
        below = max(top + height / 2, below + LEAST_LABEL)
        x = LEFT if side == "l" else RIGHT
        meaning = "export" if name == to_grid else "production" if side == "l" else "use"
        nodes.append(Node(name, urls.get(name, ""), meaning, energy, _node(x, top, height), f"{below + 5:.1f}", side))
    return nodes


def _node(x: float, y: float, height: float) -> str:
    return f"M{x} {y:.1f}h{NODE}v{max(height, 0.5):.1f}H{x}z"


def _ribbon(x0: float, y0: float, x1: float, y1: float, height: float) -> str:
    bend = (x0 + x1) / 2
    return (
        f"M{x0:g} {y0:.1f}C{bend:g} {y0:.1f} {bend:g} {y1:.1f} {x1:g} {y1:.1f}v{height:.1f}"
        f"C{bend:g} {y1 + height:.1f} {bend:g} {y0 + height:.1f} {x0:g} {y0 + height:.1f}z"
    )
