"""Which totals of a community one of its people is told, so that no sum and no difference says what another one did.

Hours are told for whole days or not at all, a month only where each of its days is: else a day would be the month less
the others. A day that still runs is told by the rule of its hours, because two looks at it differ by an hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from cercollettiva.core.models import CERConfiguration
from cercollettiva.domain.calendar import Range, Span, local_date, range_of
from cercollettiva.energy.models.intervals import Period
from cercollettiva.energy.queries.crowd import crowd_of
from cercollettiva.energy.queries.periods import PeriodTotal
from cercollettiva.energy.store.columns import instant


def told_totals(
    community: CERConfiguration, span: Span, totals: Sequence[PeriodTotal], *, viewer: int, now: datetime
) -> list[PeriodTotal]:
    """The totals with those that are not told emptied and marked. One query, or two where a day still runs."""
    if not totals:
        return []
    whole = Range(totals[0].start, totals[-1].end)
    if span == Span.HOUR:
        hidden = {local_date(start) for start in _few(community, Period.HOUR, whole, viewer)}
        return [_emptied(total) if local_date(total.start) in hidden else total for total in totals]
    few = _few(community, Period.DAY, whole, viewer)
    today = range_of(Span.DAY, now)
    if whole.start < today.end and today.start < whole.end:
        few.discard(today.start)
        if _few(community, Period.HOUR, today, viewer):
            few.add(today.start)
    return [_emptied(total) if any(total.start <= day < total.end for day in few) else total for total in totals]


def days_with_few(community: CERConfiguration, period: Range, *, viewer: int) -> set[datetime]:
    """The starts of the days behind which there are too few others for a total to be told. One query."""
    return _few(community, Period.DAY, period, viewer)


def quarters_withheld(totals: Iterable[PeriodTotal]) -> Iterator[PeriodTotal]:
    """Quarter-hours are told to none of a community's people: who stands behind each of them is not counted."""
    return map(_emptied, totals)


def _few(community: CERConfiguration, period: Period, whole: Range, viewer: int) -> set[datetime]:
    """The starts of the periods behind which there are too few others."""
    crowd = crowd_of(community, period, whole, viewer=viewer)
    return {instant(int(start)) for start in crowd.start[~crowd.hides_all]}


def _emptied(total: PeriodTotal) -> PeriodTotal:
    return PeriodTotal(total.start, total.end, is_withheld=total.is_known)
