"""How many people stand behind a total of a community: with too few, a total tells what one of them does.

Whoever knows a total and their own part knows the sum of all others, so it is the others who are counted.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from cercollettiva.core.models import CERConfiguration
from cercollettiva.domain.calendar import Range
from cercollettiva.energy.models.intervals import Period, SubjectKind
from cercollettiva.energy.store.columns import Kind, read

FEWEST: Final = 5  # other people, before a sum over them is shown to one of them

_TAIL: Final = """
    FROM energy_energyaggregate a JOIN core_plant p ON p.id = a.subject_id
    WHERE a.subject_kind = %s AND a.period = %s AND a.start >= %s AND a.start < %s
        AND p.cer_configuration_id = %s AND p.owner_id <> %s
        AND a.start >= p.active_from AND (p.active_to IS NULL OR a.start < p.active_to)
    GROUP BY a.start
"""
_SELECT: Final = {
    "start": (Kind.INSTANT, "a.start"),
    "drawing": (Kind.INT8, "COUNT(DISTINCT CASE WHEN a.energy_in > 0 THEN p.owner_id END)"),
    "injecting": (Kind.INT8, "COUNT(DISTINCT CASE WHEN a.energy_out > 0 THEN p.owner_id END)"),
    "draw_measured": (Kind.INT8, "COUNT(DISTINCT CASE WHEN a.energy_in IS NOT NULL THEN p.owner_id END)"),
    "inject_measured": (Kind.INT8, "COUNT(DISTINCT CASE WHEN a.energy_out IS NOT NULL THEN p.owner_id END)"),
}


class Crowd(NamedTuple):
    """For each period of a length: how many others drew and injected, and of how many it is known. (n,)"""

    start: NDArray[np.int64]  # [us]
    drawing: NDArray[np.int64]
    injecting: NDArray[np.int64]
    draw_measured: NDArray[np.int64]
    inject_measured: NDArray[np.int64]

    @property
    def hides_all(self) -> NDArray[np.bool_]:
        """Where the totals of both sides hide each of the others.

        Where nobody else gave anything the total says so of all of them: then those who are measured must be enough.
        """
        return is_crowd(self.drawing, self.draw_measured) & is_crowd(self.injecting, self.inject_measured)


def crowd_of(community: CERConfiguration, period: Period, span: Range, *, viewer: int) -> Crowd:
    """The others behind each hour or day of a community, as one of its people sees it. One query."""
    adapt = connection.ops.adapt_datetimefield_value
    bounds = [adapt(moment) for moment in span]
    params = [SubjectKind.PLANT.value, period.value, *bounds, community.pk, viewer]
    rows = read("default", _SELECT, _TAIL, params)
    order = np.argsort(rows["start"])
    return Crowd(*(rows[name][order] for name in _SELECT))


def is_crowd(acting: NDArray[np.int64], measured: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where so many others acted, or are known not to have, that a sum says nothing of one of them."""
    result: NDArray[np.bool_] = (acting >= FEWEST) | ((acting == 0) & (measured >= FEWEST))
    return result
