"""Files as people make them: with or without a byte order mark, with the line ends of any machine."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from cercollettiva.settlement.offline.faults import Faults


def text_of(path: Path, faults: Faults) -> str | None:
    """The text of a file; None where it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        faults.add(path.name, 1, f"il file non si può leggere: {error.strerror}")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        faults.add(path.name, line, "non è testo UTF-8")
    return None


def rows_of(path: Path, columns: Sequence[str], faults: Faults) -> Iterator[tuple[int, list[str]]]:
    """The rows under the header with their line, in the order of `columns` whatever that of the file is."""
    text = text_of(path, faults)
    if text is None:
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    order: list[int] | None = None
    try:
        for row in reader:
            if not row or not any(field.strip() for field in row):
                continue
            if order is None:
                order = _order(path.name, reader.line_num, row, columns, faults)
                if order is None:
                    return
            elif len(row) != len(columns):
                faults.add(path.name, reader.line_num, f"{len(row)} campi, ne servono {len(columns)}")
            else:
                yield reader.line_num, [row[place] for place in order]
            if faults.are_many:
                return
    except csv.Error as error:
        faults.add(path.name, reader.line_num, f"non è CSV: {error}")
    if order is None:
        faults.add(path.name, 1, f"manca l'intestazione: {','.join(columns)}")


def _order(file: str, line: int, header: list[str], columns: Sequence[str], faults: Faults) -> list[int] | None:
    names = [name.strip() for name in header]
    if sorted(names) != sorted(columns):
        faults.add(file, line, f"intestazione {','.join(names)!r}: deve essere {','.join(columns)}")
        return None
    return [names.index(column) for column in columns]
