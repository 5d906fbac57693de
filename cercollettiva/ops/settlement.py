"""Estimates of what communities shared, as jobs: some communities at a time, so that several workers share them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cercollettiva.core.models import CERConfiguration
from cercollettiva.settlement.estimates import estimate_due

logger = logging.getLogger(__name__)

AT_A_TIME: Final = 20


def communities_to_estimate() -> list[list[int]]:
    """The keys of all active communities, in batches."""
    keys = list(CERConfiguration.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True))
    return [keys[first : first + AT_A_TIME] for first in range(0, len(keys), AT_A_TIME)]


def estimate_communities(keys: Sequence[int], now: datetime) -> str:
    """Yesterday and the month so far of some communities; what cannot be estimated has its reason stored."""
    refused = 0
    communities = CERConfiguration.objects.filter(pk__in=keys).order_by("pk")
    for community in communities:
        refused += any(run.refusal for run in estimate_due(community, now))
    return f"{len(communities)} communities, {refused} without figures"
