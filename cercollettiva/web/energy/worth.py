"""What a period of sharing is worth, from the stored estimates: the community's euros, its plants, one's own part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.domain.calendar import QUARTER, Range, Span, local_date, range_of, step
from cercollettiva.domain.settlement.cents import cents_of
from cercollettiva.energy import queries
from cercollettiva.settlement.models import MemberPart, RunKind, SettlementRun
from cercollettiva.settlement.reasons import reason_of_run
from cercollettiva.settlement.telling import runs_with_a_crowd
from cercollettiva.users.models import CustomUser
from cercollettiva.web import formats
from cercollettiva.web.history.asked import Asked
from cercollettiva.web.templatetags.formats import page_locale

MWH_OF_KWH: Final = 1_000_000


class Sums(NamedTuple):
    """What a community shared and what it earns. [mWh, cents]"""

    injected_mwh: int
    shared_mwh: int
    premium: int
    excess: int
    valorisation: int

    @property
    def total(self) -> int:
        return self.premium + self.valorisation


class PlantWorth(NamedTuple):
    """A plant's month. [mWh, cents]"""

    plant: Plant
    injected_mwh: int
    shared_mwh: int
    incentivised_mwh: int
    premium: int


class Amount(NamedTuple):
    """A line of one's own month. [cents]"""

    money: str
    pot: str
    cents: int


@dataclass(frozen=True)
class MonthWorth:
    """A month as its last estimate has it; the sums are None where they are not told, or could not be made."""

    start: datetime
    name: str
    url: str
    until: date | None  # the last day that counts, while the month runs
    sums: Sums | None
    complete: Sums | None  # with what is missing filled in; None: nothing is, or it is not told
    is_withheld: bool
    own_cents: int | None
    own_lines: list[Amount]
    plants: list[PlantWorth]
    measured_by: dict[str, float]
    known: float
    missing: list[str]
    refusal: str
    computed_at: datetime

    @property
    def shared_mwh(self) -> int | None:
        return self.sums.shared_mwh if self.sums else None

    @property
    def premium(self) -> int | None:
        return self.sums.premium if self.sums else None

    @property
    def valorisation(self) -> int | None:
        return self.sums.valorisation if self.sums else None

    @property
    def total(self) -> int | None:
        return self.sums.total if self.sums else None


@dataclass(frozen=True)
class Worth:
    """The months of the period, the first one first; those without an estimate are not there."""

    months: list[MonthWorth]
    has_own: bool

    @property
    def only(self) -> MonthWorth | None:
        return self.months[0] if len(self.months) == 1 else None

    @property
    def total(self) -> int | None:
        """Of the months whose sums are told. [cents]"""
        told = [month.sums.total for month in self.months if month.sums is not None]
        return sum(told) if told else None

    @property
    def own_cents(self) -> int | None:
        known = [month.own_cents for month in self.months if month.own_cents is not None]
        return sum(known) if known else None


def worth_of(
    community: CERConfiguration, user: CustomUser, asked: Asked, now: datetime, *, manages: bool, administers: bool
) -> Worth:
    """The estimates of the months of a period, as somebody may know them."""
    starts = _months(asked.period)
    rows = SettlementRun.objects.visible_to(user).filter(
        community=community, kind=RunKind.ESTIMATE, start__in=starts, start__lt=now
    )
    runs = {run.start: run for run in rows.order_by("end")}  # of one start the longest
    parts = MemberPart.objects.visible_to(user).filter(user=user.pk, run__in=[run.pk for run in runs.values()])
    own = {part.run_id: part for part in parts}
    plants = _plants(community, user, list(runs.values()), manages=manages)
    told = {run.pk for run in runs.values()} if manages else _told(community, user, list(runs.values()), asked.period)
    months = [
        _month(run, own.get(run.pk), plants, told=run.pk in told, names_pods=administers)
        for _start, run in sorted(runs.items())
    ]
    return Worth(months, has_own=bool(own))


class OwnMonth(NamedTuple):
    """One's own part of the month so far, in all communities together."""

    cents: int
    until: date  # the last day that counts in each of them


