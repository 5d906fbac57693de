"""Tables as XLSX: numbers are numbers, dates are dates, and no text of a person is ever a formula."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from django.http import HttpResponse

from cercollettiva.domain.cells import harmless
from cercollettiva.web.csv_files import csv_answer

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Cell = str | int | Decimal | date | None


def xlsx_bytes(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A workbook of one sheet, its head frozen."""
    import xlsxwriter  # takes a tenth of a second to import

    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(name[:31])
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy"})
    money = book.add_format({"num_format": "#,##0.00"})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(header) - 1, 18)
    for column, title in enumerate(header):
        sheet.write_string(0, column, harmless(title), bold)
    for line, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            if cell is None or cell == "":
                continue
            if isinstance(cell, date):
                sheet.write_datetime(line, column, cell, day)
            elif isinstance(cell, Decimal):
                sheet.write_number(line, column, float(cell), money)
            elif isinstance(cell, int):
                sheet.write_number(line, column, cell)
            else:
                sheet.write_string(line, column, harmless(cell))
    book.close()
    return file.getvalue()


def download(content: bytes, name: str, content_type: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def xlsx_answer(name: str, sheet: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    return download(xlsx_bytes(sheet, header, rows), name, XLSX)


def pdf_answer(content: bytes, name: str) -> HttpResponse:
    """Shown by the browser, with a name for whoever keeps it."""
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def csv_download(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> HttpResponse:
    """The same table as CSV, its days as people write them."""
    written = ([f"{cell:%d/%m/%Y}" if isinstance(cell, date) else cell for cell in row] for row in rows)
    return csv_answer(name, header, written)
