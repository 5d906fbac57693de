"""What the history section of a page shows, and its export: the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.domain.calendar import ITALY, Span, local_date
from cercollettiva.energy import queries
from cercollettiva.energy.models.intervals import IntervalQuality
from cercollettiva.energy.queries import CommunityHour, OwnUse, PeriodTotal
from cercollettiva.users.models import CustomUser
from cercollettiva.web import formats
from cercollettiva.web.history import bars, words
from cercollettiva.web.history.asked import EARLIEST, WORDS, Asked, NoSuchPeriod, asked_for
from cercollettiva.web.history.columns import Column, Layers, columns_of, own
from cercollettiva.web.templatetags.formats import page_locale

ANCHOR: Final = "#storico"
SHORTER: Final = {Span.WEEK: Span.DAY, Span.MONTH: Span.DAY, Span.YEAR: Span.MONTH}
Reader = CustomUser | AnonymousUser | None
UNCERTAIN: Final = (IntervalQuality.NOT_NETTED, IntervalQuality.ESTIMATED)


class Link(NamedTuple):
    label: str
    url: str
    is_current: bool = False


class Row(NamedTuple):
    """A part of the period as the table and the export have it. [mWh]"""

    name: str
    url: str  # to that part as a period of its own; empty for an hour
    cells: list[int | None]
    note: str
    total: PeriodTotal
    points: CommunityHour | None = None  # of an hour of a community: which points are missing, and an estimate


class Sum(NamedTuple):
    name: str
    meaning: str
    mwh: int
    is_least: bool  # a lower bound: a part of what has ended is missing


class Change(NamedTuple):
    """One energy beside the same of the period before. [mWh]"""

    name: str
    mwh: int
    before_mwh: int
    share: float | None  # None: there was nothing to compare with

    @property
    def difference_mwh(self) -> int:
        return self.mwh - self.before_mwh


class Comparison(NamedTuple):
    before: str  # what it is called
    alike: str  # which parts of both, where the period still runs
    changes: list[Change]
    unit: str
    refusal: str  # why there is nothing to compare; empty where there is


@dataclass(frozen=True)
class History:
    asked: Asked
    name: str
    notice: str
    tabs: list[Link]
    earlier: str  # addresses; empty at an end
    later: str
    is_running: bool
    columns: list[Column]
    rows: list[Row]
    links: list[Link]  # one for each bar that has a shorter period; empty addresses stand for what is to come
    drawing: bars.Drawing
    keys: list[Column]
    sums: list[Sum]
    measured: str
    has_partial: bool
    has_missing: bool
    has_uncertain: bool
    own_use: OwnUse | None
    own_use_where: str
    comparison: Comparison
    clock: str
    first: datetime | None
    export: str

    @property
    def is_known(self) -> bool:
        return any(row.total.is_known for row in self.rows)

    @property
    def is_withheld(self) -> bool:
        """Whether all that is known is not told to whoever asks."""
        return not self.is_known and any(row.total.is_withheld for row in self.rows)

    @property
    def first_url(self) -> str:
        return f"{Asked(self.asked.span, local_date(self.first)).query}{ANCHOR}" if self.first else ""


def history_of(
    subject: Plant | CERConfiguration, parameters: Mapping[str, str], now: datetime, *, viewer: int | None = None
) -> History:
    """The section for what an address asks; what cannot be shown becomes the present month and a notice.

    `viewer` is one of the people of a community, who is not told what few others did; None for who looks after it.
    """
    try:
        return _history(subject, asked_for(parameters, now), now, "", viewer)
    except NoSuchPeriod as refused:
        notice = _("%(reason)s Qui sotto c’è il mese in corso.") % {"reason": refused}
        return _history(subject, asked_for({}, now), now, notice, viewer)


def exported_history(
    subject: Plant | CERConfiguration,
    parameters: Mapping[str, str],
    now: datetime,
    *,
    viewer: int | None = None,
    reader: Reader = None,
) -> History:
    """The same for the export, which names the missing points that its reader may see.

    Raises NoSuchPeriod: a file of another month than was asked for helps nobody.
    """
    return _history(subject, asked_for(parameters, now), now, "", viewer, reader)


def _history(
    subject: Plant | CERConfiguration,
    asked: Asked,
    now: datetime,
    notice: str,
    viewer: int | None,
    reader: Reader = None,
) -> History:
    totals = queries.aggregate_by_period(subject, asked.part, asked.by(-1).period.start, asked.period.end)
    if viewer is not None and isinstance(subject, CERConfiguration):
        totals = queries.told_totals(subject, asked.part, totals, viewer=viewer, now=now)
    first = queries.first_total(subject, asked.part)
    history = history_from(subject, asked, totals, now=now, first=first, notice=notice)
    if viewer is None and isinstance(subject, CERConfiguration) and asked.part == Span.HOUR:
        return replace(history, rows=_with_points(history.rows, subject, now, reader))
    return history


def _with_points(rows: list[Row], community: CERConfiguration, now: datetime, reader: Reader) -> list[Row]:
    """The hours that have ended, each with the points that are missing in it."""
    ended = [row for row in rows if row.total.end <= now]
    if not ended:
        return rows
    hours = queries.community_hours(community, ended[0].total.start, ended[-1].total.end, viewer=reader)
    told = [
        row._replace(note=", ".join(filter(None, [row.note, words.missing_points(hour)])), points=hour)
        for row, hour in zip(ended, hours, strict=True)
    ]
    return [*told, *rows[len(ended) :]]


def history_from(
    subject: Plant | CERConfiguration,
    asked: Asked,
    totals: list[PeriodTotal],
    *,
    now: datetime,
    first: datetime | None,
    notice: str = "",
    shown_as: tuple[list[Column], Layers] | None = None,
) -> History:
    """What the totals of a period and of the one before it say; `first` is where the known ones begin.

    `shown_as` are the columns and layers to show; without them, those of the subject.
    """
    period = asked.period
    previous = [total for total in totals if total.start < period.start]
    present = [total for total in totals if total.start >= period.start]
    columns, layers = shown_as or columns_of(subject, totals)
    shown = [total for total in present if total.start <= now]
    drawn = [_bar(total, layers, now=now, first=first) for total in present]
    finished = [total for total in present if total.end <= now]
    own_use = queries.own_use(present) if any(column.meaning == "own" for column in columns) else None
    return History(
        asked=asked,
        name=words.name_of(asked.span, period),
        notice=notice,
        tabs=_tabs(asked),
        earlier=_address(asked.by(-1)) if _has_earlier(asked, first) else "",
        later=_address(asked.by(1)) if period.end <= now else "",
        is_running=period.end > now,
        columns=columns,
        rows=[_row(total, asked, columns, now=now, first=first) for total in shown],
        links=_links(present, asked, columns, now) if asked.span in SHORTER else [],
        drawing=bars.draw(drawn, _ticks(asked, present), page_locale()),
        keys=[*reversed(layers.above), *layers.below],
        sums=_sums(columns, shown, finished),
        measured=_measured(asked.part, finished),
        has_partial=any(bar.is_partial for bar in drawn),
        has_missing=any(bar.is_missing for bar in drawn),
        has_uncertain=any(bar.is_uncertain for bar in drawn),
        own_use=own_use,
        own_use_where=_where_measured(own_use, finished),
        comparison=_comparison(asked, columns, present, previous, now=now, first=first),
        clock=words.change_of_clock(len(present)) if asked.span == Span.DAY and asked.until is None else "",
        first=first,
        export=asked.query,
    )


def _address(asked: Asked) -> str:
    return f"{asked.query}{ANCHOR}"


def _tabs(asked: Asked) -> list[Link]:
    names = {Span.DAY: _("Giorno"), Span.WEEK: _("Settimana"), Span.MONTH: _("Mese"), Span.YEAR: _("Anno")}
    return [
        Link(names[span], _address(Asked(span, asked.day)), span == asked.span and asked.until is None)
        for span in WORDS.values()
    ]


def _has_earlier(asked: Asked, first: datetime | None) -> bool:
    return first is not None and first < asked.period.start and asked.by(-1).day >= EARLIEST


def _bar(total: PeriodTotal, layers: Layers, *, now: datetime, first: datetime | None) -> bars.Bar:
    running = total.start <= now < total.end
    ended = total.end <= now and first is not None and total.end > first
    return bars.Bar(
        above=_segments(total, layers.above),
        below=_segments(total, layers.below),
        is_missing=ended and not total.is_known and not total.is_withheld,
        is_partial=ended and total.is_known and total.quality == IntervalQuality.PARTIAL,
        is_uncertain=total.quality in UNCERTAIN,
        is_running=running,
    )


def _segments(total: PeriodTotal, columns: list[Column]) -> list[bars.Segment]:
    return [(column.meaning, mwh) for column in columns if (mwh := column.measure(total)) is not None]


def _row(total: PeriodTotal, asked: Asked, columns: list[Column], *, now: datetime, first: datetime | None) -> Row:
    return Row(
        name=words.part_name(asked.part, total),
        url=_shorter(total, asked),
        cells=[column.measure(total) for column in columns],
        note=words.note_on(total, columns, now=now, first=first),
        total=total,
    )


def _shorter(total: PeriodTotal, asked: Asked) -> str:
    """Where one bar leads: a day of a month, a month of a year."""
    span = SHORTER.get(asked.span)
    return _address(Asked(span, local_date(total.start))) if span is not None else ""


def _links(present: list[PeriodTotal], asked: Asked, columns: list[Column], now: datetime) -> list[Link]:
    return [
        Link(words.spoken(asked.part, total, columns), _shorter(total, asked) if total.start <= now else "")
        for total in present
    ]


def _ticks(asked: Asked, present: list[PeriodTotal]) -> list[bars.Tick]:
    week, count = asked.span == Span.WEEK, len(present)
    ticks = []
    if asked.until is not None:
        return _free_ticks(asked, present)
    for number, total in enumerate(present):
        local = total.start.astimezone(ITALY)
        name = words.tick_name(asked.part, total.start, of_a_week=week)
        if asked.part == Span.HOUR:
            if local.hour % 6 == 0:
                ticks.append(bars.tick_at(number, count, name, edge=True))
        elif asked.span != Span.MONTH or local.day % 7 == 1:
            ticks.append(bars.tick_at(number, count, name, is_minor=asked.span == Span.YEAR and number % 2 == 1))
    if asked.part == Span.HOUR:
        ticks.append(bars.tick_at(count, count, "24", edge=True))
    return ticks


def _free_ticks(asked: Asked, present: list[PeriodTotal]) -> list[bars.Tick]:
    """Six words at most below a free range: the hour of short ones, day and month of the others."""
    count = len(present)
    every = max(-(-count // 6), 1)
    ticks = []
    for number in range(0, count, every):
        start = present[number].start
        day = formats.date(start, "medium", locale=page_locale()).rsplit(" ", 1)[0]
        label = formats.time(start, locale=page_locale()) if asked.part == Span.HOUR else day
        ticks.append(bars.tick_at(number, count, label, edge=asked.part == Span.HOUR))
    return ticks


def _sums(columns: list[Column], shown: list[PeriodTotal], finished: list[PeriodTotal]) -> list[Sum]:
    sums = []
    for column in _measured_ones(columns):
        known = queries.known_sum(shown, column.measure)
        if known.mwh is not None:
            whole = all(
                column.measure(total) is not None and total.quality < IntervalQuality.PARTIAL for total in finished
            )
            sums.append(Sum(column.name, column.meaning, known.mwh, not whole))
    return sums


def _measured_ones(columns: list[Column]) -> list[Column]:
    """Own use is a difference: it has a sentence of its own, over the parts where all of it is measured."""
    return [column for column in columns if column.measure is not own]


def _measured(part: Span, finished: list[PeriodTotal]) -> str:
    """26 giorni su 30 misurati, di cui 2 solo in parte. Empty where nothing has ended yet."""
    finished = [total for total in finished if not total.is_withheld]
    if not finished:
        return ""
    known = [total for total in finished if total.is_known]
    in_part = sum(total.quality >= IntervalQuality.PARTIAL for total in known)
    written = words.measured_parts(part, len(known), len(finished))
    return _("%(parts)s, di cui %(count)d solo in parte") % {"parts": written, "count": in_part} if in_part else written


def _where_measured(own_use: OwnUse | None, finished: list[PeriodTotal]) -> str:
    """Over what own use is known, unless it is all that has ended."""
    if own_use is None or own_use.periods >= len(finished):
        return ""
    return _("L’uso sul posto vale per le parti misurate per intero: %(known)d su %(count)d.") % {
        "known": own_use.periods,
        "count": len(finished),
    }


def _comparison(
    asked: Asked,
    columns: list[Column],
    present: list[PeriodTotal],
    previous: list[PeriodTotal],
    *,
    now: datetime,
    first: datetime | None,
) -> Comparison:
    """Sum and difference of what has ended in both, for the energies that both know nearly whole."""
    finished, alike = queries.finished_alike(present, previous, now)
    name = words.name_of(asked.span, asked.by(-1).period)
    parts = words.first_parts(asked.part, len(finished)) if len(finished) < len(present) and finished else ""
    changes = []
    for column in _measured_ones(columns):
        this, before = queries.known_sum(finished, column.measure), queries.known_sum(alike, column.measure)
        if this.mwh is not None and before.mwh is not None and this.is_comparable and before.is_comparable:
            share = (this.mwh - before.mwh) / before.mwh if before.mwh else None
            changes.append(Change(column.name, this.mwh, before.mwh, share))
    refusal = "" if changes else _refusal(asked, finished, alike, name, first)
    return Comparison(name, parts, changes, _unit_of(changes), refusal)


def _unit_of(changes: list[Change]) -> str:
    """One unit for a table, chosen by its largest value."""
    largest = max((abs(value) for change in changes for value in (change.mwh, change.before_mwh)), default=0)
    return "Wh" if largest < 10**6 else "kWh" if largest < 10**10 else "MWh"


def _refusal(
    asked: Asked, finished: list[PeriodTotal], alike: list[PeriodTotal], name: str, first: datetime | None
) -> str:
    if not finished:
        return _("Il confronto con %(before)s comincia quando la prima parte di questo periodo è finita.") % {
            "before": name
        }
    if first is None or first >= asked.period.start:
        return _("Non c’è ancora un periodo prima di questo con cui confrontare.")
    return _("Il confronto con %(before)s non si può fare: allora %(then)s, adesso %(now)s. Ne serve il 95 %%.") % {
        "before": name,
        "then": _measured(asked.part, alike),
        "now": _measured(asked.part, finished),
    }
