"""What a connection point usually has in a day, and what of it was not measured since something went wrong."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cercollettiva.domain.missing import DAYS, UNKNOWN, measured_whole
from cercollettiva.domain.registers import Ints

HOURS_OF_A_DAY: Final = 24


class Silence(NamedTuple):
    """Of one energy of one point. UNKNOWN where its own past does not tell. [mWh]"""

    usual_day: int
    not_measured: int
    is_silent: bool  # the last hour was not measured whole


def silence(energy: Ints, coverage: NDArray[np.float64], hour_of_day: Ints, since: int) -> Silence:
    """From hours that follow each other without a gap, of which those from `since` on are looked at. (h,)

    An hour's usual energy is the mean of that hour of the day over the 28 days before `since`, as far as it was
    measured whole. Of an hour that was measured for a part of its time the rest counts as not measured. Nothing is
    invented for an hour of the day in which the point never spoke.
    """
    whole = measured_whole(energy, coverage)
    usual = _usual_hours(energy, whole, hour_of_day, since)
    after = slice(since, None)
    share = np.where(energy[after] == UNKNOWN, 0.0, np.clip(coverage[after], 0.0, 1.0))
    missing = ~whole[after]
    expected = usual[hour_of_day[after]]
    lost = np.where(missing, np.rint(np.maximum(expected, 0) * (1.0 - share)), 0).astype(np.int64)
    is_told = bool((expected[missing] != UNKNOWN).all())
    return Silence(
        usual_day=int(usual.sum()) if (usual != UNKNOWN).all() else UNKNOWN,
        not_measured=int(lost.sum()) if is_told else UNKNOWN,
        is_silent=bool(missing[-1]) if len(missing) else False,
    )


def _usual_hours(energy: Ints, whole: NDArray[np.bool_], hour_of_day: Ints, since: int) -> Ints:
    """The mean of each hour of the day, UNKNOWN where none was measured whole. (24,)"""
    before = slice(max(since - HOURS_OF_A_DAY * DAYS, 0), since)
    usual: Ints = np.full(HOURS_OF_A_DAY, UNKNOWN, dtype=np.int64)
    for hour in range(HOURS_OF_A_DAY):
        those = energy[before][whole[before] & (hour_of_day[before] == hour)]
        if len(those):
            usual[hour] = int(np.rint(those.mean()))
    return usual
