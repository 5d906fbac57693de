"""Rows of many subjects, each over a range of its own, in one trip where the database can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from django.db import connections
from numpy.typing import NDArray

from cercollettiva.energy.store.columns import Columns, Kind, instant, joined, read

HOUR_US: Final = 3_600_000_000


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
        tail = (
            "FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS wanted(subject, lo, hi)"
            f" JOIN {table} ON {subject} = wanted.subject AND {time} >= wanted.lo AND {time} < wanted.hi WHERE {where}"
        )
        return read(using, select, tail, [*select_params, ranges.subject.tolist(), starts, ends, *params])
    tail = f"FROM {table} WHERE {subject} = %s AND {time} >= %s AND {time} < %s AND {where}"
    as_text = connections[using].ops.adapt_datetimefield_value
    parts = [
        read(using, select, tail, [*select_params, key, as_text(start), as_text(end), *params])
        for key, start, end in zip(ranges.subject.tolist(), starts, ends, strict=True)
    ]
    return joined(parts, kinds)
