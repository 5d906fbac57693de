"""Rows as JSON, some thousand at a time: a year of quarter-hours is never in memory at once as text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import orjson

from cercollettiva.api.exports.table import Table, net_mwh
from cercollettiva.api.fields import MWH_PER_KWH
from cercollettiva.domain.calendar import ITALY
from cercollettiva.energy.models import IntervalQuality
from cercollettiva.energy.queries import PeriodTotal

AT_ONCE: Final = 2000
_QUALITIES: Final = {quality: quality.name for quality in IntervalQuality}


def written(table: Table) -> Iterator[bytes]:
    """In the form of a page of DRF's: all of it is one page."""
    yield b'{"count":%d,"next":null,"previous":null,"results":[' % table.count
    rows, comma = iter(table.rows), b""
    while some := list(islice(rows, AT_ONCE)):
        yield comma + orjson.dumps([told(row) for row in some])[1:-1]
        comma = b","
    yield b"]}"


def told(row: PeriodTotal) -> dict[str, Any]:
    """orjson writes the instants, with the offset of their zone."""
    net = net_mwh(row)
    return {
        "start_time": row.start.astimezone(ITALY),
        "end_time": row.end.astimezone(ITALY),
        "energy_in": None if row.drawn_mwh is None else row.drawn_mwh / MWH_PER_KWH,
        "energy_out": None if row.injected_mwh is None else row.injected_mwh / MWH_PER_KWH,
        "net_energy": None if net is None else net / MWH_PER_KWH,
        "energy_produced": None if row.produced_mwh is None else row.produced_mwh / MWH_PER_KWH,
        "peak_power": None if row.peak_w is None else round(row.peak_w, 1),
        "avg_power": None if row.mean_w is None else round(row.mean_w, 1),
        "coverage": round(row.coverage, 4),
        "quality": _QUALITIES[row.quality],
    }
