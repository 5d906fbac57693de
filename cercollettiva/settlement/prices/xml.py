"""The daily XML of the day-ahead market: `Prezzi` by hour, `Prezzi15` by quarter-hour, a column for each zone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from cercollettiva.domain.settlement.zones import ZONES
from cercollettiva.settlement.prices.reading import HOUR, QUARTER, BadPrices, Price, day_of, price_of, start_of

MARKET: Final = "MGP"
SHAPES: Final = {"Prezzi": ("Ora", HOUR), "Prezzi15": ("Periodo", QUARTER)}


def prices_in_xml(content: bytes, where: str) -> Iterator[Price]:
    """The prices of our zones; raises BadPrices."""
    try:
        root = fromstring(content)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise BadPrices(where, f"non è XML: {error}") from error
    rows = [row for row in root.iter() if _name(row) in SHAPES]
    if not rows:
        raise BadPrices(where, "nessuna riga Prezzi o Prezzi15")
    for number, row in enumerate(rows, start=1):
        yield from _prices_of(row, f"{where}, riga {number}")


def _prices_of(row: Any, where: str) -> Iterator[Price]:
    ordinal_name, minutes = SHAPES[_name(row)]
    values = {_name(each): (each.text or "").strip() for each in row}
    if values.get("Mercato", MARKET) != MARKET:
        raise BadPrices(where, f"mercato {values['Mercato']}: servono i prezzi di {MARKET}")
    missing = [name for name in ("Data", ordinal_name) if not values.get(name)]
    if missing:
        raise BadPrices(where, f"manca {missing[0]}")
    zones = [zone for zone in ZONES if values.get(zone)]
    if not zones:
        raise BadPrices(where, "nessuna zona di mercato")
    try:
        start = start_of(day_of(values["Data"]), int(values[ordinal_name]), minutes)
        for zone in zones:
            yield Price(zone, start, minutes, price_of(values[zone]))
    except ValueError as error:
        raise BadPrices(where, str(error)) from error


def _name(element: Any) -> str:
    """The name without its namespace."""
    return str(element.tag).rpartition("}")[2]
