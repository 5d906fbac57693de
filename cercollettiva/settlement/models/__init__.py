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

__all__ = [
    "Attribution",
    "DistributionKey",
    "DistributionRule",
    "DistributionShare",
    "Excess",
    "NeverChanged",
    "ParameterName",
    "Pot",
    "TariffParameter",
    "Threshold",
    "ZonalPrice",
]
