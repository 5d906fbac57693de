"""To whose energy a plant's capital grant does not lower the tariff: a rule with dates.

Local authorities, religious bodies, third-sector and environmental bodies from the beginning (DM 414/2023);
natural persons from 16/05/2025 (DM 127/2025).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import numpy as np

from cercollettiva.domain.calendar import midnight
from cercollettiva.domain.registers import Ints
from cercollettiva.domain.settlement.plants import Withdrawal
from cercollettiva.domain.settlement.words import LegalForm
from cercollettiva.domain.sharing import Floats

EXEMPT_SINCE: Final[Mapping[LegalForm, date]] = {
    LegalForm.PUBLIC: date.min,
    LegalForm.CHURCH: date.min,
    LegalForm.ASSOCIATION: date.min,
    LegalForm.PRIVATE: date(2025, 5, 16),
}


def exempt_since(point: Withdrawal) -> date | None:
    """From which day the reduction does not apply to a point's energy; None: it always applies."""
    if point.grant_reduction_exempt is not None:
        return date.min if point.grant_reduction_exempt else None
    return EXEMPT_SINCE.get(point.legal_form) if point.legal_form else None


def exempt_share(points: Sequence[Withdrawal], withdrawn: Floats, total: Floats, starts: Ints) -> Floats:
    """The part of an hour's withdrawals that is exempt: the same part of its incentivised energy (assumption).

    `withdrawn` is (points, hours), `total` its sum, `starts` epoch seconds. (hours,)
    """
    exempt = np.zeros(len(total))
    rows: dict[date, list[int]] = {}
    for row, point in enumerate(points):
        since = exempt_since(point)
        if since is not None:
            rows.setdefault(since, []).append(row)
    for day in sorted(rows):
        energy = withdrawn[rows[day]].sum(axis=0)
        exempt += energy if day == date.min else np.where(starts >= midnight(day).timestamp(), energy, 0.0)
    return np.divide(exempt, total, out=np.zeros(len(total)), where=total > 0)
