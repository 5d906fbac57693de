"""What a member is told of a community's hours: a total with too few others behind it says what one of them does.

The same rules as for energies (`energy.queries.told`), on the figures that a calculation used: hours for whole days or
not at all, a month only where each of its days is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from django.db.models import Count, Q

from cercollettiva.domain.calendar import Range, Span, range_of
from cercollettiva.domain.registers import Bools
from cercollettiva.domain.settlement.engine import Settlement
from cercollettiva.energy.queries.crowd import FEWEST, is_crowd
from cercollettiva.energy.queries.sharing import NEARLY_ALL
from cercollettiva.settlement.cases import CommunityCase
from cercollettiva.settlement.models import MemberPart


class Told(NamedTuple):
    """What of one hour somebody is told beside their own energy."""

    totals: bool  # of the community in the hour
    own_part: bool  # of what was shared
    weights: bool  # what all weigh together in the month


EVERYTHING = Told(totals=True, own_part=True, weights=True)


@dataclass(frozen=True)
class _Side:
    """Who of the others acted, and of whom it is known. (people, hours)"""

    acting: Bools
    measured: Bools

    def hides(self, begins: Sequence[int]) -> Bools:
        """Where a sum over each run of hours, from one beginning to the next, hides each of the others."""
        acting, measured = (
            np.logical_or.reduceat(flags, begins, axis=1).sum(axis=0) if len(flags) else np.zeros(len(begins), np.int64)
            for flags in (self.acting, self.measured)
        )
        return is_crowd(acting, measured)


def told_of_hour(made: CommunityCase, settled: Settlement, *, hour: int, viewer: int) -> Told:
    """What a person may know of the hour with this number in the period."""
    case = made.case
    drawing = _others(made, [point.pod for point in case.points], case.withdrawn, case.withdrawn_known, viewer)
    injecting = _others(made, [plant.pod for plant in case.plants], case.injected, case.injected_known, viewer)
    days = _days(made)
    day = max(place for place, begin in enumerate(days) if begin <= hour)
    end = days[day + 1] if day + 1 < len(days) else case.hours
    every_hour = range(case.hours)
    by_hour, by_day = (drawing.hides(begins) & injecting.hides(begins) for begins in (every_hour, days))
    return Told(
        totals=bool(by_hour[days[day] : end].all()),
        own_part=not _own_part_tells(made, settled, hour, viewer, drawing, injecting),
        weights=bool(by_day.all()),
    )


def runs_with_a_crowd(runs: Iterable[int], *, viewer: int) -> set[int]:
    """Those of some estimates, by their keys, whose sums hide each of the members besides the viewer. One query."""
    rows = (
        MemberPart.objects.filter(run__in=list(runs))
        .exclude(user=viewer)
        .values("run")
        .order_by()
        .annotate(
            drawing=Count("pk", filter=Q(withdrawn_mwh__gt=0)),
            injecting=Count("pk", filter=Q(injected_mwh__gt=0)),
            others=Count("pk"),
        )
    )
    return {
        row["run"]
        for row in rows
        if is_crowd(np.array([row["drawing"], row["injecting"]]), np.full(2, row["others"])).all()
    }


def _others(made: CommunityCase, pods: Sequence[str], energy: object, known: Bools | None, viewer: int) -> _Side:
    values = np.asarray(energy, dtype=np.float64)
    measured = np.ones(values.shape, dtype=np.bool_) if known is None else known
    people: dict[int, list[int]] = {}
    for row, pod in enumerate(pods):
        owner = made.owner_of.get(pod)
        if owner is not None and owner != viewer:
            people.setdefault(owner, []).append(row)
    shape = (len(people), values.shape[1])
    acting, seen = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    for place, rows in enumerate(people.values()):
        acting[place] = (values[rows] > 0).any(axis=0)
        seen[place] = measured[rows].any(axis=0)
    return _Side(acting, seen)


def _days(made: CommunityCase) -> list[int]:
    """The first hour of each local day of the case."""
    period = Range(made.case.start_of(0), made.case.start_of(made.case.hours))
    begins, moment = [], period.start
    while moment < period.end:
        begins.append(int((moment - period.start).total_seconds()) // 3600)
        moment = range_of(Span.DAY, moment).end
    return begins


def _own_part_tells(
    made: CommunityCase, settled: Settlement, hour: int, viewer: int, drawing: _Side, injecting: _Side
) -> bool:
    """Nearly all of a side is one's own and less was shared: then the part is what few others did on the other side."""
    case, hourly = made.case.checked(), settled.hourly
    points = [row for row, point in enumerate(case.points) if made.owner_of.get(point.pod) == viewer]
    plants = [row for row, plant in enumerate(case.plants) if made.owner_of.get(plant.pod) == viewer]
    drawn, injected = float(case.withdrawn[points, hour].sum()), float(case.injected[plants, hour].sum())
    shared = float(hourly.shared[hour])
    return any(
        own > 0 and own >= NEARLY_ALL * total and shared < total and 0 < int(others.acting[:, hour].sum()) < FEWEST
        for own, total, others in (
            (injected, float(hourly.injected[hour]), drawing),
            (drawn, float(hourly.withdrawn[hour]), injecting),
        )
    )
