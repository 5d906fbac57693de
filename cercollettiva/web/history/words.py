"""How periods, parts of periods and gaps are said."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cercollettiva.domain.calendar import ITALY, QUARTER, Range, Span, local_date, range_of
from cercollettiva.energy.models.intervals import IntervalQuality
from cercollettiva.energy.queries import CommunityHour, PeriodTotal
from cercollettiva.web import formats
from cercollettiva.web.history.columns import Column, own
from cercollettiva.web.templatetags.formats import page_locale


def name_of(span: Span, period: Range) -> str:
    """giovedì 5 marzo 2026; 2 mar 2026 – 8 mar 2026; marzo 2026; 2026."""
    locale = page_locale()
    first, last = local_date(period.start), local_date(period.end - QUARTER)
    if period != range_of(span, period.start):  # a free range
        return f"{formats.date(first, 'medium', locale=locale)} – {formats.date(last, 'medium', locale=locale)}"
    if span == Span.DAY:
        return formats.date(period.start, "full", locale=locale)
    if span == Span.MONTH:
        return formats.month(period.start, locale=locale)
    if span == Span.YEAR:
        return str(first.year)
    return f"{formats.date(first, 'medium', locale=locale)} – {formats.date(last, 'medium', locale=locale)}"


def part_name(span: Span, total: PeriodTotal) -> str:
    """An hour, a day or a month: 14:00–15:00, dom 1 nov, novembre 2026."""
    locale = page_locale()
    if span == Span.HOUR:
        return formats.interval(total.start, total.end, locale=locale)
    if span == Span.MONTH:
        return formats.month(total.start, locale=locale)
    day = local_date(total.start)
    return f"{formats.WEEKDAYS[locale][day.weekday()][:3]} {day.day} {formats.MONTHS[locale][day.month - 1][:3]}"


def tick_name(span: Span, start: datetime, *, of_a_week: bool) -> str:
    """Under the axis: the hour, the day of the week or of the month, the month in three letters."""
    local = start.astimezone(ITALY)
    if span == Span.HOUR:
        return str(local.hour)
    if span == Span.MONTH:
        return formats.MONTHS[page_locale()][local.month - 1][:3]
    return formats.WEEKDAYS[page_locale()][local.weekday()][:3] if of_a_week else str(local.day)


def change_of_clock(hours: int) -> str:
    """What is odd about a day that has not 24 hours."""
    if hours == 23:
        return _("Questo giorno ha 23 ore: alle 2 l’orologio va avanti alle 3.")
    if hours == 25:
        return _("Questo giorno ha 25 ore: alle 3 l’orologio torna alle 2, e l’ora dalle 2 alle 3 c’è due volte.")
    return ""


def measured_parts(span: Span, known: int, count: int) -> str:
    """26 giorni su 30 misurati."""
    figures = {"known": known, "count": count}
    if span == Span.HOUR:
        return ngettext("%(known)d ora su %(count)d misurata", "%(known)d ore su %(count)d misurate", known) % figures
    if span == Span.DAY:
        written = ngettext("%(known)d giorno su %(count)d misurato", "%(known)d giorni su %(count)d misurati", known)
        return written % figures
    return ngettext("%(known)d mese su %(count)d misurato", "%(known)d mesi su %(count)d misurati", known) % figures


def first_parts(span: Span, count: int) -> str:
    """The same parts of another period: i primi 10 giorni."""
    figures = {"count": count}
    if span == Span.HOUR:
        return _("fino alla stessa ora")
    if span == Span.DAY:
        return ngettext("il primo giorno", "i primi %(count)d giorni", count) % figures
    return ngettext("il primo mese", "i primi %(count)d mesi", count) % figures


def note_on(total: PeriodTotal, columns: list[Column], *, now: datetime, first: datetime | None) -> str:
    """Why a figure is missing, or less than sure; empty where it is whole and good."""
    running = total.start <= now < total.end
    if total.is_withheld:
        return _("non mostrata: dietro ci sono meno di cinque altre persone")
    if not total.is_known:
        if running:
            return _("in corso, ancora nessun dato")
        return _("prima della prima misura") if first is None or total.end <= first else _("dato mancante")
    said = [_("in corso")] if running else _quality(total)
    said += [_("%(what)s: dato mancante") % {"what": name} for name in _unknown(total, columns)]
    if total.own_mwh is None and total.produced_mwh is not None and total.injected_mwh is not None:
        said += [_("più immessa che prodotta")] if any(column.measure is own for column in columns) else []
    return ", ".join(said)


def missing_points(hour: CommunityHour) -> str:
    """mancano 2 punti su 12, stima: prelevata 3,2 kWh, immessa 1,0 kWh. Empty where all were measured."""
    if not hour.missing:
        return ""
    figures = {"missing": hour.missing, "points": hour.points}
    said = ngettext("manca %(missing)d punto su %(points)d", "mancano %(missing)d punti su %(points)d", hour.missing)
    estimates = [
        f"{name} {formats.energy(mwh, locale=page_locale())}"
        for name, mwh in ((_("prelevata"), hour.drawn_estimate_mwh), (_("immessa"), hour.injected_estimate_mwh))
        if mwh is not None
    ]
    guess = _("stima: %(energies)s") % {"energies": ", ".join(estimates)} if estimates else _("non stimabile")
    return f"{said % figures}, {guess}"


def _quality(total: PeriodTotal) -> list[str]:
    if total.quality == IntervalQuality.GOOD:
        return []
    if total.quality == IntervalQuality.PARTIAL:
        share = formats.percent(int(total.coverage * 1000) / 1000, 1, locale=page_locale())  # 99,96 is not 100
        return [_("incompleta: misurato il %(share)s del tempo") % {"share": share}]
    return [str(total.quality.label)]


def _unknown(total: PeriodTotal, columns: list[Column]) -> list[str]:
    return [column.name for column in columns if column.measure is not own and column.measure(total) is None]


def spoken(span: Span, total: PeriodTotal, columns: list[Column]) -> str:
    """What one bar says: dom 1 mar: prelevata 3,2 kWh, immessa –."""
    said = [f"{column.name} {formats.energy(column.measure(total), locale=page_locale())}" for column in columns]
    return f"{part_name(span, total)}: {', '.join(said)}"
