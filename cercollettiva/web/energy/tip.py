"""When the community usually has energy to spare: counted over the last weeks, and said as such. No forecast."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

import numpy as np

from cercollettiva.core.models import CERConfiguration
from cercollettiva.domain.calendar import ITALY, Range, day_range, local_date
from cercollettiva.energy import queries
from cercollettiva.energy.queries import UNKNOWN, SharedHours

WEEKS: Final = 4
FEWEST_DAYS: Final = 10  # with less one does not say "usually"
USUALLY: Final = 0.6  # of the days
MORE_THAN_DRAWN: Final = 1.1
HOURS: Final = 24


class Usual(NamedTuple):
    """From one hour of the clock to another: in its worst hour there was energy to spare on `days` of `of_days`."""

    first: int
    end: int
    days: int
    of_days: int


def usual_surplus(community: CERConfiguration, now: datetime) -> Usual | None:
    """The longest stretch of the day in which there usually was some in the last four weeks. One query."""
    today = day_range(local_date(now)).start
    since = day_range(local_date(today - timedelta(weeks=WEEKS))).start
    return usual_in(queries.shared_hours(community, Range(since, today)))


def usual_in(together: SharedHours) -> Usual | None:
    """The same of some hours; None where they are too few, or nothing is usual."""
    clock = np.array([together.at(number).astimezone(ITALY).hour for number in range(len(together.shared))], dtype=int)
    known = (together.injected != UNKNOWN) & (together.drawn != UNKNOWN)
    spare = known & (together.injected > MORE_THAN_DRAWN * together.drawn)
    days, of_days = (np.bincount(clock[chosen], minlength=HOURS) for chosen in (spare, known))
    usual = (of_days >= FEWEST_DAYS) & (days >= USUALLY * of_days)
    stretches = _stretches(usual.tolist())
    if not stretches:
        return None
    first, end = max(stretches, key=lambda stretch: stretch[1] - stretch[0])
    weakest = min(range(first, end), key=lambda hour: days[hour] / of_days[hour])
    return Usual(first, end, int(days[weakest]), int(of_days[weakest]))


def _stretches(usual: list[bool]) -> list[tuple[int, int]]:
    found, first = [], None
    for hour, is_usual in enumerate([*usual, False]):
        if is_usual and first is None:
            first = hour
        elif not is_usual and first is not None:
            found.append((first, hour))
            first = None
    return found
