"""What the calculation must know of a plant and of a point that withdraws; made only where it can be right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import numpy as np

from cercollettiva.domain.calendar import midnight
from cercollettiva.domain.registers import Bools
from cercollettiva.domain.settlement.errors import (
    CommercialBeforeOperation,
    GrantOutOfRange,
    NoDateOfOperation,
    ObligationAbovePower,
    PowerNotPositive,
)
from cercollettiva.domain.settlement.words import LegalForm, MacroZone, Source, Voltage, word

ENTITLED_SINCE: Final = date(2021, 12, 16)  # D.Lgs. 199/2021 in force; up to the day before a plant is "existing"
HIGHEST_POWER_KW: Final = 1000.0
HIGHEST_GRANT: Final = 0.40
YEARS_OF_PREMIUM: Final = 20


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A plant that injects at a connection point."""

    pod: str
    power_kw: float  # nominal active power
    source: Source
    macro_zone: MacroZone
    entry_into_operation: date  # its place in the queue
    commercial_operation: date | None = None  # the premium's 20 years begin; None: with the entry into operation
    grant_share: float = 0.0  # of the investment, from 0 to 0.40
    obligation_kw: float = 0.0  # built because a law demanded it

    def __post_init__(self) -> None:
        word(Source, self.source, "Fonte")
        word(MacroZone, self.macro_zone, "Zona")
        if not _is_positive(self.power_kw):
            raise PowerNotPositive(self.power_kw)
        if not 0 <= self.grant_share <= HIGHEST_GRANT:
            raise GrantOutOfRange(self.grant_share)
        if not 0 <= self.obligation_kw <= self.power_kw:
            raise ObligationAbovePower(self.obligation_kw, self.power_kw)
        if not isinstance(self.entry_into_operation, date):
            raise NoDateOfOperation(self.pod)
        if self.commercial_operation and self.commercial_operation < self.entry_into_operation:
            raise CommercialBeforeOperation(self.pod, self.commercial_operation, self.entry_into_operation)

    @property
    def is_existing(self) -> bool:
        return self.entry_into_operation < ENTITLED_SINCE

    @property
    def may_earn(self) -> bool:
        """Whether it is new enough and small enough for the premium, while its 20 years last."""
        return not self.is_existing and self.power_kw <= HIGHEST_POWER_KW

    @property
    def rewarded_fraction(self) -> float:
        """What of its incentivised energy earns the premium: the part above the obligation."""
        return (self.power_kw - self.obligation_kw) / self.power_kw

    def premium_window(self) -> tuple[datetime, datetime]:
        """The 20 years of the premium, from the first instant in to the first out."""
        first = self.commercial_operation or self.entry_into_operation
        return midnight(first), midnight(_years_later(first, YEARS_OF_PREMIUM))


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """A connection point that takes energy from the grid."""

    pod: str
    legal_form: LegalForm | None = None  # None: the reduction for grants applies
    grant_reduction_exempt: bool | None = None  # None: what the legal form and the date say
    voltage: Voltage = Voltage.BT

    def __post_init__(self) -> None:
        if self.legal_form is not None:
            word(LegalForm, self.legal_form, "Forma giuridica")
        word(Voltage, self.voltage, "Tensione")


def entitled_hours(plant: Plant, starts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Bools:
    """In which hours a plant is entitled to the premium. `starts` are epoch seconds, ascending, (hours,)."""
    entitled = np.zeros(len(starts), dtype=np.bool_)
    if plant.may_earn:
        first, end = np.searchsorted(starts, [edge.timestamp() for edge in plant.premium_window()])
        entitled[first:end] = True
    return entitled


def existing_share(plants: list[Plant]) -> float:
    """How much of the configuration's power is existing plants: it may be 30 % at most."""
    total = math.fsum(plant.power_kw for plant in plants)
    existing = math.fsum(plant.power_kw for plant in plants if plant.is_existing)
    return existing / total if total else 0.0


def _is_positive(value: float) -> bool:
    return math.isfinite(value) and value > 0


def _years_later(day: date, years: int) -> date:
    if day.year + years > date.max.year:
        return date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February, and no leap year there
        return date(day.year + years, 3, 1)
