"""Tables as workbooks: a first sheet that says what they are, a second with the rows, figures as numbers.

A text stays a text, whatever it begins with: nothing of it runs as a formula.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import xlsxwriter
from django.http import HttpResponse
from django.utils.translation import gettext as _

from cercollettiva.domain.calendar import ITALY

TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Cell = str | Decimal | int | datetime | None  # None stays empty: missing is not zero


def workbook(about: Sequence[tuple[str, str]], header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The whole file. Instants are written as the Italian clock shows them."""
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        first = book.add_worksheet(_("Informazioni"))
        first.set_column(0, 0, 24)
        first.set_column(1, 1, 70)
        for row, (name, text) in enumerate(about):
            first.write_string(row, 0, name, bold)
            first.write_string(row, 1, text)
        sheet = book.add_worksheet(_("Dati"))
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(header), 18)
        for column, name in enumerate(header):
            sheet.write_string(0, column, name, bold)
        for row, cells in enumerate(rows, start=1):
            for column, cell in enumerate(cells):
                if isinstance(cell, str):
                    sheet.write_string(row, column, cell)
                elif isinstance(cell, datetime):
                    sheet.write_datetime(row, column, cell.astimezone(ITALY).replace(tzinfo=None), moment)
                elif cell is not None:
                    sheet.write_number(row, column, float(cell))
    return file.getvalue()


def workbook_answer(
    name: str, about: Sequence[tuple[str, str]], header: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> HttpResponse:
    """A download under a plain name."""
    answer = HttpResponse(workbook(about, header, rows), content_type=TYPE)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
