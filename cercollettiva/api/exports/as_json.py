"""Rows as JSON, some thousand at a time: a year of quarter-hours is never in memory at once as text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import orjson

from cercollettiva.api.exports.table import Table, energies_of, powers_of
from cercollettiva.api.fields import kwh, local, rounded
from cercollettiva.energy.queries import PeriodTotal

AT_ONCE: Final = 2000


def written(table: Table) -> Iterator[bytes]:
    """In the form of a page of DRF's: all of it is one page."""
    yield b'{"count":%d,"next":null,"previous":null,"results":[' % table.count
    rows, comma = iter(table.rows), b""
    while some := list(islice(rows, AT_ONCE)):
        yield comma + orjson.dumps([told(row) for row in some])[1:-1]
        comma = b","
    yield b"]}"


def told(row: PeriodTotal) -> dict[str, Any]:
    return {
        "start_time": local(row.start),
        "end_time": local(row.end),
        **{name: kwh(mwh) for name, mwh in energies_of(row).items()},
        **{name: rounded(watts) for name, watts in powers_of(row).items()},
        "coverage": rounded(row.coverage, 4),
        "quality": row.quality.name,
    }
