"""Plants that made much less yesterday than their own past and their neighbours let expect.

A cloudy day is everybody's: where enough neighbours of the community measured it, yesterday's weather is the median of
what they made over their own usual. Without neighbours only a day far below the worst of one's own last month counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from statistics import median
from typing import Final, NamedTuple

from cercollettiva.core.models import Plant
from cercollettiva.domain.calendar import Range, Span, range_of, step
from cercollettiva.energy.models import EnergyAggregate, Period, SubjectKind
from cercollettiva.monitoring.many import close_many, open_many
from cercollettiva.monitoring.models import Alert

KIND: Final = "production-low"
DAYS: Final = 30  # of one's own past
ENOUGH_DAYS: Final = 14
ENOUGH_NEIGHBOURS: Final = 3
TOO_LITTLE: Final = 0.5  # of what was expected
WORTH_A_LOOK_MWH: Final = 2_000_000  # an expectation under 2 kWh says nothing: snow, or a small plant in December
COMPLETE: Final = 0.98
KWH: Final = 1_000_000


class Day(NamedTuple):
    """What a plant made on a day, and what it should have made. [mWh]"""

    produced: int
    expected: float

    @property
    def is_low(self) -> bool:
        return self.expected >= WORTH_A_LOOK_MWH and self.produced < TOO_LITTLE * self.expected


def expectations(
    yesterday: Mapping[int, int], past: Mapping[int, list[int]], community_of: Mapping[int, int | None]
) -> dict[int, Day]:
    """By plant; only those whose past is long enough to say anything. Energies in mWh."""
    usual = {plant: median(days) for plant, days in past.items() if len(days) >= ENOUGH_DAYS}
    known = [plant for plant in yesterday if usual.get(plant, 0) > 0]
    together: dict[int, list[int]] = defaultdict(list)
    for plant in known:
        if (community := community_of.get(plant)) is not None:
            together[community].append(plant)
    made = {}
    for plant in known:
        others = [other for other in together.get(community_of.get(plant) or 0, []) if other != plant]
        if len(others) >= ENOUGH_NEIGHBOURS:
            weather = median(yesterday[other] / usual[other] for other in others)
            expected = usual[plant] * weather
        else:
            expected = float(min(past[plant]))
        made[plant] = Day(yesterday[plant], expected)
    return made


def check_production(now: datetime) -> tuple[int, int]:
    """Open an alert for each plant that made too little yesterday, close those of plants that made enough again."""
    today = range_of(Span.DAY, now)
    day = step(today, Span.DAY, -1)
    yesterday, past = _produced(day)
    known = dict(Alert.objects.unresolved().filter(kind=KIND).values_list("plant_id", "pk"))
    asked = [*yesterday, *known]
    plants = {plant.pk: plant for plant in Plant.objects.active_at(day.start).filter(pk__in=asked)}
    days = expectations(yesterday, past, {key: plant.cer_configuration_id for key, plant in plants.items()})
    low = [key for key, one in days.items() if one.is_low and key in plants and key not in known]
    opened = open_many(KIND, (("plant", key, _details(plants[key], days[key])) for key in low), at=now)
    right = [pk for key, pk in known.items() if key not in plants or (key in days and not days[key].is_low)]
    return opened, close_many(right, at=now)


def _produced(day: Range) -> tuple[dict[int, int], dict[int, list[int]]]:
    """What each plant made on the day, and on the complete days before it."""
    rows = EnergyAggregate.objects.filter(
        subject_kind=SubjectKind.PLANT,
        period=Period.DAY,
        start__gte=step(day, Span.DAY, -DAYS).start,
        start__lt=day.end,
        coverage__gte=COMPLETE,
    ).values_list("subject_id", "start", "produced")
    yesterday: dict[int, int] = {}
    past: dict[int, list[int]] = defaultdict(list)
    for plant, start, produced in rows:
        if produced is None:  # not known
            continue
        if start == day.start:
            yesterday[plant] = produced
        else:
            past[plant].append(produced)
    return yesterday, past


def _details(plant: Plant, day: Day) -> dict[str, str]:
    return {
        "plant": plant.name,
        "share": f"{day.produced / day.expected:.0%}".replace("%", " %"),
        "produced": f"{day.produced / KWH:.1f}".replace(".", ","),
        "expected": f"{day.expected / KWH:.1f}".replace(".", ","),
    }
