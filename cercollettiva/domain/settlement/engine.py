"""The calculation: one pass over the hours of a configuration, and what each figure was made with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np

from cercollettiva.domain.registers import Bools
from cercollettiva.domain.settlement.attribution import attributed
from cercollettiva.domain.settlement.case import Case, Gap, Policies, gaps_of
from cercollettiva.domain.settlement.errors import MissingParameter
from cercollettiva.domain.settlement.exemptions import exempt_share
from cercollettiva.domain.settlement.plants import Plant, entitled_hours, existing_share
from cercollettiva.domain.settlement.tariff import correction, power_class, premium_tariff
from cercollettiva.domain.settlement.thresholds import PREMIUM_ONLY, WITH_GRANT, PlantSet, plant_set
from cercollettiva.domain.settlement.valorisation import of_building, of_community, shared_by_voltage
from cercollettiva.domain.settlement.words import Kind
from cercollettiva.domain.sharing import Floats

HIGHEST_EXISTING: Final = 0.30
ASSUMPTIONS: Final = (
    "ties_by_pod",  # two plants of one date stand in the queue by POD
    "existing_plants_in_the_queue_by_their_date",
    "incentivised_energy_belongs_to_points_in_proportion_to_the_hour",
    "losses_by_voltage_in_proportion_to_the_hour",
)


class Totals(NamedTuple):
    """The configuration over the period. [kWh, EUR], unrounded"""

    injected: float
    withdrawn: float
    shared: float  # EACV
    incentivised: float  # EACI
    premium: float
    injected_incentivised: float  # by plants while they were entitled
    valorisation: float
    excess_premium: float


class PlantFigures(NamedTuple):
    """A plant over the period. [kWh, EUR], unrounded"""

    pod: str
    injected: float
    shared: float
    incentivised: float
    premium: float


class PointFigures(NamedTuple):
    """A point that withdraws, over the period: its part of each hour in proportion to its withdrawal. [kWh]"""

    pod: str
    withdrawn: float
    shared: float


class Hourly(NamedTuple):
    """The same hour by hour, to explain a figure down to its hour. [kWh, EUR]"""

    injected: Floats  # (hours,)
    withdrawn: Floats
    shared: Floats
    attributed: Floats  # (plants, hours)
    premium: Floats  # (plants, hours)
    valorisation: Floats  # (hours,)


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What a configuration earned over a period, and with what it was calculated."""

    start: datetime
    end: datetime
    totals: Totals
    sets: dict[str, PlantSet]
    plants: list[PlantFigures]  # in the order of their PODs
    points: list[PointFigures]
    hourly: Hourly
    policies: Policies
    assumptions: tuple[str, ...]
    versions: tuple[str, ...]  # of the published values
    gaps: list[Gap]
    existing_share: float
    is_provisional: bool  # the threshold is a year's: before the year is closed its excess may change

    @property
    def has_too_many_existing(self) -> bool:
        return self.existing_share > HIGHEST_EXISTING


def settle(case: Case, policies: Policies | None = None, *, year_is_closed: bool = False) -> Settlement:
    """What was shared, to whom it belongs and what it earns. Raises a SettlementError before any figure."""
    policies = policies or Policies()
    case = case.checked()
    if case.kind == Kind.BUILDING and case.published.btau is None:
        raise MissingParameter("BTAU", case.start.date())
    injected, withdrawn = _sum(case.injected), _sum(case.withdrawn)
    shared = np.minimum(injected, withdrawn)
    starts = case.starts
    entitled = np.array([entitled_hours(plant, starts) for plant in case.plants], dtype=np.bool_)
    entitled = entitled.reshape(len(case.plants), case.hours)
    parts = attributed(policies.attribution, case.plants, injected=case.injected, shared=shared, entitled=entitled)
    incentivised = _while_entitled(parts, entitled)
    premium = _premium(case, incentivised, entitled, withdrawn)
    hourly = Hourly(injected, withdrawn, shared, parts, premium, _valorisation(case, shared, withdrawn))
    plants = _plant_figures(case, parts, incentivised, premium)
    sets = _sets(case, plants, entitled, policies)
    return Settlement(
        start=case.start_of(0),
        end=case.start_of(case.hours),
        totals=_totals(hourly, plants, sets),
        sets=sets,
        plants=plants,
        points=_point_figures(case, shared, withdrawn),
        hourly=hourly,
        policies=policies,
        assumptions=ASSUMPTIONS,
        versions=case.published.versions,
        gaps=gaps_of(case),
        existing_share=existing_share(list(case.plants)),
        is_provisional=not year_is_closed,
    )


