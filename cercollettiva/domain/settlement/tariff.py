"""The premium tariff (TIP), by plant and hour, and what lowers it.

`TIP = (min(CAP, BASE + max(0, 180 - Pz)) + FC) * (1 - F)` EUR/MWh (DM 414/2023, annex 1): Pz is the hourly zonal price;
FC corrects photovoltaics by part of Italy, after the cap; F is what a capital grant takes away.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from cercollettiva.domain.settlement.errors import GrantOutOfRange, NoTariffAbovePower, PowerNotPositive
from cercollettiva.domain.settlement.plants import HIGHEST_GRANT, HIGHEST_POWER_KW, Plant
from cercollettiva.domain.settlement.words import MacroZone, Source
from cercollettiva.domain.sharing import Floats

REFERENCE_PRICE: Final = 180.0  # [EUR/MWh] above it nothing variable is paid
HIGHEST_REDUCTION: Final = 0.50  # of the tariff, for a grant of 40 % of the investment
CORRECTION: Final[Mapping[MacroZone, float]] = {MacroZone.NORTH: 10.0, MacroZone.CENTRE: 4.0, MacroZone.SOUTH: 0.0}


class PowerClass(NamedTuple):
    """The tariff of plants up to a power. [kW, EUR/MWh]"""

    up_to_kw: float
    base: float
    cap: float


CLASSES: Final = (PowerClass(200.0, 80.0, 120.0), PowerClass(600.0, 70.0, 110.0), PowerClass(1000.0, 60.0, 100.0))


def power_class(power_kw: float) -> PowerClass:
    """The class of a plant's power; raises NoTariffAbovePower above 1 MW."""
    if not (math.isfinite(power_kw) and power_kw > 0):
        raise PowerNotPositive(power_kw)
    if power_kw > HIGHEST_POWER_KW:
        raise NoTariffAbovePower(power_kw)
    return next(each for each in CLASSES if power_kw <= each.up_to_kw)


def correction(source: Source, macro_zone: MacroZone) -> float:
    """FC: what the sun lacks towards the north. [EUR/MWh]"""
    return CORRECTION[macro_zone] if source == Source.PV else 0.0


def grant_reduction(grant_share: float) -> float:
    """F: linear from 0 to 0.50 as the grant goes from 0 to 40 %; above there is no tariff, and nothing is clamped."""
    if not 0 <= grant_share <= HIGHEST_GRANT:
        raise GrantOutOfRange(grant_share)
    return grant_share / HIGHEST_GRANT * HIGHEST_REDUCTION


def variable_tariff(of: PowerClass, price: Floats) -> Floats:
    """`min(CAP, BASE + max(0, 180 - Pz))`, the part that follows the price. [EUR/MWh]"""
    return np.minimum(of.cap, of.base + np.maximum(0.0, REFERENCE_PRICE - price))


def premium_tariff(plant: Plant, price: Floats, exempt_share: Floats | float = 0.0) -> Floats:
    """TIP of a plant hour by hour. [EUR/MWh]

    `exempt_share` is the part of the hour's energy to which the grant's reduction does not apply.
    """
    full = variable_tariff(power_class(plant.power_kw), price) + correction(plant.source, plant.macro_zone)
    reduction = grant_reduction(plant.grant_share)
    if not reduction:
        return full
    return np.asarray(full * (1.0 - reduction * (1.0 - exempt_share)), dtype=np.float64)
