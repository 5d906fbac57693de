"""A row of a CSV file, as bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from cercollettiva.domain.cells import harmless


def csv_line(values: Iterable[object]) -> bytes:
    """Times as ISO 8601; a text that a spreadsheet would run gets an apostrophe in front; what is missing is empty."""
    line = io.StringIO()
    csv.writer(line).writerow([_written(value) for value in values])
    return line.getvalue().encode()


def _written(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return harmless(value) if isinstance(value, str) else value
