"""Totals and quarter-hours written by hand, as the computation of the aggregates leaves them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.domain.calendar import Span, midnight, range_of, ranges_between
from cercollettiva.energy.models import DeviceConfiguration, EnergyAggregate
from cercollettiva.energy.models.intervals import IntervalQuality, IntervalSource, SubjectKind

KWH = 1_000_000  # [mWh]
RECORDED_AT = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = {Plant: SubjectKind.PLANT, CERConfiguration: SubjectKind.COMMUNITY, DeviceConfiguration: SubjectKind.DEVICE}


def a_total(subject: Any, span: Span, moment: datetime, **values: Any) -> EnergyAggregate:
    """The row of the period an instant falls in, complete and good unless it is said otherwise; not saved."""
    given = {"coverage": 1.0, "quality": IntervalQuality.GOOD, "source": IntervalSource.REGISTERS, **values}
    return EnergyAggregate(
        subject_kind=KINDS[type(subject)],
        subject_id=subject.pk,
        period=span.value,
        start=range_of(span, moment).start,
        recorded_at=RECORDED_AT,
        **given,
    )


def write_totals(*rows: EnergyAggregate) -> None:
    EnergyAggregate.objects.bulk_create(rows)


def write_every(subject: Any, span: Span, first: Any, last: Any, values: Callable[[int], dict[str, Any]]) -> None:
    """One row for each period from the local day `first` up to `last`; `values` tells what the n-th one says."""
    periods = ranges_between(span, midnight(first), midnight(last))
    write_totals(*(a_total(subject, span, period.start, **values(number)) for number, period in enumerate(periods)))
