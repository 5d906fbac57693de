"""What the GME writes: days, ordinal hours and quarters of the local day, prices with a decimal comma."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from cercollettiva.domain.calendar import day_range

HOUR: Final = 60
QUARTER: Final = 15
HIGHEST: Final = Decimal(100_000)
SIX_PLACES: Final = Decimal("0.000001")
_NUMBER: Final = re.compile(r"-?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+(?=,))(,[0-9]+)?")
_DAYS: Final = (
    re.compile(r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"),
    re.compile(r"(?P<d>[0-9]{1,2})/(?P<m>[0-9]{1,2})/(?P<y>[0-9]{4})"),
)


class BadPrices(ValueError):
    """A file of prices that cannot be right: where, and what is wrong."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")


class Price(NamedTuple):
    """The price of a zone over an hour or a quarter-hour. [EUR/MWh]"""

    zone: str
    start: datetime
    minutes: int
    price: Decimal


def day_of(text: str) -> date:
    """A day as 20250330 or 30/03/2025; raises ValueError."""
    for pattern in _DAYS:
        if found := pattern.fullmatch(text.strip()):
            return date(int(found["y"]), int(found["m"]), int(found["d"]))
    raise ValueError(f"{text!r} non è una data")


def start_of(day: date, ordinal: int, minutes: int) -> datetime:
    """The first instant of the n-th hour or quarter of a local day, which has 23, 24 or 25 hours; raises ValueError."""
    period = day_range(day)
    count = period.hours * HOUR // minutes
    if not 1 <= ordinal <= count:
        raise ValueError(f"il {day:%d/%m/%Y} ha {count} periodi da {minutes} minuti: il numero {ordinal} non c'è")
    return period.start + (ordinal - 1) * timedelta(minutes=minutes)


def price_of(text: str) -> Decimal:
    """A price as `1.234,56`; raises ValueError. A dot alone would be thousands or decimals: it is refused."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} non è un prezzo, per esempio 1.234,56")
    return possible(Decimal(text.replace(".", "").replace(",", ".")))


def possible(price: Decimal) -> Decimal:
    """The price as it is stored, with six places; raises ValueError where no market could have made it."""
    if not price.is_finite() or abs(price) >= HIGHEST:
        raise ValueError(f"{price} €/MWh non è possibile")
    return price.quantize(SIX_PLACES)
