"""What the settlement room holds of a person: their part of what was shared."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy

from cercollettiva.core.rights import ACCOUNTS
from cercollettiva.settlement.models import DistributionShare, MemberPart
from cercollettiva.users.datamap import Term
from cercollettiva.users.rights.holdings import Fate, Holding, Part

OF_A_SUM: Final = gettext_lazy("le parti di un conto fanno il suo totale: restano numeri, di nessuno")

RIGHTS: Final = Part(
    elsewhere={
        "settlement.DistributionRule": gettext_lazy("di chi l’ha scritta c’è solo il numero: uno pseudonimo"),
        "settlement.SettlementRun": gettext_lazy("somme di una comunità; di una persona solo i POD dei conteggi"),
    },
    holdings=(
        Holding(
            "settlement.MemberPart",
            lambda user: MemberPart.objects.filter(user=user),
            Fate.KEPT,
            why=ACCOUNTS,
            term=Term.TEN_YEARS,
            stays={"lines": gettext_lazy("importi e numeri, senza nomi")},
            outlasts=OF_A_SUM,
            named=("run",),
        ),
        Holding(
            "settlement.DistributionShare",
            lambda user: DistributionShare.objects.filter(membership__user=user),
            Fate.KEPT,
            why=ACCOUNTS,
            term=Term.TEN_YEARS,
            outlasts=OF_A_SUM,
        ),
    ),
)
