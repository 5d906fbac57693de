"""The map of a plant: outlines of Italy's regions, no tile server. `frontend/outlines.js` draws them.

A point stands at x = longitude * cos(42°), y = -latitude, both in hundredths of a degree.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from cercollettiva.core.models import Plant
from cercollettiva.web.formats import ROME

__all__ = ["BOXES", "ROME", "Map", "Pin", "map_of", "pins", "point"]

SCALE: Final = 100 * math.cos(math.radians(42))
ITALY: Final = (490.0, -4720.0, 890.0, 1180.0)
BOXES: Final[dict[str, list[float]]] = json.loads((Path(__file__).parent / "region_boxes.json").read_text())
MARGIN: Final = 0.08  # around a region
CLOSE: Final = 60.0  # how much one sees around a pin


class Pin(NamedTuple):
    """Where a plant is on the map."""

    x: float
    y: float
    name: str = ""
    pk: int | None = None


class Map(NamedTuple):
    """What a map shows: its box, and the pin if there is one."""

    left: float
    top: float
    width: float
    height: float
    pin: Pin | None

    @property
    def box(self) -> str:
        return " ".join(f"{value:.1f}" for value in self[:4])


def point(latitude: float, longitude: float) -> tuple[float, float]:
    return round(longitude * SCALE, 2), round(-latitude * 100, 2)


def map_of(region: str, latitude: float | None, longitude: float | None) -> Map:
    """Around the pin, else the region, else all of Italy."""
    left, top, width, height = ITALY
    if region in BOXES:
        left, top, width, height = BOXES[region]
        left, top = left - MARGIN * width, top - MARGIN * height
        width, height = width * (1 + 2 * MARGIN), height * (1 + 2 * MARGIN)
    if latitude is None or longitude is None:
        return Map(left, top, width, height, None)
    x, y = point(latitude, longitude)
    return Map(x - CLOSE, y - CLOSE, 2 * CLOSE, 2 * CLOSE, Pin(x, y))


def pins(plants: Iterable[Plant]) -> dict[str, Any] | None:
    """The pins of plants with the box that holds them all; None where there is none."""
    placed = [
        Pin(*point(float(plant.latitude), float(plant.longitude)), plant.name, plant.pk)
        for plant in plants
        if plant.latitude is not None and plant.longitude is not None
    ]
    if not placed:
        return None
    left, right = min(pin.x for pin in placed) - CLOSE, max(pin.x for pin in placed) + CLOSE
    top, bottom = min(pin.y for pin in placed) - CLOSE, max(pin.y for pin in placed) + CLOSE
    return {
        "pins": placed,
        "box": f"{left:.1f} {top:.1f} {right - left:.1f} {bottom - top:.1f}",
        "size": max(right - left, bottom - top),
    }
