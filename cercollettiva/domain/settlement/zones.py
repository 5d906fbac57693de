"""Where a region lies, for the premium and for the market: two tables, because they differ (Umbria, Abruzzo, Sardegna).

The premium's correction has three parts of Italy (DM 414/2023, annex 1); the zones of the day-ahead market are seven,
as drawn since 1 January 2021 (ARERA 103/2019/R/eel): Umbria in the Centre South, Calabria a zone of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from cercollettiva.domain.settlement.errors import UnknownWord
from cercollettiva.domain.settlement.words import MacroZone

Z = TypeVar("Z", bound=str)
N, C, S = MacroZone.NORTH, MacroZone.CENTRE, MacroZone.SOUTH

MACRO_ZONES: Final[Mapping[str, MacroZone]] = {
    "Abruzzo": C,
    "Basilicata": S,
    "Calabria": S,
    "Campania": S,
    "Emilia-Romagna": N,
    "Friuli-Venezia Giulia": N,
    "Lazio": C,
    "Liguria": N,
    "Lombardia": N,
    "Marche": C,
    "Molise": S,
    "Piemonte": N,
    "Puglia": S,
    "Sardegna": S,
    "Sicilia": S,
    "Toscana": C,
    "Trentino-Alto Adige": N,
    "Umbria": C,
    "Valle d'Aosta": N,
    "Veneto": N,
}

MARKET_ZONES: Final[Mapping[str, str]] = {
    "Abruzzo": "CSUD",
    "Basilicata": "SUD",
    "Calabria": "CALA",
    "Campania": "CSUD",
    "Emilia-Romagna": "NORD",
    "Friuli-Venezia Giulia": "NORD",
    "Lazio": "CSUD",
    "Liguria": "NORD",
    "Lombardia": "NORD",
    "Marche": "CNOR",
    "Molise": "SUD",
    "Piemonte": "NORD",
    "Puglia": "SUD",
    "Sardegna": "SARD",
    "Sicilia": "SICI",
    "Toscana": "CNOR",
    "Trentino-Alto Adige": "NORD",
    "Umbria": "CSUD",
    "Valle d'Aosta": "NORD",
    "Veneto": "NORD",
}

ZONES: Final = ("NORD", "CNOR", "CSUD", "SUD", "CALA", "SICI", "SARD")


def macro_zone(region: str) -> MacroZone:
    """The part of Italy on which the premium's correction depends; raises UnknownWord."""
    return _found(MACRO_ZONES, region)


def market_zone(region: str) -> str:
    """The zone of the market whose price counts; raises UnknownWord."""
    return _found(MARKET_ZONES, region)


def _found(table: Mapping[str, Z], region: str) -> Z:
    if region not in table:
        raise UnknownWord("Regione", region, table)
    return table[region]
