"""Which period an address asks for."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from cercollettiva.domain.calendar import Span, day_range
from cercollettiva.web.history.asked import Asked, NoSuchPeriod, asked_for

NOW = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)  # in Italy it is the 27th already
TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("parameters", "asked"),
    [
        ({}, Asked(Span.MONTH, TODAY)),
        ({"periodo": "giorno"}, Asked(Span.DAY, TODAY)),
        ({"periodo": "settimana", "data": "2026-03-29"}, Asked(Span.WEEK, date(2026, 3, 29))),
        ({"data": "2026-02-28"}, Asked(Span.MONTH, date(2026, 2, 28))),
        ({"periodo": "anno", "data": "2026-12-31"}, Asked(Span.YEAR, TODAY)),  # the year has begun, the day has not
        ({"periodo": "", "data": ""}, Asked(Span.MONTH, TODAY)),
    ],
)
def test_an_address_asks_for_a_period(parameters, asked):
    assert asked_for(parameters, NOW) == asked


@pytest.mark.parametrize(
    "parameters",
    [
        {"periodo": "trimestre"},
        {"periodo": "Mese"},
        *({"data": written} for written in ("2026-02-30", "26-03-01", "2026-W10-1", "٢٠٢٦-٠٣-٠١", "ieri", "'; DROP")),
        {"data": "1999-12-31"},
        {"data": "0001-01-01"},
        {"data": "9999-12-31"},
        {"data": "2026-12-01"},
        {"periodo": "giorno", "data": "2026-11-28"},
    ],
)
def test_what_is_no_period_is_refused_in_words(parameters):
    with pytest.raises(NoSuchPeriod, match=r"\w+ .*\.$"):
        asked_for(parameters, NOW)


def test_a_period_knows_its_neighbours_and_its_last_day():
    march = Asked(Span.MONTH, date(2026, 3, 29))

    assert march.by(-1) == Asked(Span.MONTH, date(2026, 2, 1))
    assert march.by(1).query == "?periodo=mese&data=2026-04-01"
    assert (march.first_day, march.last_day) == (date(2026, 3, 1), date(2026, 3, 31))
    assert Asked(Span.DAY, date(2026, 3, 29)).period == day_range(date(2026, 3, 29))