def _sum(energy: Floats) -> Floats:
    """The sum of each hour over the rows, in their order."""
    return np.asarray(energy.sum(axis=0), dtype=np.float64)


def _while_entitled(energy: Floats, entitled: Bools) -> Floats:
    """What plants have in the hours in which they are entitled. (plants, hours)"""
    return energy if entitled.all() else np.where(entitled, energy, 0.0)


def _premium(case: Case, incentivised: Floats, entitled: Bools, withdrawn: Floats) -> Floats:
    """TIP * EACI by plant and hour; an obligation earns nothing on its own part. (plants, hours) [EUR]"""
    premium = np.zeros(incentivised.shape)
    earning = [place for place in range(len(case.plants)) if entitled[place].any()]
    exempt: Floats | float = 0.0
    if any(case.plants[place].grant_share for place in earning):
        exempt = exempt_share(case.points, case.withdrawn, withdrawn, case.starts)
    tariffs: dict[tuple[object, ...], Floats] = {}
    for place in earning:
        plant = case.plants[place]
        alike = _what_the_tariff_depends_on(plant)
        if alike not in tariffs:
            tariffs[alike] = premium_tariff(plant, case.price, exempt) / 1000.0
        np.multiply(incentivised[place], tariffs[alike], out=premium[place])
        if plant.obligation_kw:
            premium[place] *= plant.rewarded_fraction
    return premium


def _what_the_tariff_depends_on(plant: Plant) -> tuple[object, ...]:
    return power_class(plant.power_kw), correction(plant.source, plant.macro_zone), plant.grant_share


def _valorisation(case: Case, shared: Floats, withdrawn: Floats) -> Floats:
    published = case.published
    if case.kind != Kind.BUILDING or published.btau is None:
        return of_community(shared, published.trase)
    by_voltage = shared_by_voltage(case.points, withdrawn=case.withdrawn, total=withdrawn, shared=shared)
    return of_building(shared, by_voltage=by_voltage, trase=published.trase, btau=published.btau, price=case.price)


def _plant_figures(case: Case, parts: Floats, incentivised: Floats, premium: Floats) -> list[PlantFigures]:
    columns = (case.injected, parts, incentivised, premium)
    sums = [column.sum(axis=1).tolist() for column in columns]
    return [PlantFigures(plant.pod, *figures) for plant, *figures in zip(case.plants, *sums, strict=True)]


def _point_figures(case: Case, shared: Floats, withdrawn: Floats) -> list[PointFigures]:
    # Multiplied and summed, not `@`: a linear algebra library may add in another order on another machine.
    per_unit = np.divide(shared, withdrawn, out=np.zeros(case.hours), where=withdrawn > 0)
    volumes, parts = case.withdrawn.sum(axis=1).tolist(), (case.withdrawn * per_unit).sum(axis=1).tolist()
    return list(map(PointFigures, [point.pod for point in case.points], volumes, parts))


def _sets(case: Case, plants: list[PlantFigures], entitled: Bools, policies: Policies) -> dict[str, PlantSet]:
    injected = _while_entitled(case.injected, entitled).sum(axis=1).tolist()
    sets = {}
    for name, with_grant in ((PREMIUM_ONLY, False), (WITH_GRANT, True)):
        places = [place for place, plant in enumerate(case.plants) if bool(plant.grant_share) is with_grant]
        sets[name] = plant_set(
            incentivised=sum(plants[place].incentivised for place in places),
            injected=sum(injected[place] for place in places),
            premium=sum(plants[place].premium for place in places),
            threshold=policies.thresholds[name],
            policy=policies.threshold,
        )
    return sets


def _totals(hourly: Hourly, plants: list[PlantFigures], sets: dict[str, PlantSet]) -> Totals:
    return Totals(
        injected=float(hourly.injected.sum()),
        withdrawn=float(hourly.withdrawn.sum()),
        shared=float(hourly.shared.sum()),
        incentivised=sum(plant.incentivised for plant in plants),
        premium=sum(plant.premium for plant in plants),
        injected_incentivised=sum(each.injected for each in sets.values()),
        valorisation=float(hourly.valorisation.sum()),
        excess_premium=sum(each.excess_premium for each in sets.values()),
    )
