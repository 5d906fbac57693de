"""What the demo's energy is worth: invented prices, a sample of TRASE, the starting rule, a year of estimates."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Max

from cercollettiva.core.models import CERConfiguration
from cercollettiva.domain.calendar import ITALY, Range, Span, day_range, local_date, range_of
from cercollettiva.settlement.estimates import MONTHS_SHOWN, estimate_due, estimate_months
from cercollettiva.settlement.models import DistributionRule, ParameterName, SettlementRun, TariffParameter, ZonalPrice
from cercollettiva.settlement.operations import write_rule

INVENTED: Final = "prezzi inventati per la dimostrazione"
EXAMPLE: Final = "valore di esempio per la dimostrazione"
TRASE: Final = Decimal("10.57")  # EUR/MWh: about what ARERA published for 2024
HOUR: Final = timedelta(hours=1)
BY_HOUR: Final = (
    92,
    88,
    85,
    84,
    86,
    95,
    112,
    124,
    118,
    98,
    82,
    70,
    64,
    60,
    62,
    72,
    90,
    112,
    136,
    148,
    140,
    124,
    108,
    98,
)
BY_MONTH: Final = (1.25, 1.20, 1.05, 0.90, 0.85, 0.95, 1.10, 1.05, 1.00, 1.00, 1.10, 1.20)
BY_WEEKDAY: Final = (1.02, 1.04, 1.03, 1.05, 1.02, 0.93, 0.85)
CENT: Final = Decimal("0.01")


def bring_up_to(community: CERConfiguration, origin: datetime, now: datetime) -> list[SettlementRun]:
    """Prices up to tomorrow, the rule and the parameter once, the estimates of the whole months there are."""
    _write_rules(community, origin)
    _write_prices(community.market_zone, origin, now)
    months = _whole_months(origin, now)
    return [*estimate_months(community, now, months=months), *estimate_due(community, now)]


def price_at(moment: datetime) -> Decimal:
    """An invented price by the hour, the weekday and the month of the local clock. [EUR/MWh]"""
    local = moment.astimezone(ITALY)
    price = BY_HOUR[local.hour] * BY_MONTH[local.month - 1] * BY_WEEKDAY[local.weekday()]
    return Decimal(price).quantize(CENT)


def _write_rules(community: CERConfiguration, origin: datetime) -> None:
    day = local_date(origin)
    if not DistributionRule.objects.filter(community=community).exists():
        write_rule(community, valid_from=community.founded_on or day, by=None, note="articolo 12 dello statuto")
    if not TariffParameter.objects.filter(name=ParameterName.TRASE).exists():
        TariffParameter.objects.create(
            name=ParameterName.TRASE,
            valid_from=day.replace(month=1, day=1),
            value=TRASE,
            source=EXAMPLE,
        )


def _write_prices(zone: str, origin: datetime, now: datetime) -> None:
    """From the last price there is to the end of tomorrow, as the market does."""
    last = ZonalPrice.objects.filter(zone=zone).aggregate(last=Max("start"))["last"]
    start = last + HOUR if last else range_of(Span.MONTH, origin).start
    missing = Range(start, day_range(local_date(now + timedelta(days=1))).end)
    moments = (missing.start + hour * HOUR for hour in range(max(missing.hours, 0)))
    ZonalPrice.objects.bulk_create(
        (ZonalPrice(zone=zone, start=at, price=price_at(at), source=INVENTED, recorded_at=now) for at in moments),
        batch_size=2000,
    )


def _whole_months(origin: datetime, now: datetime) -> int:
    """How many of the last months the meters have seen from their first instant on."""
    first, this = local_date(origin), local_date(now)
    months = (this.year - first.year) * 12 + this.month - first.month
    return max(min(months - (first.day > 1), MONTHS_SHOWN), 0)
