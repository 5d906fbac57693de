"""What a silent meter costs: energy from the plant's own past, money from what its community was last estimated.

A stated estimate or nothing. What a kilowatt-hour of the plant earned its community in the last estimate that has
figures stands for what one would have earned now; where there is no such estimate there is no amount.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np
from django.db.models import F
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from cercollettiva.core.models import Plant, PlantType
from cercollettiva.domain.calendar import HOUR, ITALY, Range, Span, range_of
from cercollettiva.domain.missing import DAYS, UNKNOWN
from cercollettiva.domain.silence import Silence, silence
from cercollettiva.energy.models import DevicePlacement, SubjectKind
from cercollettiva.energy.queries import hours_of
from cercollettiva.monitoring.models import Alert, AlertState
from cercollettiva.settlement.models import MemberPart, RunKind, SettlementRun

SETTLES_IN: Final = timedelta(minutes=20)  # an hour that ended just now is not computed yet
LONGEST: Final = timedelta(days=60)  # what is older than that is told from here on
RUNS_SINCE: Final = timedelta(days=100)
MORE_THAN_A_DAY: Final = timedelta(hours=26)  # the estimate of one day has too little in it to go by
MWH_IN_KWH: Final = 1_000_000
DRAWS: Final = (PlantType.CONSUMER, PlantType.PROSUMER)
INJECTS: Final = (PlantType.PRODUCER, PlantType.PROSUMER)


class Worth(NamedTuple):
    """What a kilowatt-hour of a plant earned its community, and in which period that was estimated. [EUR/kWh]"""

    injected: float | None
    drawn: float | None
    start: datetime


class AtRisk(NamedTuple):
    """None: not known. [mWh, cents]"""

    usual_day_mwh: int | None
    lost_mwh: int | None
    usual_day_cents: int | None
    lost_cents: int | None
    worth_from: datetime | None  # the beginning of the period whose estimate stands behind the cents
    is_silent: bool


def at_risk(since: Mapping[Plant, datetime], now: datetime) -> dict[int, AtRisk]:
    """For each plant, by its key, what is at risk since an instant. Three queries, whatever their number."""
    plants = list(since)
    end = range_of(Span.HOUR, now - SETTLES_IN).start
    starts = [range_of(Span.HOUR, max(moment, end - LONGEST)).start for moment in since.values()]
    if not plants:
        return {}
    grid = Range(min(*starts, end) - timedelta(days=DAYS), end)
    hours = hours_of(SubjectKind.PLANT, [plant.pk for plant in plants], grid)
    clock = np.array([(grid.start + n * HOUR).astimezone(ITALY).hour for n in range(grid.hours)], dtype=np.int64)
    worths = worth_of(plants, now)
    found = {}
    for row, (plant, start) in enumerate(zip(plants, starts, strict=True)):
        column = min((start - grid.start) // HOUR, grid.hours)
        parts = {
            name: silence(energy[row], hours.coverage[row], clock, column)
            for name, energy, kinds in (("injected", hours.injected, INJECTS), ("drawn", hours.drawn, DRAWS))
            if plant.plant_type in kinds
        }
        found[plant.pk] = _of(parts, worths.get(plant.pk))
    return found


def costs_of(alerts: Iterable[Alert], now: datetime) -> dict[int, AtRisk]:
    """What is at risk while each alert lasts, by its key; not those that are over, cost no energy or have no plant."""
    costly = [one for one in alerts if one.state != AlertState.RESOLVED and one.about and one.about.costs_energy]
    placements = DevicePlacement.objects.active_at(now).filter(device__in=[one.device_id for one in costly])
    standing = {one.device_id: one.plant for one in placements.select_related("plant")}
    places = {one.pk: one.plant or standing.get(one.device_id or 0) for one in costly}
    since: dict[Plant, datetime] = {}
    for one in costly:
        plant = places[one.pk]
        if plant is not None:
            since[plant] = min(one.opened_at, since.get(plant, one.opened_at))
    found = at_risk(since, now)
    return {key: found[plant.pk] for key, plant in places.items() if plant is not None}


def in_words(risk: AtRisk) -> str:
    """What a day of it costs, in the language of now; nothing where nobody knows."""
    if not risk.usual_day_mwh:
        return ""
    figures = {"energy": number_format(Decimal(risk.usual_day_mwh).scaleb(-6), 1, force_grouping=True)}
    if not risk.usual_day_cents:
        return _("A rischio: circa %(energy)s kWh al giorno.") % figures
    figures["money"] = number_format(Decimal(risk.usual_day_cents).scaleb(-2), 2, force_grouping=True)
    return _("A rischio: circa %(energy)s kWh al giorno, che alla comunità rendono circa %(money)s €.") % figures


def worth_of(plants: Iterable[Plant], now: datetime) -> dict[int, Worth]:
    """The newest estimate of more than a day in which each plant, or its owner, had energy. Two queries.

    What is injected earned the plant's premium, and its part of the valorisation; what is drawn earned, of the whole,
    the part of its owner's energy that was shared.
    """
    wanted = {plant.cer_configuration_id for plant in plants} - {None}
    runs = SettlementRun.objects.filter(
        community__in=wanted, kind=RunKind.ESTIMATE, refusal="", start__gte=now - RUNS_SINCE
    ).filter(end__gt=F("start") + MORE_THAN_A_DAY)
    newest = list(runs.order_by("-end", "start"))
    owners = {plant.owner_id for plant in plants} - {None}
    rows = MemberPart.objects.filter(run__in=newest, user__in=owners)
    parts = {(part.run_id, part.user_id): part for part in rows.only("run", "user", *_DRAWN)}
    found: dict[int, Worth] = {}
    for plant in plants:
        for run in newest:
            if run.community_id != plant.cer_configuration_id:
                continue
            injected = _injected_worth(run, plant) if plant.plant_type in INJECTS else None
            drawn = _drawn_worth(run, parts.get((run.pk, plant.owner_id or 0))) if plant.plant_type in DRAWS else None
            if injected is not None or drawn is not None:
                found[plant.pk] = Worth(injected, drawn, run.start)
                break
    return found


_DRAWN: Final = ("withdrawn_mwh", "withdrawn_shared_mwh")


def _injected_worth(run: SettlementRun, plant: Plant) -> float | None:
    figures: dict[str, Any] = run.plants.get(str(plant.pk), {})
    injected = float(figures.get("injected", 0))
    if injected <= 0:
        return None
    shared = float(run.totals.get("shared", 0))
    valorised = float(run.totals.get("valorisation", 0)) * float(figures["shared"]) / shared if shared > 0 else 0.0
    return (float(figures["premium"]) + valorised) / injected


def _drawn_worth(run: SettlementRun, part: MemberPart | None) -> float | None:
    shared = float(run.totals.get("shared", 0))
    if part is None or part.withdrawn_mwh <= 0 or shared <= 0:
        return None
    of_a_shared_one = (float(run.totals["premium"]) + float(run.totals["valorisation"])) / shared
    return of_a_shared_one * part.withdrawn_shared_mwh / part.withdrawn_mwh


def _of(parts: Mapping[str, Silence], worth: Worth | None) -> AtRisk:
    usual = [each.usual_day for each in parts.values()]
    lost = [each.not_measured for each in parts.values()]
    return AtRisk(
        usual_day_mwh=None if UNKNOWN in usual else sum(usual),
        lost_mwh=None if UNKNOWN in lost else sum(lost),
        usual_day_cents=_cents({name: each.usual_day for name, each in parts.items()}, worth),
        lost_cents=_cents({name: each.not_measured for name, each in parts.items()}, worth),
        worth_from=worth.start if worth else None,
        is_silent=any(each.is_silent for each in parts.values()),
    )


def _cents(energies: Mapping[str, int], worth: Worth | None) -> int | None:
    """None where an energy that is worth something is not known, or nobody knows what any is worth."""
    prices: dict[str, float | None] = {"injected": worth.injected, "drawn": worth.drawn} if worth else {}
    known = {name: price for name, price in prices.items() if name in energies and price is not None}
    if not known or any(energies[name] == UNKNOWN for name in known):
        return None
    return round(sum(energies[name] / MWH_IN_KWH * price * 100 for name, price in known.items()))
