"""What waits for somebody who runs communities: by community and by age, in as many queries for one as for fifty."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import Count, IntegerField, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from cercollettiva.core.models import CERConfiguration, CERMembership, MembershipState
from cercollettiva.users.models import CustomUser

LATE_DAYS: Final = 7  # an answer that takes longer is late


class Waiting(NamedTuple):
    """One community, and what waits there."""

    community: CERConfiguration
    waiting: int
    to_fix: int
    oldest: datetime | None
    days: int  # since the oldest came
    members: int

    @property
    def is_late(self) -> bool:
        return self.days >= LATE_DAYS


def waiting_for(user: CustomUser, *, now: datetime) -> list[Waiting]:
    """Every community somebody administers, those that have waited longest first; one query."""
    sent = Q(applications__membership__state=MembershipState.SUBMITTED)
    rows: Any = CERConfiguration.objects.administered_by(user, at=now).annotate(
        waiting_count=Count("applications", filter=sent),
        to_fix_count=Count("applications", filter=Q(applications__membership__state=MembershipState.TO_FIX)),
        oldest_at=Min("applications__submitted_at", filter=sent),
        members_count=_members(now),
    )
    found = [
        Waiting(
            community=one,
            waiting=one.waiting_count,
            to_fix=one.to_fix_count,
            oldest=one.oldest_at,
            days=(now - one.oldest_at).days if one.oldest_at else 0,
            members=one.members_count,
        )
        for one in rows
    ]
    return sorted(found, key=lambda each: (each.oldest is None, each.oldest or now, each.community.name))


def _members(now: datetime) -> Coalesce:
    memberships: Any = CERMembership.objects
    active: QuerySet[Any] = memberships.active_at(now).members().filter(community=OuterRef("pk"))
    counted = active.order_by().values("community").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
