"""Writing down what a community decides about its money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from cercollettiva.core.models import CERConfiguration, CERMembership
from cercollettiva.settlement.models import DistributionRule, DistributionShare, Pot
from cercollettiva.settlement.models.rules import next_version
from cercollettiva.users.models import CustomUser

Shares = Mapping[tuple[CERMembership, Pot], Decimal]


@transaction.atomic
def write_rule(
    community: CERConfiguration,
    *,
    valid_from: date,
    by: CustomUser | None,
    shares: Shares | None = None,
    **values: Any,
) -> DistributionRule:
    """A new version of a community's rules, with the fixed shares of its members; raises ValidationError.

    What is not given has the starting value. The community's row is locked, so that two who write at once get two
    versions.
    """
    CERConfiguration.objects.select_for_update().get(pk=community.pk)
    version = next_version(DistributionRule.objects.filter(community=community))
    rule = DistributionRule(community=community, version=version, valid_from=valid_from, created_by=by, **values)
    rule.full_clean()
    rule.save()
    for (membership, pot), weight in (shares or {}).items():
        share = DistributionShare(rule=rule, membership=membership, pot=pot, weight=weight)
        share.full_clean()
        share.save()
    return rule
