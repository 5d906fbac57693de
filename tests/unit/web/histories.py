"""Histories of an invented plant, without a database: a month with gaps, a day of 25 hours, nothing at all."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

from cercollettiva.core.models import Plant, PlantType
from cercollettiva.domain.calendar import Span, local_date, midnight, ranges_between
from cercollettiva.energy.models.intervals import IntervalQuality
from cercollettiva.energy.queries import PeriodTotal
from cercollettiva.web.history.asked import Asked
from cercollettiva.web.history.page import History, history_from

KWH = 1_000_000
HOLE, IN_PART, ESTIMATED = date(2026, 11, 12), date(2026, 11, 18), (date(2026, 11, 8), date(2026, 11, 9))


def total(period: Any, now: datetime) -> PeriodTotal:
    """Energy that waves, with one day that is missing, one in part and two that are estimated."""
    day, hours = local_date(period.start), period.hours
    if period.start > now or day == HOLE:
        return PeriodTotal(*period)
    wave = 1 + 0.4 * math.sin(period.start.timestamp() / 200_000)
    drawn, produced = int(hours * wave * 0.3 * KWH), int(hours * 0.4 * KWH)
    quality, coverage = IntervalQuality.GOOD, 1.0
    if day == IN_PART or period.end > now:
        quality, coverage = IntervalQuality.PARTIAL, 0.625
    elif day in ESTIMATED:
        quality = IntervalQuality.ESTIMATED
    return PeriodTotal(*period, drawn, produced // 3, produced, None, None, coverage, quality)


def history(span: Span, day: date, *, now: datetime, known: bool = True, kind: str = PlantType.PROSUMER) -> History:
    asked = Asked(span, day)
    periods = ranges_between(asked.part, asked.by(-1).period.start, asked.period.end)
    totals = [total(period, now) if known else PeriodTotal(*period) for period in periods]
    first = midnight(date(2025, 9, 20)) if known else None
    return history_from(Plant(pk=1, name="Casa", plant_type=kind), asked, totals, now=now, first=first)
