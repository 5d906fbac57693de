"""What a storage system changes in the energy withdrawn for sharing (GSE's operating rules, par. 2.2.2; TIAD).

`withdrawn = taken from the grid + drawn by the storage * mean round-trip efficiency - exempt from network tariffs`.
"""

from __future__ import annotations

import math

import numpy as np

from cercollettiva.domain.settlement.errors import EfficiencyNotAFraction
from cercollettiva.domain.sharing import Floats


def check_efficiency(efficiency: float) -> None:
    """Raises EfficiencyNotAFraction, for 90 instead of 0.90."""
    if not (math.isfinite(efficiency) and 0 < efficiency <= 1):
        raise EfficiencyNotAFraction(efficiency)


def withdrawn_for_sharing(
    *, withdrawn: Floats, by_storage: Floats, exempt: Floats, efficiency: Floats | float
) -> Floats:
    """What counts as withdrawn, hour by hour; `efficiency` from 0 to 1. [kWh]

    Where the measures say that more was exempt than there was the result is below zero: the calculation refuses it.
    """
    for each in np.unique(efficiency).tolist():
        check_efficiency(each)
    return np.asarray(withdrawn + by_storage * efficiency - exempt, dtype=np.float64)
