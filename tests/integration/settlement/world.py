"""A small community whose hours are written by hand: a roof that injects, two homes, a firm; prices and parameters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from cercollettiva.core.models import CERConfiguration, MemberType, Plant, PlantSource, PlantType
from cercollettiva.domain.calendar import Range, Span, range_of
from cercollettiva.energy.models import EnergyAggregate, Period, SubjectKind
from cercollettiva.settlement.models import TariffParameter, ZonalPrice
from cercollettiva.users.models import CustomUser, LegalType
from tests.integration.core.scene import LONG_AGO, join, make_community, make_plant, make_user
from tests.integration.energy.totals import KWH, a_total, write_totals

DAY = date(2026, 3, 29)  # 23 hours
NOW = datetime.fromisoformat("2026-03-30T09:00:00+02:00")


@dataclass
class World:
    cer: CERConfiguration
    people: dict[str, CustomUser]
    plants: dict[str, Plant]


def make_world() -> World:
    """The roof is Anna's (100 kW, north); Anna and Bruno live there, the firm is a business."""
    cer = make_community("A")
    cer.market_zone = "NORD"
    cer.save()
    people = {name: make_user(name) for name in ("anna", "bruno")}
    people["firm"] = make_user("firm", legal_type=LegalType.BUSINESS)
    join(people["anna"], cer, member_type=MemberType.PROSUMER)
    for name in ("bruno", "firm"):
        join(people[name], cer, member_type=MemberType.CONSUMER)
    roof: dict[str, Any] = {
        "plant_type": PlantType.PROSUMER,
        "owner": people["anna"],
        "source": PlantSource.PV,
        "nominal_power": Decimal(100),
        "entry_into_operation": date(2023, 2, 3),
        "region": "Veneto",
    }
    plants = {"roof": make_plant(1, cer_configuration=cer, **roof)}
    for number, name in ((2, "bruno"), (3, "firm")):
        plants[name] = make_plant(number, cer_configuration=cer, plant_type=PlantType.CONSUMER, owner=people[name])
    return World(cer, people, plants)


def write_hours(world: World, period: Range, *, roof: int = 10, bruno: int = 6, firm: int = 2) -> None:
    """The same energies in each hour: injected by the roof, drawn by the others. [kWh]"""
    rows: list[EnergyAggregate] = []
    for hour in range(period.hours):
        moment = period.start + hour * timedelta(hours=1)
        rows.append(a_total(world.plants["roof"], Span.HOUR, moment, energy_in=0, energy_out=roof * KWH))
        for name, drawn in (("bruno", bruno), ("firm", firm)):
            rows.append(a_total(world.plants[name], Span.HOUR, moment, energy_in=drawn * KWH, energy_out=0))
    write_totals(*rows)


def write_published(period: Range, *, price: int = 180, trase: int = 10) -> None:
    starts = [period.start + hour * timedelta(hours=1) for hour in range(period.hours)]
    ZonalPrice.objects.bulk_create(ZonalPrice(zone="NORD", start=start, price=price, source="GME") for start in starts)
    TariffParameter.objects.create(name="TRASE", valid_from=date(2026, 1, 1), value=trase, source="ARERA")


def forget_hour(plant: Plant, moment: datetime) -> None:
    """As if the meter had been away: no total of that hour."""
    EnergyAggregate.objects.filter(
        subject_kind=SubjectKind.PLANT, subject_id=plant.pk, period=Period.HOUR, start=range_of(Span.HOUR, moment).start
    ).delete()


__all__ = ["DAY", "LONG_AGO", "NOW", "World", "forget_hour", "make_world", "write_hours", "write_published"]
