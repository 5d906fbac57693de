"""What a calculation asks for that was published: prices by the hour, parameters by the day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

import numpy as np

from cercollettiva.domain.calendar import Range, local_date, midnight
from cercollettiva.domain.settlement.errors import MissingParameter, MissingPrices
from cercollettiva.domain.sharing import QUARTERS_OF_AN_HOUR, Floats
from cercollettiva.settlement.models import TariffParameter, ZonalPrice

HOUR: Final = timedelta(hours=1)
QUARTER: Final = timedelta(minutes=15)
DAY: Final = timedelta(days=1)


class Prices(NamedTuple):
    """The hourly prices of a zone, and which rows they came from."""

    eur_mwh: Floats  # (hours,)
    version: str


class Parameter(NamedTuple):
    """A published value over some hours, and which rows it came from."""

    eur_mwh: Floats  # (hours,)
    versions: tuple[str, ...]


def hourly_prices(zone: str, period: Range) -> Prices:
    """The newest price of each hour; raises MissingPrices, which names the hours.

    Where only quarter-hours were published, as since October 2025, an hour's price is their mean (assumption), and all
    four must be there.
    """
    rows = (
        ZonalPrice.objects.filter(zone=zone, start__gte=period.start, start__lt=period.end)
        .order_by("version")
        .values_list("start", "minutes", "price", "recorded_at")
    )
    hourly = np.full(period.hours, np.nan)
    quarters = np.full(period.hours * QUARTERS_OF_AN_HOUR, np.nan)
    newest: datetime | None = None
    for start, minutes, price, recorded_at in rows:
        if minutes == 60:
            hourly[(start - period.start) // HOUR] = price
        else:
            quarters[(start - period.start) // QUARTER] = price
        newest = recorded_at if newest is None else max(newest, recorded_at)
    means = quarters.reshape(-1, QUARTERS_OF_AN_HOUR).mean(axis=1)
    prices = np.where(np.isnan(hourly), means, hourly)
    missing = np.flatnonzero(np.isnan(prices))
    if len(missing):
        raise MissingPrices([period.start + int(hour) * HOUR for hour in missing])
    return Prices(prices, f"{zone} {newest.isoformat() if newest else ''}".strip())


def parameter(name: str, period: Range) -> Parameter:
    """A parameter's value in each hour, by the local day it is in force from; raises MissingParameter."""
    rows = list(TariffParameter.objects.filter(name=name, valid_from__lt=local_date(period.end) + DAY))
    rows.sort(key=lambda row: (row.valid_from, row.version))
    values = np.full(period.hours, np.nan)
    used = np.full(period.hours, -1)
    for place, row in enumerate(rows):
        first = max((midnight(row.valid_from) - period.start) // HOUR, 0)
        values[first:], used[first:] = float(row.value), place
    if np.isnan(values).any():
        raise MissingParameter(name, local_date(period.start))
    return Parameter(values, tuple(str(rows[place]) for place in np.unique(used)))
