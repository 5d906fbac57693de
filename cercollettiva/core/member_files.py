"""Reading a list of members: XLSX or CSV to rows of plain text, whatever program wrote it."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, Final

from django.utils.translation import gettext as _

MOST_BYTES: Final = 5 * 1024 * 1024
MOST_UNPACKED: Final = 100 * 1024 * 1024
MOST_ROWS: Final = 10_000
MOST_COLUMNS: Final = 60
MOST_CHARACTERS: Final = 1000  # of a cell


class BadFile(Exception):
    """A file that is no list; its text says why."""


def read_table(name: str, content: bytes) -> list[list[str]]:
    """Every row, the headings first; empty rows are left out. Raises BadFile."""
    if len(content) > MOST_BYTES:
        raise BadFile(_("Il file supera 5 MB: dividilo in più file."))
    rows = _of_xlsx(content) if content.startswith(b"PK") else _of_csv(content)
    table: list[list[str]] = []
    for row in rows:
        cells = [_text(cell) for cell in row[:MOST_COLUMNS]]
        while cells and not cells[-1]:
            cells.pop()
        if cells or table:
            table.append(cells)
        if len(table) > MOST_ROWS + 1:
            raise BadFile(_("Il file ha più di 10.000 righe: dividilo in più file."))
    if len([row for row in table if row]) < 2:
        raise BadFile(_("Nel file non ci sono righe: la prima ha le intestazioni, dalla seconda un socio per riga."))
    return table


def _of_xlsx(content: bytes) -> Iterator[list[Any]]:
    from openpyxl import load_workbook  # takes a second to import

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked <= MOST_UNPACKED:
            sheet: Any = load_workbook(io.BytesIO(content), read_only=True, data_only=True).active
            for row in sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS):
                yield list(row)
    except Exception as error:  # openpyxl raises whatever it stumbles upon: to a person it is one thing
        raise BadFile(_("Il foglio non si può aprire: salvalo di nuovo come .xlsx o come CSV.")) from error
    if unpacked > MOST_UNPACKED:
        raise BadFile(_("Il foglio è troppo grande una volta aperto: dividilo in più file."))


def _of_csv(content: bytes) -> Iterable[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")  # what an Italian Excel writes
    if "\0" in text:
        raise BadFile(_("Non è un CSV né un foglio .xlsx: salvalo in uno di questi formati."))
    first = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise BadFile(_("Il CSV ha una cella che non finisce: controlla le virgolette.")) from error


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(str(cell).replace("\0", "").split())[:MOST_CHARACTERS]
