"""The readings of the rules side by side on one month, and what part of the advances is better held back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from cercollettiva.domain.settlement.advances import HoldBack, hold_back, monthly_advance
from cercollettiva.domain.settlement.case import Policies
from cercollettiva.domain.settlement.cents import cents_of
from cercollettiva.domain.settlement.engine import settle
from cercollettiva.domain.settlement.words import Attribution, Threshold
from cercollettiva.settlement.cases import CommunityCase
from cercollettiva.settlement.models import SettlementRun


class Reading(NamedTuple):
    """What one reading of the rules gives. [cents]"""

    attribution: Attribution
    threshold: Threshold
    premium: int
    excess: int
    difference: int  # of the premium from the reading in use
    excess_difference: int
    by_plant: list[int]  # the premium of each plant, in the order of the case
    is_in_use: bool


def readings(made: CommunityCase) -> list[Reading]:
    """The three attributions with the two ways to count beyond the threshold, on the same hours."""
    case = made.case.checked()
    found: list[Reading] = []
    for attribution in Attribution:
        for threshold in Threshold:
            policies = Policies(attribution=attribution, threshold=threshold)
            settled = settle(case, policies)
            found.append(
                Reading(
                    attribution=attribution,
                    threshold=threshold,
                    premium=cents_of(settled.totals.premium),
                    excess=cents_of(settled.totals.excess_premium),
                    difference=0,
                    excess_difference=0,
                    by_plant=[cents_of(plant.premium) for plant in settled.plants],
                    is_in_use=policies == made.policies,
                )
            )
    used = next(each for each in found if each.is_in_use)
    return [
        each._replace(difference=each.premium - used.premium, excess_difference=each.excess - used.excess)
        for each in found
    ]


def suggestion(made: CommunityCase, runs: Iterable[SettlementRun]) -> HoldBack | None:
    """What the GSE advances for the plants of a case, beside what was earned; None without months.

    `runs` are the estimates of whole months: each plant counts in those it is in. The GSE assumes that 60 % of what
    is injected is shared, and an even year.
    """
    months = list(runs)
    if not months:
        return None
    trase = float(np.mean(made.case.published.trase))
    advance = 0.0
    for plant in made.case.plants:
        monthly = monthly_advance(plant, trase)
        key = str(made.plant_of[plant.pod].pk)
        advance += sum(key in run.plants for run in months) * (monthly.premium + monthly.valorisation)
    expected = sum(float(run.totals["premium"]) + float(run.totals["valorisation"]) for run in months)
    return hold_back(advance=advance, expected=expected)
