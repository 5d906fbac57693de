"""How much of the premium lies beyond the threshold, and may not go to businesses (DM 414/2023).

Per calendar year and per set of entitled plants: those with the premium alone have a threshold of 55 %, those that also
had a capital grant of 45 %. Until the year is closed the figure is provisional.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

from cercollettiva.domain.settlement.errors import ThresholdNotAFraction
from cercollettiva.domain.settlement.words import Threshold

PREMIUM_ONLY: Final = "premium_only"
WITH_GRANT: Final = "with_grant"
THRESHOLDS: Final[Mapping[str, float]] = {PREMIUM_ONLY: 0.55, WITH_GRANT: 0.45}


class PlantSet(NamedTuple):
    """Entitled plants of one kind over a period. [kWh, EUR]"""

    incentivised: float
    injected: float
    premium: float
    share: float  # incentivised / injected; 0 where nothing was injected
    threshold: float
    excess_premium: float


def plant_set(*, incentivised: float, injected: float, premium: float, threshold: float, policy: Threshold) -> PlantSet:
    """The set's figures and what of its premium lies beyond the threshold."""
    share = incentivised / injected if injected > 0 else 0.0
    excess = excess_premium(share=share, threshold=threshold, premium=premium, policy=policy)
    return PlantSet(incentivised, injected, premium, share, threshold, excess)


def check_threshold(threshold: float) -> None:
    """Raises ThresholdNotAFraction, for 55 instead of 0.55."""
    if not (math.isfinite(threshold) and 0 < threshold <= 1):
        raise ThresholdNotAFraction(threshold)


def excess_premium(*, share: float, threshold: float, premium: float, policy: Threshold) -> float:
    """`percentage_points`: the points above the threshold, of the premium.

    `proportional`: as much of the premium as of the incentivised energy lies above. Raises ThresholdNotAFraction.
    """
    check_threshold(threshold)
    above = max(0.0, share - threshold)
    if policy == Threshold.PROPORTIONAL:
        return premium * above / share if above > 0 else 0.0
    return above * premium
