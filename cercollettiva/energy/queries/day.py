"""What communities and plants made of today so far, from the totals of the day that is running."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from cercollettiva.domain.calendar import Span, range_of
from cercollettiva.energy.models import EnergyAggregate, IntervalQuality, SubjectKind
from cercollettiva.energy.queries.periods import PeriodTotal


def totals_of_today(kind: SubjectKind, subjects: Collection[int], now: datetime) -> dict[int, PeriodTotal]:
    """Each subject's day as far as it is computed; one query. What was not computed yet is unknown."""
    day = range_of(Span.DAY, now)
    rows = EnergyAggregate.objects.filter(
        subject_kind=kind, subject_id__in=list(subjects), period=Span.DAY.value, start=day.start
    ).values_list("subject_id", "energy_in", "energy_out", "produced", "coverage", "quality")
    found = {
        subject: PeriodTotal(*day, drawn, injected, produced, None, None, coverage, IntervalQuality(quality))
        for subject, drawn, injected, produced, coverage, quality in rows
    }
    return {subject: found.get(subject, PeriodTotal(*day)) for subject in subjects}
