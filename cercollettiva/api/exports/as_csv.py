"""Rows as CSV: Italian (`;`, decimal commas, a BOM, the Italian clock) or international (`,`, points, UTC)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Final

from django.utils.translation import gettext as _

from cercollettiva.api.exports.table import UNITS, Table, energies_of, powers_of
from cercollettiva.api.fields import rounded
from cercollettiva.domain.calendar import ITALY
from cercollettiva.domain.cells import harmless
from cercollettiva.energy.queries import PeriodTotal

BOM: Final = "\ufeff"
AT_ONCE: Final = 2000


def written(table: Table, *, italian: bool) -> Iterator[bytes]:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";" if italian else ",", lineterminator="\r\n")
    if italian:
        file.write(BOM)
    writer.writerow(header(italian=italian))
    subject, rows = harmless(table.subject), iter(table.rows)
    while some := list(islice(rows, AT_ONCE)):
        writer.writerows(_cells(row, subject, italian=italian) for row in some)
        yield _taken(file)
    yield _taken(file)


def header(*, italian: bool) -> list[str]:
    if not italian:
        columns = ("energy_in", "energy_out", "net_energy", "energy_produced", "peak_power", "avg_power")
        units = [f"{name}_{UNITS[name].lower()}" for name in columns]
        return ["subject", "start_time", "end_time", *units, "coverage", "quality"]
    return [
        *(_("soggetto"), _("inizio"), _("fine"), _("inizio (UTC)"), _("prelevata (kWh)"), _("immessa (kWh)")),
        *(_("saldo (kWh)"), _("prodotta (kWh)"), _("potenza massima (W)"), _("potenza media (W)")),
        *(_("copertura (%)"), _("qualità")),
    ]


def _cells(row: PeriodTotal, subject: str, *, italian: bool) -> list[str]:
    numbers = [
        *("" if mwh is None else f"{Decimal(mwh).scaleb(-6):.6f}" for mwh in energies_of(row).values()),
        *("" if (watts := rounded(value)) is None else f"{watts:.1f}" for value in powers_of(row).values()),
    ]
    utc = row.start.strftime("%Y-%m-%dT%H:%M:%SZ")
    if not italian:
        end = row.end.strftime("%Y-%m-%dT%H:%M:%SZ")
        return [subject, utc, end, *numbers, f"{row.coverage:.4f}", row.quality.name]
    times = [moment.astimezone(ITALY).strftime("%d/%m/%Y %H:%M") for moment in (row.start, row.end)]
    commas = [number.replace(".", ",") for number in (*numbers, f"{row.coverage * 100:.1f}")]
    return [subject, *times, utc, *commas, harmless(str(row.quality.label))]


def _taken(file: io.StringIO) -> bytes:
    text = file.getvalue()
    file.seek(0)
    file.truncate()
    return text.encode()
