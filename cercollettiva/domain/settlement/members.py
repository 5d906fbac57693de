"""From connection points to the members they belong to, in the whole numbers that the keys divide by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from cercollettiva.domain.settlement.distribution import Member
from cercollettiva.domain.settlement.engine import Settlement

MWH_OF_KWH: Final = 1_000_000


def with_energies(settlement: Settlement, members: Mapping[Any, Member], owner_of: Mapping[str, Any]) -> list[Member]:
    """The members with what their points withdrew and injected, and their parts of what was shared. [mWh]

    Each point's figure is rounded to the mWh once, and a member's is the sum of its points'. A point whose owner is no
    member of the distribution counts for nobody.
    """
    sums: dict[Any, dict[str, Any]] = {key: {} for key in members}
    for point in settlement.points:
        _add(sums, owner_of.get(point.pod), withdrawn=point.withdrawn, withdrawn_shared=point.shared)
    for plant in settlement.plants:
        _add(sums, owner_of.get(plant.pod), injected=plant.injected, injected_shared=plant.shared)
    return [replace(member, **sums[key]) for key, member in members.items()]


def _add(sums: dict[Any, dict[str, Any]], owner: Any, **energies: float) -> None:
    of = sums.get(owner)
    if of is None:
        return
    for name, energy in energies.items():
        of[name] = of.get(name, 0) + round(energy * MWH_OF_KWH)
