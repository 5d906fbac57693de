"""The tables of what shared energy is worth and how it is divided, by subject."""

from cercollettiva.settlement.models.appending import NeverChanged
from cercollettiva.settlement.models.parameters import ParameterName, TariffParameter
from cercollettiva.settlement.models.prices import ZonalPrice
from cercollettiva.settlement.models.rules import (
    Attribution,
    DistributionKey,
    DistributionRule,
    DistributionShare,
    Excess,
    Pot,
    Threshold,
)
from cercollettiva.settlement.models.runs import MemberPart, RunKind, SettlementRun

__all__ = [
    "Attribution",
    "DistributionKey",
    "DistributionRule",
    "DistributionShare",
    "Excess",
    "MemberPart",
    "NeverChanged",
    "ParameterName",
    "Pot",
    "RunKind",
    "SettlementRun",
    "TariffParameter",
    "Threshold",
    "ZonalPrice",
]
