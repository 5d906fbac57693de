"""What the grid pays for energy it did not have to carry far (contributo di valorizzazione, CACV; TIAD).

Community, or single self-consumer at a distance: `TRASE * EACV`. Group in one building: also `BTAU * EACV` and the
losses that were avoided, by the voltage of the points that withdrew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from cercollettiva.domain.settlement.plants import Withdrawal
from cercollettiva.domain.settlement.words import Voltage
from cercollettiva.domain.sharing import Floats

AVOIDED_LOSSES: Final[Mapping[Voltage, float]] = {Voltage.MT: 0.012, Voltage.BT: 0.026, Voltage.AT: 0.0}  # CPR
KWH_OF_MWH: Final = 1000.0


def of_community(shared: Floats, trase: Floats | float) -> Floats:
    """TRASE * EACV, hour by hour. [kWh, EUR/MWh, EUR]"""
    return np.asarray(shared * trase / KWH_OF_MWH, dtype=np.float64)


def of_building(
    shared: Floats, *, by_voltage: Mapping[Voltage, Floats], trase: Floats | float, btau: Floats | float, price: Floats
) -> Floats:
    """A group in one building: all its shared energy passes only its own conductors. [kWh, EUR/MWh, EUR]"""
    avoided = np.zeros(len(shared))
    for voltage, energy in by_voltage.items():
        avoided += energy * AVOIDED_LOSSES[voltage] * price
    return np.asarray((shared * (trase + btau) + avoided) / KWH_OF_MWH, dtype=np.float64)


def shared_by_voltage(
    points: Sequence[Withdrawal], *, withdrawn: Floats, total: Floats, shared: Floats
) -> dict[Voltage, Floats]:
    """The shared energy of an hour by the voltage of the points, in proportion to their withdrawals (assumption)."""
    per_unit = np.divide(shared, total, out=np.zeros(len(total)), where=total > 0)
    return {
        voltage: withdrawn[[point.voltage == voltage for point in points]].sum(axis=0) * per_unit
        for voltage in sorted({point.voltage for point in points})
    }
