"""The period that an address asks for: `?periodo=mese&data=2026-03-01`, or from a day to a day:
`?periodo=libero&dal=2026-03-01&al=2026-03-20`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from cercollettiva.domain.calendar import QUARTER, Range, Span, local_date, midnight, range_of, step

WORDS: Final = {"giorno": Span.DAY, "settimana": Span.WEEK, "mese": Span.MONTH, "anno": Span.YEAR}
PARTS: Final = {Span.DAY: Span.HOUR, Span.WEEK: Span.DAY, Span.MONTH: Span.DAY, Span.YEAR: Span.MONTH}
USUAL: Final = Span.MONTH
FREE: Final = "libero"
LONGEST_FREE: Final = 366  # [days]
MOST_DAYS_OF_HOURS: Final = 1  # a free range so short is shown hour by hour
EARLIEST: Final = date(2000, 1, 1)  # no meter of a community is older
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class NoSuchPeriod(ValueError):
    """What the address says is no period that can be shown; the message is for people."""


class Asked(NamedTuple):
    """A day, week, month or year, and the day by which it was asked for; or a free range, from `day` to `until`."""

    span: Span
    day: date
    until: date | None = None  # the last day of a free range

    @property
    def period(self) -> Range:
        if self.until is not None:
            return Range(midnight(self.day), midnight(self.until + timedelta(days=1)))
        return range_of(self.span, midnight(self.day))

    @property
    def days(self) -> int:
        """How many days a free range has."""
        return (self.until - self.day).days + 1 if self.until is not None else 0

    @property
    def part(self) -> Span:
        """What one bar stands for."""
        return PARTS[self.span]

    @property
    def word(self) -> str:
        if self.until is not None:
            return FREE
        return next(word for word, span in WORDS.items() if span == self.span)

    @property
    def query(self) -> str:
        if self.until is not None:
            bounds = {"dal": self.day.isoformat(), "al": self.until.isoformat()}
            return "?" + urlencode({"periodo": FREE, **bounds})
        return "?" + urlencode({"periodo": self.word, "data": self.day.isoformat()})

    def by(self, count: int) -> Asked:
        """The period so many places later."""
        if self.until is not None:
            shift = timedelta(days=count * self.days)
            return Asked(self.span, self.day + shift, self.until + shift)
        return Asked(self.span, local_date(step(self.period, self.span, count).start))

    @property
    def first_day(self) -> date:
        return local_date(self.period.start)

    @property
    def last_day(self) -> date:
        return local_date(self.period.end - QUARTER)


def asked_for(parameters: Mapping[str, str], now: datetime) -> Asked:
    """What the parameters say; the present month where they say nothing. Raises NoSuchPeriod."""
    word = parameters.get("periodo", "")
    if word == FREE:
        return _free(parameters, now)
    if word and word not in WORDS:
        raise NoSuchPeriod(_("Il periodo può essere giorno, settimana, mese o anno."))
    asked = Asked(WORDS.get(word, USUAL), _day(parameters.get("data", ""), now))
    if asked.period.start > now:
        raise NoSuchPeriod(_("Quel periodo non è ancora cominciato."))
    return asked._replace(day=min(asked.day, local_date(now)))


def _free(parameters: Mapping[str, str], now: datetime) -> Asked:
    """From one day to another, both in it; what is to come is left out."""
    if not parameters.get("dal") or not parameters.get("al"):
        raise NoSuchPeriod(_("Per un periodo libero servono due date: dal e al."))
    first, last = (_day(parameters[name], now) for name in ("dal", "al"))
    if last < first:
        raise NoSuchPeriod(_("La seconda data viene prima della prima: scambiale."))
    if first > local_date(now):
        raise NoSuchPeriod(_("Quel periodo non è ancora cominciato."))
    last = min(last, local_date(now))
    days = (last - first).days + 1
    if days > LONGEST_FREE:
        raise NoSuchPeriod(_("Un periodo libero può essere lungo al massimo un anno."))
    return Asked(Span.DAY if days <= MOST_DAYS_OF_HOURS else Span.MONTH, first, last)


def _day(written: str, now: datetime) -> date:
    if not written:
        return local_date(now)
    try:
        day = date.fromisoformat(written) if _DAY.fullmatch(written) else None
    except ValueError:
        day = None
    if day is None:
        raise NoSuchPeriod(_("La data si scrive così: 2026-03-01."))
    if day < EARLIEST:
        raise NoSuchPeriod(_("Lo storico comincia dal 2000."))
    if day.year > local_date(now).year + 1:  # near the end of the calendar there is no year after it
        raise NoSuchPeriod(_("Quel periodo non è ancora cominciato."))
    return day
