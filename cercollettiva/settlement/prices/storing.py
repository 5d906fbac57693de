"""Prices into rows: what is there and alike stays, what differs becomes a new version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from django.db import transaction

from cercollettiva.settlement.models import ZonalPrice
from cercollettiva.settlement.prices.reading import Price

BATCH: Final = 2000


class Stored(NamedTuple):
    """What became of the prices of a file."""

    added: int
    corrected: int
    unchanged: int


@transaction.atomic
def store_prices(prices: Sequence[Price], *, source: str, now: datetime) -> Stored:
    """Store the prices of one file, all of them or none; twice changes nothing."""
    if not prices:
        return Stored(0, 0, 0)
    known = _newest(prices)
    rows, corrected = [], 0
    for price in prices:
        version, before = known.get(price[:3], (0, None))
        if before == price.price:
            continue
        corrected += version > 0
        rows.append(ZonalPrice(**price._asdict(), version=version + 1, source=source, recorded_at=now))
    ZonalPrice.objects.bulk_create(rows, batch_size=BATCH)
    return Stored(len(rows) - corrected, corrected, len(prices) - len(rows))


def _newest(prices: Sequence[Price]) -> dict[tuple[str, datetime, int], tuple[int, Decimal | None]]:
    """The newest version and its price, of each zone and instant around these."""
    starts = [price.start for price in prices]
    rows = ZonalPrice.objects.filter(
        zone__in={price.zone for price in prices}, start__gte=min(starts), start__lte=max(starts)
    ).order_by("version")
    return {
        (zone, start, minutes): (version, price)
        for zone, start, minutes, version, price in rows.values_list("zone", "start", "minutes", "version", "price")
    }
