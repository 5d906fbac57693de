"""Energy of a device, a plant or a community by hours, days, weeks, months and years, from the stored totals.

Every period of a range is there: one without a row is unknown, not zero. A total is one query, whatever its length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import QuerySet

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.domain.calendar import ITALY, Range, Span, range_of, ranges_between, step
from cercollettiva.energy.models import DeviceConfiguration, EnergyAggregate
from cercollettiva.energy.models.intervals import IntervalQuality, SubjectKind

MOST_PERIODS: Final = 10_000  # a year of hours, 27 years of days
LEAST_COMPARED: Final = 0.95  # the share of two periods that must be known before one is said to be more or less

Subject = DeviceConfiguration | Plant | CERConfiguration

_KINDS: Final[dict[type, SubjectKind]] = {
    DeviceConfiguration: SubjectKind.DEVICE,
    Plant: SubjectKind.PLANT,
    CERConfiguration: SubjectKind.COMMUNITY,
}
_SHORTEST: Final = {
    Span.HOUR: timedelta(hours=1),
    Span.DAY: timedelta(hours=23),
    Span.WEEK: timedelta(days=6, hours=23),
    Span.MONTH: timedelta(days=27, hours=23),
    Span.YEAR: timedelta(days=365),
}
_QUALITIES: Final = {quality.value: quality for quality in IntervalQuality}
_COLUMNS: Final = ("start", "energy_in", "energy_out", "produced", "peak_power", "mean_power", "coverage", "quality")


class TooManyPeriods(ValueError):
    """More was asked than one answer holds."""

    def __init__(self) -> None:
        super().__init__(f"At most {MOST_PERIODS} periods at a time.")


class PeriodTotal(NamedTuple):
    """What a subject drew, injected and produced over [start, end); None is unknown. [mWh, W]

    With a quality of PARTIAL the energies are lower bounds; `coverage` is the share of the whole period, 0..1.
    """

    start: datetime
    end: datetime
    drawn_mwh: int | None = None
    injected_mwh: int | None = None
    produced_mwh: int | None = None
    peak_w: float | None = None
    mean_w: float | None = None
    coverage: float = 0.0
    quality: IntervalQuality = IntervalQuality.MISSING
    is_withheld: bool = False  # something is known, and is not told to whoever asks

    @property
    def is_known(self) -> bool:
        return (self.drawn_mwh, self.injected_mwh, self.produced_mwh) != (None, None, None)

    @property
    def own_mwh(self) -> int | None:
        """Used where it was made. Unknown where more was injected than produced: by a battery, or a part is missing."""
        if self.produced_mwh is None or self.injected_mwh is None or self.injected_mwh > self.produced_mwh:
            return None
        return self.produced_mwh - self.injected_mwh


class Known(NamedTuple):
    """A sum over periods and the share of their time that it stands for. None where nothing is known. [mWh]"""

    mwh: int | None
    coverage: float

    @property
    def is_comparable(self) -> bool:
        return self.mwh is not None and self.coverage >= LEAST_COMPARED


class OwnUse(NamedTuple):
    """What a subject used of its own production, over the periods where all of it is measured. [mWh]"""

    own_mwh: int
    produced_mwh: int
    consumed_mwh: int
    periods: int  # how many are measured so

    @property
    def of_produced(self) -> float | None:
        return self.own_mwh / self.produced_mwh if self.produced_mwh else None

    @property
    def of_consumed(self) -> float | None:
        """Self-sufficiency."""
        return self.own_mwh / self.consumed_mwh if self.consumed_mwh else None


Measure = Callable[[PeriodTotal], int | None]


def aggregate_by_period(
    subject: Subject,
    span: Span,
    start: datetime,
    end: datetime,
    *,
    among: QuerySet[EnergyAggregate] | None = None,
) -> list[PeriodTotal]:
    """The totals of the periods that touch [start, end), oldest first, every one of them present. One query.

    `among` are the rows that the asker may see, where not every row of the subject is one.
    """
    if start.tzinfo is None or end.tzinfo is None:
        raise ValueError("A moment without a time zone belongs to no period.")
    if (end - start) > MOST_PERIODS * _SHORTEST[span]:
        raise TooManyPeriods
    periods = list(ranges_between(span, start, end))
    if not periods:
        return []
    stored = EnergyAggregate.objects.all() if among is None else among
    rows = (
        stored.filter(**_key_of(subject), period=span.value, start__gte=periods[0].start, start__lt=periods[-1].end)
        .order_by()
        .values_list(*_COLUMNS)
    )
    totals = {row[0]: row for row in rows}
    return [_total(period, totals.get(period.start)) for period in periods]


def first_total(subject: Subject, span: Span) -> datetime | None:
    """The start of the earliest period of that length of which something is known."""
    rows = EnergyAggregate.objects.filter(**_key_of(subject), period=span.value).order_by("start")
    return rows.values_list("start", flat=True).first()


def previous_period(span: Span, moment: datetime) -> Range:
    """The whole period before the one an instant falls in."""
    return step(range_of(span, moment), span, -1)


def known_sum(totals: Iterable[PeriodTotal], measure: Measure) -> Known:
    """The sum of what is known: a lower bound where the coverage is less than one."""
    mwh: int | None = None
    seconds = covered = 0.0
    for total in totals:
        length = (total.end - total.start).total_seconds()
        seconds += length
        value = measure(total)
        if value is not None:
            mwh = value + (mwh or 0)
            covered += total.coverage * length
    return Known(mwh, covered / seconds if seconds else 0.0)


def own_use(totals: Iterable[PeriodTotal]) -> OwnUse | None:
    """Produced less injected, and drawn more than that, where all three are measured from end to end, or nearly.

    A battery may inject in one hour what the roof made in another, so the sums decide, not the single periods.
    """
    drawn = injected = produced = count = 0
    for total in totals:
        if total.quality >= IntervalQuality.PARTIAL and total.coverage < LEAST_COMPARED:
            continue  # the missing part of one and not of the other would be taken for use
        if total.drawn_mwh is None or total.injected_mwh is None or total.produced_mwh is None:
            continue
        drawn, injected = drawn + total.drawn_mwh, injected + total.injected_mwh
        produced, count = produced + total.produced_mwh, count + 1
    own = produced - injected
    return OwnUse(own, produced, drawn + own, count) if count and own >= 0 else None


def finished_alike(
    totals: Sequence[PeriodTotal], before: Sequence[PeriodTotal], now: datetime
) -> tuple[list[PeriodTotal], list[PeriodTotal]]:
    """The parts of a period that have ended, and the same parts of the one before it.

    Hours are matched by the clock on the wall, longer parts by their number: 9 of 23 hours stand beside 10 of 24.
    """
    finished = [total for total in totals if total.end <= now]
    if len(finished) == len(totals):
        return finished, list(before)
    if not finished:
        return [], []
    if finished[0].end - finished[0].start <= _SHORTEST[Span.HOUR]:
        hour = finished[-1].start.astimezone(ITALY).hour
        return finished, [total for total in before if total.start.astimezone(ITALY).hour <= hour]
    count = min(len(finished), len(before))
    return finished[:count], list(before[:count])


def _key_of(subject: Subject) -> dict[str, int]:
    return {"subject_kind": _KINDS[type(subject)].value, "subject_id": subject.pk}


def _total(period: Range, row: tuple[Any, ...] | None) -> PeriodTotal:
    if row is None:
        return PeriodTotal(*period)
    _, drawn, injected, produced, peak, mean, coverage, quality = row
    return PeriodTotal(*period, drawn, injected, produced, peak, mean, coverage, _QUALITIES[quality])
