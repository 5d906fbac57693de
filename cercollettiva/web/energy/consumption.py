"""A person's consumption and production over a period: the history of a plant, cut into own, community and grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from cercollettiva.core.models import Plant
from cercollettiva.domain.calendar import HOUR, Fascia, Range, fascia_at
from cercollettiva.energy import queries
from cercollettiva.energy.queries import UNKNOWN, PeriodTotal
from cercollettiva.web.energy.own import OwnHours, own_hours
from cercollettiva.web.history.asked import Asked, NoSuchPeriod, asked_for
from cercollettiva.web.history.columns import Column, Layers, drawn, injected, own, produced
from cercollettiva.web.history.page import History, history_from

Ints = NDArray[np.int64]


class FasciaShare(NamedTuple):
    """What was drawn in the hours of one tariff. [mWh]"""

    name: str
    hours: str  # when that is
    mwh: int
    share: float
    x: str
    width: str


@dataclass(frozen=True)
class Consumption:
    history: History
    fasce: list[FasciaShare]
    from_community_mwh: int
    to_community_mwh: int
    withheld_hours: int


def consumption_of(plant: Plant, parameters: Mapping[str, str], now: datetime, *, viewer: int) -> Consumption:
    """The page for what an address asks; what cannot be shown becomes the present month and a notice."""
    try:
        return _consumption(plant, asked_for(parameters, now), now, "", viewer)
    except NoSuchPeriod as refused:
        notice = _("%(reason)s Qui sotto c’è il mese in corso.") % {"reason": refused}
        return _consumption(plant, asked_for({}, now), now, notice, viewer)


def exported_consumption(plant: Plant, parameters: Mapping[str, str], now: datetime, *, viewer: int) -> Consumption:
    """The same for a file. Raises NoSuchPeriod."""
    return _consumption(plant, asked_for(parameters, now), now, "", viewer)


def _consumption(plant: Plant, asked: Asked, now: datetime, notice: str, viewer: int) -> Consumption:
    whole = Range(asked.by(-1).period.start, asked.period.end)
    totals = queries.aggregate_by_period(plant, asked.part, *whole)
    first = queries.first_total(plant, asked.part)
    hours = own_hours([plant], whole, viewer=viewer)
    shown_as = _columns(totals, hours)
    history = history_from(plant, asked, totals, now=now, first=first, notice=notice, shown_as=shown_as)
    begins = (asked.period.start - whole.start) // HOUR
    return Consumption(
        history,
        _fasce(hours, begins),
        int(hours.from_community[begins:].clip(0).sum()),
        int(hours.to_community[begins:].clip(0).sum()),
        int(hours.withheld[begins:].sum()),
    )


def _columns(totals: Sequence[PeriodTotal], hours: OwnHours) -> tuple[list[Column], Layers]:
    """Above zero what one uses, below what one gives; the table has the measured energies too."""
    taken, given = _summed(totals, hours, hours.from_community), _summed(totals, hours, hours.to_community)

    def from_community(total: PeriodTotal) -> int | None:
        return None if total.drawn_mwh is None else min(taken[total.start], total.drawn_mwh)

    def from_grid(total: PeriodTotal) -> int | None:
        part = from_community(total)
        return None if total.drawn_mwh is None or part is None else total.drawn_mwh - part

    def to_community(total: PeriodTotal) -> int | None:
        return None if total.injected_mwh is None else min(given[total.start], total.injected_mwh)

    def to_grid(total: PeriodTotal) -> int | None:
        part = to_community(total)
        return None if total.injected_mwh is None or part is None else total.injected_mwh - part

    kept = Column(_("dal tuo tetto"), "own", own)
    shared, grid = Column(_("dalla comunità"), "shared", from_community), Column(_("dalla rete"), "grid", from_grid)
    to_all, export = Column(_("alla comunità"), "shared", to_community), Column(_("alla rete"), "export", to_grid)
    has_own = any(total.own_mwh is not None for total in totals)
    gives = any(total.injected_mwh for total in totals)
    makes = any(total.produced_mwh is not None for total in totals)
    columns = [Column(_("prelevata"), "", drawn), shared, grid]
    columns += [Column(_("immessa"), "", injected), to_all, export] if gives else []
    columns += [Column(_("prodotta"), "", produced)] if makes else []
    columns += [kept] if has_own else []
    above = [*([kept] if has_own else []), shared, grid]
    return columns, Layers(above, [to_all, export] if gives else [])


def _summed(totals: Sequence[PeriodTotal], hours: OwnHours, values: Ints) -> dict[datetime, int]:
    """The sum of some hours' figures over each total's period."""
    edges = np.concatenate(([0], np.cumsum(values.clip(0))))
    sums = {}
    for total in totals:
        first = max((total.start - hours.start) // HOUR, 0)
        last = min(max((total.end - hours.start) // HOUR, first), len(values))
        sums[total.start] = int(edges[last] - edges[min(first, last)])
    return sums


def _fasce(hours: OwnHours, begins: int) -> list[FasciaShare]:
    """What was drawn by tariff hour, over the hours that are known."""
    sums = dict.fromkeys(Fascia, 0)
    for number in np.flatnonzero(hours.drawn[begins:] != UNKNOWN).tolist():
        sums[fascia_at(hours.at(begins + number))] += int(hours.drawn[begins + number])
    total = sum(sums.values())
    if not total:
        return []
    when = {
        Fascia.F1: _("lun–ven 8–19"),
        Fascia.F2: _("lun–ven 7–8 e 19–23, sab 7–23"),
        Fascia.F3: _("notti, domeniche, festivi"),
    }
    shares, x = [], 0.0
    for fascia, mwh in sums.items():
        share = mwh / total
        shares.append(FasciaShare(fascia.name, when[fascia], mwh, share, f"{100 * x:.2f}%", f"{100 * share:.2f}%"))
        x += share
    return shares
