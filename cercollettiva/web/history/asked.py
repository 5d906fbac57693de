"""The period that an address asks for: `?periodo=mese&data=2026-03-01`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, NamedTuple
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from cercollettiva.domain.calendar import QUARTER, Range, Span, local_date, midnight, range_of, step

WORDS: Final = {"giorno": Span.DAY, "settimana": Span.WEEK, "mese": Span.MONTH, "anno": Span.YEAR}
PARTS: Final = {Span.DAY: Span.HOUR, Span.WEEK: Span.DAY, Span.MONTH: Span.DAY, Span.YEAR: Span.MONTH}
USUAL: Final = Span.MONTH
EARLIEST: Final = date(2000, 1, 1)  # no meter of a community is older
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class NoSuchPeriod(ValueError):
    """What the address says is no period that can be shown; the message is for people."""


class Asked(NamedTuple):
    """A day, week, month or year, and the day by which it was asked for."""

    span: Span
    day: date

    @property
    def period(self) -> Range:
        return range_of(self.span, midnight(self.day))

    @property
    def part(self) -> Span:
        """What one bar stands for."""
        return PARTS[self.span]

    @property
    def word(self) -> str:
        return next(word for word, span in WORDS.items() if span == self.span)

    @property
    def query(self) -> str:
        return "?" + urlencode({"periodo": self.word, "data": self.day.isoformat()})

    def by(self, count: int) -> Asked:
        """The period so many places later."""
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
    if word and word not in WORDS:
        raise NoSuchPeriod(_("Il periodo può essere giorno, settimana, mese o anno."))
    asked = Asked(WORDS.get(word, USUAL), _day(parameters.get("data", ""), now))
    if asked.period.start > now:
        raise NoSuchPeriod(_("Quel periodo non è ancora cominciato."))
    return asked._replace(day=min(asked.day, local_date(now)))


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
