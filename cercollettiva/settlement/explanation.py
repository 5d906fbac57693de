"""One hour of one member, down to the kWh and the cent: every number that a figure was made with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cercollettiva.domain.calendar import HOUR
from cercollettiva.domain.settlement.distribution import Distribution, Line
from cercollettiva.domain.settlement.engine import Settlement
from cercollettiva.domain.settlement.members import MWH_OF_KWH
from cercollettiva.domain.settlement.plants import Plant, entitled_hours
from cercollettiva.domain.settlement.tariff import correction, grant_reduction, power_class
from cercollettiva.domain.settlement.words import Key, Pot
from cercollettiva.settlement.cases import CommunityCase
from cercollettiva.settlement.telling import EVERYTHING, Told, told_of_hour


class PlantHour(NamedTuple):
    """A plant in the hour. [kWh, EUR/MWh, EUR]"""

    name: str  # empty for those of others
    injected: float
    attributed: float
    is_entitled: bool
    base: float  # zero for several plants together
    cap: float
    correction: float
    reduction: float
    premium: float

    @property
    def tariff(self) -> float:
        """What each MWh of the hour earned."""
        return self.premium * 1000.0 / self.attributed if self.attributed else 0.0


class PartOfHour(NamedTuple):
    """A line of the member's month, and what of it comes from the hour. [cents]"""

    line: Line
    weight: int  # of the hour, in the unit of the line; 0 where the key does not look at hours
    cents: float | None  # unrounded; None where the key does not look at hours
    is_energy: bool = False  # the line's weights are mWh


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """The hour. Energies in kWh, price in EUR/MWh."""

    start: datetime
    injected: float
    withdrawn: float
    shared: float
    price: float
    trase: float
    valorisation: float
    premium: float
    own_withdrawn: float
    own_shared: float
    own_injected: float
    own_attributed: float
    plants: list[PlantHour]
    parts: list[PartOfHour]
    attribution: str
    month_cents: int
    told: Told  # what of this may be shown
    measured_by: dict[str, float]  # who measured the hour, and what part of its energies


def explain(
    made: CommunityCase, settled: Settlement, divided: Distribution, *, hour: int, user: int, sees_all: bool = False
) -> Explanation:
    """The hour with this number in the period, as a member sees it: plants of others are one line.

    Where there are too few others the sums are here and may not be shown: `told` says which.
    """
    case, hourly = made.case.checked(), settled.hourly
    own_points = [row for row, point in enumerate(case.points) if made.owner_of.get(point.pod) == user]
    own_plants = [row for row, plant in enumerate(case.plants) if made.owner_of.get(plant.pod) == user]
    drawn = float(case.withdrawn[own_points, hour].sum())
    per_unit = float(hourly.shared[hour] / hourly.withdrawn[hour]) if hourly.withdrawn[hour] else 0.0
    own = {
        (Pot.CONSUMERS, Key.VOLUME): drawn,
        (Pot.CONSUMERS, Key.CONTRIBUTION): drawn * per_unit,
        (Pot.PRODUCERS, Key.VOLUME): float(case.injected[own_plants, hour].sum()),
        (Pot.PRODUCERS, Key.CONTRIBUTION): float(hourly.attributed[own_plants, hour].sum()),
    }
    return Explanation(
        start=settled.start + hour * HOUR,
        injected=float(hourly.injected[hour]),
        withdrawn=float(hourly.withdrawn[hour]),
        shared=float(hourly.shared[hour]),
        price=float(case.price[hour]),
        trase=float(_at(case.published.trase, hour)),
        valorisation=float(hourly.valorisation[hour]),
        premium=float(hourly.premium[:, hour].sum()),
        own_withdrawn=drawn,
        own_shared=own[Pot.CONSUMERS, Key.CONTRIBUTION],
        own_injected=own[Pot.PRODUCERS, Key.VOLUME],
        own_attributed=own[Pot.PRODUCERS, Key.CONTRIBUTION],
        plants=_plants(made, settled, hour, range(len(case.plants)) if sees_all else own_plants),
        parts=[_part(line, made, divided, own) for line in divided.lines if line.member == user],
        attribution=settled.policies.attribution,
        month_cents=divided.of_member(user),
        told=EVERYTHING if sees_all else told_of_hour(made, settled, hour=hour, viewer=user),
        measured_by=made.measured_by(slice(hour, hour + 1)),
    )


def _at(values: object, hour: int) -> float:
    return float(values[hour]) if hasattr(values, "__getitem__") else float(values)  # type: ignore[arg-type]


def _plants(made: CommunityCase, settled: Settlement, hour: int, named: Sequence[int]) -> list[PlantHour]:
    """The named plants one by one, and the others together: what one household injects is not for its neighbours."""
    rows = range(len(settled.plants))
    shown = [_plant_hour(made, settled, row, hour, is_own=True) for row in rows if row in named]
    others = [_plant_hour(made, settled, row, hour, is_own=False) for row in rows if row not in named]
    if others:
        injected, attributed, premium = (
            sum(getattr(other, field) for other in others) for field in ("injected", "attributed", "premium")
        )
        is_entitled = any(other.is_entitled for other in others)
        shown.append(PlantHour("", injected, attributed, is_entitled, 0.0, 0.0, 0.0, 0.0, premium))
    return shown


def _plant_hour(made: CommunityCase, settled: Settlement, row: int, hour: int, *, is_own: bool) -> PlantHour:
    case = made.case.checked()
    plant: Plant = case.plants[row]
    entitled = bool(entitled_hours(plant, case.starts[hour : hour + 1])[0])
    of = power_class(plant.power_kw) if entitled else None
    return PlantHour(
        name=made.plant_of[plant.pod].name if is_own else "",
        injected=float(case.injected[row, hour]),
        attributed=float(settled.hourly.attributed[row, hour]),
        is_entitled=entitled,
        base=of.base if of else 0.0,
        cap=of.cap if of else 0.0,
        correction=correction(plant.source, plant.macro_zone),
        reduction=grant_reduction(plant.grant_share),
        premium=float(settled.hourly.premium[row, hour]),
    )


def _part(line: Line, made: CommunityCase, divided: Distribution, own: dict[tuple[Pot, Key], float]) -> PartOfHour:
    """The hour's weight is a part of the line's, and as large a part of its cents: what the hour brought."""
    key = made.rule.key_of(line.pot)
    if (line.pot, key) not in own or (line.money, line.pot) in divided.divided_equally:
        return PartOfHour(line, 0, None)
    weight = round(own[line.pot, key] * MWH_OF_KWH)
    return PartOfHour(line, weight, line.cents * weight / line.weight if line.weight else 0.0, is_energy=True)
