"""Rows as XLSX: numbers are numbers, times are times, texts are never formulas; a sheet says what one must know."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

from cercollettiva.api.exports.table import Table, energies_of, powers_of
from cercollettiva.api.fields import kwh, rounded
from cercollettiva.domain.calendar import ITALY
from cercollettiva.domain.cells import harmless

CHUNK: Final = 65_536


def written(table: Table) -> Iterator[bytes]:
    """Written to a file row by row, then sent."""
    with tempfile.TemporaryFile() as file:
        write(table, file)
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk


def write(table: Table, file: IO[bytes]) -> None:
    import xlsxwriter

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": False}
    book = xlsxwriter.Workbook(file, options)
    about, data = book.add_worksheet(_("Informazioni")), book.add_worksheet(_("Dati"))
    formats = {
        "time": book.add_format({"num_format": "dd/mm/yyyy hh:mm"}),
        "energy": book.add_format({"num_format": "#,##0.000000"}),
        "power": book.add_format({"num_format": "#,##0.0"}),
        "share": book.add_format({"num_format": "0.0%"}),
        "bold": book.add_format({"bold": True}),
    }
    _write_data(table, data, formats)
    _write_about(table, about, formats)
    data.activate()
    book.close()


def _write_data(table: Table, sheet: Any, formats: dict[str, Any]) -> None:
    for column, name in enumerate(_header()):
        sheet.write_string(0, column, name, formats["bold"])
    for number, row in enumerate(table.counted(), 1):
        for column, moment in enumerate((row.start, row.end)):
            sheet.write_datetime(number, column, _naive(moment), formats["time"])
        sheet.write_string(number, 2, row.start.strftime("%Y-%m-%dT%H:%M:%SZ"))
        for column, mwh in enumerate(energies_of(row).values(), 3):
            _write_number(sheet, number, column, kwh(mwh), formats["energy"])
        for column, watts in enumerate(powers_of(row).values(), 7):
            _write_number(sheet, number, column, rounded(watts), formats["power"])
        sheet.write_number(number, 9, row.coverage, formats["share"])
        sheet.write_string(number, 10, harmless(str(row.quality.label)))
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 10, 20)


def _header() -> list[str]:
    return [
        *(_("inizio"), _("fine"), _("inizio (UTC)"), _("prelevata (kWh)"), _("immessa (kWh)"), _("saldo (kWh)")),
        *(_("prodotta (kWh)"), _("potenza massima (W)"), _("potenza media (W)"), _("copertura"), _("qualità")),
    ]


def _write_number(sheet: Any, row: int, column: int, value: float | None, form: Any) -> None:
    """An empty cell where nothing is known: zero would be a measure."""
    if value is not None:
        sheet.write_number(row, column, value, form)


def _write_about(table: Table, sheet: Any, formats: dict[str, Any]) -> None:
    share = table.covered / table.count if table.count else 0.0
    lines = [
        (_("Soggetto"), harmless(table.subject)),
        (
            _("Origine"),
            harmless(f"CerCollettiva, {settings.SITE_URL}: {_('registri e registrazioni dei misuratori')}"),
        ),
        (_("Periodo"), f"{_local(table.start)} – {_local(table.end)} ({table.period})"),
        (_("Fuso orario"), f"{settings.LOCAL_TIME_ZONE} {_('(una colonna è in UTC)')}"),
        (_("Completezza"), f"{share * 100:.1f} % ({table.complete}/{table.count})"),
        (_("Righe senza alcun dato"), str(table.count - table.known)),
        (_("Generato il"), _local(table.made_at)),
    ]
    for number, (name, text) in enumerate(lines):
        sheet.write_string(number, 0, name, formats["bold"])
        sheet.write_string(number, 1, text)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 70)


def _local(moment: datetime) -> str:
    return moment.astimezone(ITALY).strftime("%d/%m/%Y %H:%M")


def _naive(moment: datetime) -> datetime:
    """The Italian clock: a spreadsheet knows no zones."""
    return moment.astimezone(ITALY).replace(tzinfo=None)
