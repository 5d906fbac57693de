"""What the GSE pays ahead (acconto), what it keeps (its fee), and what is better held back until then."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

from cercollettiva.domain.settlement.errors import PowerNotPositive
from cercollettiva.domain.settlement.plants import Plant
from cercollettiva.domain.settlement.tariff import correction, grant_reduction, power_class
from cercollettiva.domain.settlement.words import MacroZone, Source

ASSUMED_SHARING: Final = 0.60  # of what is injected
OVER_BASE: Final = 20.0  # [EUR/MWh]
SUN_HOURS: Final[Mapping[MacroZone, float]] = {
    MacroZone.NORTH: 900.0,
    MacroZone.CENTRE: 1050.0,
    MacroZone.SOUTH: 1100.0,
}
HOURS: Final[Mapping[Source, float]] = {
    Source.WIND: 1500.0,
    Source.HYDRO: 1500.0,
    Source.BIOGAS: 5000.0,
    Source.OTHER: 500.0,
}
PAID_FROM_CENTS: Final = 5000  # smaller amounts wait
FREE_UP_TO_KW: Final = 3.0
FLAT_UP_TO_KW: Final = 20.0
FLAT_FEE: Final = 15.0  # [EUR a year]
FEE_PER_KW: Final = 1.0
VAT: Final = 0.22


class Advance(NamedTuple):
    """What is paid ahead for a plant and a month. [kWh, EUR]"""

    energy: float
    premium: float
    valorisation: float


class Payable(NamedTuple):
    """What is paid now and what waits. [cents]"""

    paid: int
    waiting: int


class HoldBack(NamedTuple):
    """How much of the advances would have to be given back if the year went on like this. [EUR]"""

    advance: float
    expected: float
    share: float  # from 0 to 1


def equivalent_hours(source: Source, macro_zone: MacroZone) -> float:
    """H: the hours at full power in a year that the GSE assumes."""
    return SUN_HOURS[macro_zone] if source == Source.PV else HOURS[source]


def advance_tariff(plant: Plant) -> float:
    """TIPa = (BASE + 20 + FC) * (1 - F). [EUR/MWh] Raises NoTariffAbovePower."""
    base = power_class(plant.power_kw).base
    return (base + OVER_BASE + correction(plant.source, plant.macro_zone)) * (1.0 - grant_reduction(plant.grant_share))


def monthly_advance(plant: Plant, trase: float) -> Advance:
    """P * H/12 * 0.60 * TIPa, and the same energy times TRASE; a plant that may not earn gets the latter alone."""
    energy = plant.power_kw * equivalent_hours(plant.source, plant.macro_zone) / 12.0 * ASSUMED_SHARING
    premium = energy * advance_tariff(plant) / 1000.0 if plant.may_earn else 0.0
    return Advance(energy, premium, energy * trase / 1000.0)


def payable(balance_cents: int) -> Payable:
    """Amounts under 50 EUR wait until the balance reaches it; what the member owes is never paid out."""
    if balance_cents >= PAID_FROM_CENTS:
        return Payable(balance_cents, 0)
    return Payable(0, balance_cents)


def gse_fee(power_kw: float) -> float:
    """The yearly fee of a plant before VAT, kept by the GSE (decree of 15/3/2024). [EUR]"""
    if not (math.isfinite(power_kw) and power_kw > 0):
        raise PowerNotPositive(power_kw)
    if power_kw <= FREE_UP_TO_KW:
        return 0.0
    return FLAT_FEE + FEE_PER_KW * max(0.0, power_kw - FLAT_UP_TO_KW)


def gse_fee_with_vat(power_kw: float, vat: float = VAT) -> float:
    """The same with VAT. [EUR]"""
    return gse_fee(power_kw) * (1.0 + vat)


def hold_back(*, advance: float, expected: float) -> HoldBack:
    """What part of the advances to keep, so that a balance below them finds the money. [EUR]"""
    missing = max(0.0, advance - expected)
    return HoldBack(advance, expected, missing / advance if advance > 0 else 0.0)