def own_month(user: CustomUser, now: datetime) -> OwnMonth | None:
    """None where nothing is estimated. One query."""
    start = range_of(Span.MONTH, now).start
    parts = MemberPart.objects.visible_to(user).filter(
        user=user.pk, run__kind=RunKind.ESTIMATE, run__start=start, run__refusal=""
    )
    newest: dict[int, tuple[int, datetime]] = {
        community: (cents, end)
        for community, cents, end in parts.order_by("run__end").values_list("run__community", "cents", "run__end")
    }
    if not newest:
        return None
    until = min(end for _cents, end in newest.values())
    return OwnMonth(sum(cents for cents, _end in newest.values()), local_date(until - QUARTER))


def _months(period: Range) -> list[datetime]:
    starts, month = [], range_of(Span.MONTH, period.start)
    while month.start < period.end:
        starts.append(month.start)
        month = step(month, Span.MONTH, 1)
    return starts


def _told(community: CERConfiguration, user: CustomUser, runs: Sequence[SettlementRun], period: Range) -> set[int]:
    """The estimates whose sums say nothing of one of the others, and those without figures. Two queries."""
    viewer = user.pk or 0
    few = queries.days_with_few(community, period, viewer=viewer) if runs else set()
    crowds = runs_with_a_crowd([run.pk for run in runs], viewer=viewer) if runs else set()
    crowded = [run for run in runs if run.pk in crowds and not any(run.start <= day < run.end for day in few)]
    return {run.pk for run in runs if run.refusal} | {run.pk for run in crowded}


def _plants(
    community: CERConfiguration, user: CustomUser, runs: Sequence[SettlementRun], *, manages: bool
) -> dict[str, Plant]:
    """The plants of which one may know the figures, by the key that runs write."""
    keys = {int(key) for run in runs for key in run.plants}
    visible = Plant.objects.visible_to(user).filter(pk__in=keys)
    rows = visible if manages else visible.filter(owner=user.pk)
    return {str(plant.pk): plant for plant in rows.order_by("name", "pk")} if keys else {}


def _month(
    run: SettlementRun, own: MemberPart | None, plants: Mapping[str, Plant], *, told: bool, names_pods: bool
) -> MonthWorth:
    month = range_of(Span.MONTH, run.start)
    day = local_date(run.start)
    has_figures = told and not run.refusal
    return MonthWorth(
        start=run.start,
        name=formats.month(run.start, locale=page_locale()),
        url=Asked(Span.MONTH, day).query,
        until=local_date(run.end - QUARTER) if run.end < month.end else None,
        sums=_sums(run.totals) if has_figures else None,
        complete=_sums(run.estimate) if has_figures and run.estimate else None,
        is_withheld=not told,
        own_cents=own.cents if own else None,
        own_lines=_lines(own) if own else [],
        plants=[_plant(plant, run.plants[key]) for key, plant in plants.items() if key in run.plants],
        measured_by=run.completeness.get("measured_by", {}),
        known=float(run.completeness.get("known", 0.0)),
        missing=list(run.completeness.get("missing", [])) if names_pods else [],
        refusal=reason_of_run(run, names_pods=names_pods),
        computed_at=run.computed_at,
    )


def _sums(totals: Mapping[str, str]) -> Sums:
    return Sums(
        injected_mwh=_mwh(totals["injected"]),
        shared_mwh=_mwh(totals["shared"]),
        premium=cents_of(Decimal(totals["premium"])),
        excess=cents_of(Decimal(totals["excess_premium"])),
        valorisation=cents_of(Decimal(totals["valorisation"])),
    )


def _plant(plant: Plant, figures: Mapping[str, str]) -> PlantWorth:
    injected, shared, incentivised = (_mwh(figures[name]) for name in ("injected", "shared", "incentivised"))
    return PlantWorth(plant, injected, shared, incentivised, cents_of(Decimal(figures["premium"])))


def _lines(part: MemberPart) -> list[Amount]:
    """Without what they were weighed against: that is what all the others did together."""
    return [Amount(money, pot, cents) for money, pot, cents, _weight, _of_weight in part.lines]


def _mwh(kwh: str) -> int:
    return int((Decimal(kwh) * MWH_OF_KWH).to_integral_value())
