"""The yearly sheet of a zone, `<from>_<to>_MGP_PrezziZonali_<Zona>.xlsx`: day, ordinal hour, price with a comma."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from cercollettiva.domain.settlement.zones import ZONES
from cercollettiva.settlement.prices.reading import (
    HOUR,
    QUARTER,
    BadPrices,
    Price,
    day_of,
    possible,
    price_of,
    start_of,
)

_ZONE: Final = re.compile(r"PrezziZonali_([A-Za-z]+)", re.IGNORECASE)
ORDINALS: Final = {"ora": HOUR, "periodo": QUARTER}


def zone_of(name: str) -> str:
    """The zone in a file's name; raises BadPrices."""
    found = _ZONE.search(name)
    zone = found.group(1).upper() if found else ""
    if zone not in ZONES:
        raise BadPrices(name, f"il nome deve finire con PrezziZonali_ e una zona: {', '.join(ZONES)}")
    return zone


def prices_in_xlsx(content: bytes, name: str) -> Iterator[Price]:
    """The prices of the zone in the file's name; raises BadPrices."""
    zone = zone_of(name)
    try:
        sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
        rows = enumerate(sheet.iter_rows(values_only=True), start=1)
        minutes, columns = _header(rows, name)
        for number, row in rows:
            if any(cell is not None for cell in row):
                yield _price(row, columns, zone, minutes, f"{name}, riga {number}")
    except (BadZipFile, InvalidFileException, KeyError, IndexError, OSError) as error:
        raise BadPrices(name, f"non è un foglio XLSX: {error}") from error


def _header(rows: Iterator[tuple[int, Sequence[Any]]], name: str) -> tuple[int, tuple[int, int, int]]:
    """The length of a period, and the columns of day, ordinal and price, from the first row that names them."""
    for _, row in rows:
        words = [str(cell or "").strip().lower() for cell in row]
        ordinal = next((word for word in words if word in ORDINALS), None)
        if "data" in words and ordinal:
            places = words.index("data"), words.index(ordinal)
            price = next((place for place, word in enumerate(words) if word and place not in places), None)
            if price is not None:
                return ORDINALS[ordinal], (*places, price)
    raise BadPrices(name, "manca la riga con Data, Ora e il prezzo")


def _price(row: Sequence[Any], columns: tuple[int, int, int], zone: str, minutes: int, where: str) -> Price:
    day, ordinal, price = (row[place] if place < len(row) else None for place in columns)
    try:
        return Price(zone, start_of(_day(day), _whole(ordinal), minutes), minutes, _number(price))
    except ValueError as error:
        raise BadPrices(where, str(error)) from error


def _day(cell: Any) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    return cell if isinstance(cell, date) else day_of(str(cell))


def _whole(cell: Any) -> int:
    number = float(str(cell))
    if number != int(number):
        raise ValueError(f"{cell} non è il numero di un'ora")
    return int(number)


def _number(cell: Any) -> Decimal:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return possible(Decimal(str(cell)))
    return price_of(str(cell))
