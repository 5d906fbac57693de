"""From readings to quarter-hours and their totals.

`dirty` (what must be computed again) -> `readings` (what the meters said around it) -> `devices` (quarter-hours of a
device, by `domain`) -> `totals` (hours to years of devices, plants and communities). `run` does it all.
"""

from __future__ import annotations

from cercollettiva.energy.aggregation.dirty import mark_changed
from cercollettiva.energy.aggregation.run import Aggregated, aggregate, total_up

__all__ = ["Aggregated", "aggregate", "mark_changed", "total_up"]
