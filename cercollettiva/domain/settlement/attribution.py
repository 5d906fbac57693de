"""To which plants the energy shared in an hour belongs: three readings in use, one of them the GSE's.

Each plant gets at most what it injected, and together they get what was shared.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cercollettiva.domain.registers import Bools
from cercollettiva.domain.settlement.plants import Plant
from cercollettiva.domain.settlement.words import Attribution
from cercollettiva.domain.sharing import Floats, parts_of_points


def attributed(
    policy: Attribution, plants: Sequence[Plant], *, injected: Floats, shared: Floats, entitled: Bools
) -> Floats:
    """The shared energy of each plant and hour. `injected`, `entitled`: (plants, hours); `shared`: (hours,).

    `gse_queue_all`: from the earliest entry into operation to the latest, ties by POD (assumption), existing plants by
    their own date (assumption). `queue_incentivised_only`: the same queue, but plants entitled in the hour come first.
    `pro_rata`: by what each injected in the hour.
    """
    if policy == Attribution.PRO_RATA:
        return np.minimum(parts_of_points(shared, injected), injected)
    order = queue(plants)
    in_order = injected[order]
    if policy == Attribution.QUEUE_ALL:
        parts = _filled_in_order(in_order, shared)
    else:
        first = _filled_in_order(np.where(entitled[order], in_order, 0.0), shared)
        rest = _filled_in_order(np.where(entitled[order], 0.0, in_order), shared - first.sum(axis=0))
        parts = first + rest
    result = np.empty_like(parts)
    result[order] = parts
    return result


def queue(plants: Sequence[Plant]) -> list[int]:
    """The places of the plants in the order of attribution."""
    return sorted(range(len(plants)), key=lambda place: (plants[place].entry_into_operation, plants[place].pod))


def _filled_in_order(injected: Floats, shared: Floats) -> Floats:
    """Each row up to what it injected, until the hour's energy is spent."""
    before = np.cumsum(injected, axis=0)
    before -= injected
    np.subtract(shared, before, out=before)
    return np.clip(before, 0.0, injected, out=before)
