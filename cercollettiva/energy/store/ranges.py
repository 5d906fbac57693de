"""Rows of many subjects, each over a range of its own, in one trip."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from cercollettiva.energy.store.columns import Columns, Kind, instant, joined, read

HOUR_US: Final = 3_600_000_000
_WANTED_OF_JSON: Final = (
    "(SELECT json_extract(value, '$[0]') AS subject, json_extract(value, '$[1]') AS lo,"
    " json_extract(value, '$[2]') AS hi FROM json_each(%s)) AS wanted"
)


class Ranges(NamedTuple):
    """For each subject a half-open range [start, end); a subject may come several times. (n,) [us]"""

    subject: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


def covering(subject: NDArray[np.int64], start: NDArray[np.int64], length_us: int) -> Ranges:
    """The ranges that pieces of one length make up, neighbours joined. Input in any order, without doubles."""
    order = np.lexsort((start, subject))
    subject, start = subject[order], start[order]
    if not len(start):
        return Ranges(subject, start, start)
    begins = np.concatenate(([True], (subject[1:] != subject[:-1]) | (start[1:] != start[:-1] + length_us)))
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(start)) - 1
    return Ranges(subject[first], start[first], start[last] + length_us)


def read_ranges(
    using: str,
    select: Mapping[str, tuple[Kind, str]],
    table: str,
    ranges: Ranges,
    *,
    subject: str,
    time: str,
    where: str = "TRUE",
    params: Sequence[Any] = (),
    select_params: Sequence[Any] = (),
) -> Columns:
    """The rows of a table in those ranges, in no order. The names in `subject`, `time` and `where` are columns.

    `params` are of `where`, `select_params` of the expressions in `select`.
    """
    kinds = {name: kind for name, (kind, _) in select.items()}
    if not len(ranges.subject):
        return joined([], kinds)
    starts, ends = ([instant(moment) for moment in side] for side in (ranges.start, ranges.end))
    if connections[using].vendor == "postgresql":
        wanted = "unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS wanted(subject, lo, hi)"
        asked = [ranges.subject.tolist(), starts, ends]
    else:
        wanted = _WANTED_OF_JSON
        as_text = connections[using].ops.adapt_datetimefield_value
        sides = ([as_text(moment) for moment in side] for side in (starts, ends))
        asked = [json.dumps(list(zip(ranges.subject.tolist(), *sides, strict=True)))]
    # CROSS JOIN: SQLite then keeps the order, and looks each range up in the index of the table.
    tail = (
        f"FROM {wanted} CROSS JOIN {table}"
        f" WHERE {subject} = wanted.subject AND {time} >= wanted.lo AND {time} < wanted.hi AND {where}"
    )
    return read(using, select, tail, [*select_params, *asked, *params])
