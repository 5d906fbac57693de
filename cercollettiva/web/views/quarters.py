"""The quarter-hours of a plant, for the chart that one can zoom into."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import orjson
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe
from numpy.typing import NDArray

from cercollettiva.core.models import Plant
from cercollettiva.energy import queries
from cercollettiva.energy.queries import UNKNOWN
from cercollettiva.web.history.asked import NoSuchPeriod, asked_for
from cercollettiva.web.views.history import refusal

QUARTER = timedelta(minutes=15)
MWH_TO_W = 4 / 1000  # the mean power of a quarter-hour


@login_required
@require_safe
def plant_quarters(request: HttpRequest, pk: int) -> HttpResponse:
    """GET plants/<pk>/quarters.json?periodo=&data=: mean powers, null where nothing was measured. [s, W]

    {"start", "step", "exchange": [...], "produced": [...]}: exchange is above zero when drawn, below when injected.
    """
    plant = get_object_or_404(Plant.objects.visible_to(request.user), pk=pk)
    now = timezone.now()
    try:
        period = asked_for(request.GET, now).period
    except NoSuchPeriod as refused:
        return refusal(refused)
    found = queries.quarter_grid(plant, period.start, min(period.end, _end_of_quarter(now)))
    body = {
        "start": int(period.start.timestamp()),
        "step": int(QUARTER.total_seconds()),
        "exchange": _watts(found.drawn, found.injected),
        "produced": _watts(found.produced),
    }
    return HttpResponse(orjson.dumps(body), content_type="application/json")


def _end_of_quarter(now: datetime) -> datetime:
    return now + QUARTER - timedelta(minutes=now.minute % 15, seconds=now.second, microseconds=now.microsecond)


def _watts(forward: NDArray[np.int64], backward: NDArray[np.int64] | None = None) -> list[float | None]:
    """Mean powers of energies; empty where none of them is known."""
    known = forward != UNKNOWN
    energy = forward.clip(0)
    if backward is not None:
        known, energy = known | (backward != UNKNOWN), energy - backward.clip(0)
    if not known.any():
        return []
    watts = np.round(energy * MWH_TO_W).astype(np.int64).tolist()
    return [watt if there else None for watt, there in zip(watts, known.tolist(), strict=True)]
