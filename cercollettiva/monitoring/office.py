"""What an office must do: fees that are late, papers that go soon, parameters and data that stop the estimates.

Each look says for every community, and for each plant with papers, whether something is to be done: it opens the one
alert there may be of the kind, or closes it. Alerts of a community are for technicians too: they count and name nobody.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from django.db.models import Count

from cercollettiva.core import fees
from cercollettiva.core.models import CERConfiguration, MembershipCard, MembershipState, Plant
from cercollettiva.core.registry import day_of
from cercollettiva.documents import retention
from cercollettiva.domain.calendar import Range, Span, range_of, step
from cercollettiva.domain.settlement.errors import MissingParameter, MissingPrices
from cercollettiva.monitoring.kinds import Details
from cercollettiva.monitoring.models import Alert
from cercollettiva.monitoring.operations import in_italian, open_alert, resolve_alert
from cercollettiva.settlement.cases import NoMarketZone, zone_of
from cercollettiva.settlement.models import ParameterName, RunKind, SettlementRun
from cercollettiva.settlement.queries import hourly_prices, parameter
from cercollettiva.settlement.reasons import details_of

FEES, PAPERS, PARAMETERS, ESTIMATES = "fee-overdue", "paper-expiring", "parameter-missing", "estimate-blocked"
RECENT = timedelta(days=3)  # an older estimate says nothing of today


def look_at_fees(now: datetime) -> int:
    """An alert for each community some of whose members are late with their fee; how many stand."""
    standing = MembershipCard.objects.filter(membership__state=MembershipState.APPROVED, membership__active_to=None)
    late = fees.late(standing, on=day_of(now)).order_by().values("membership__community")
    counted = dict(late.annotate(cards=Count("pk")).values_list("membership__community", "cards"))
    communities = CERConfiguration.objects.filter(is_active=True)
    return sum(_tell(each, FEES, _counted(counted.get(each.pk, 0)), now) for each in communities)


def look_at_papers(now: datetime) -> int:
    """An alert for each plant and community some of whose papers go within a month; how many stand.

    The papers of a person alone are left to their terms: an identity card that was verified goes, and none is to come.
    """
    expiring = [one for one in retention.expiring(day_of(now)) if not one.legal_hold]
    of_plants = Counter(one.plant_id for one in expiring if one.plant_id)
    of_communities = Counter(one.community_id for one in expiring if one.community_id and not one.plant_id)
    of_bodies = Counter(one.organisation_id for one in expiring if one.organisation_id and not one.community_id)
    told = Alert.objects.unresolved().filter(kind=PAPERS, plant__isnull=False).values("plant")
    plants = Plant.objects.filter(pk__in=of_plants) | Plant.objects.filter(pk__in=told)
    stand = sum(_tell(plant, PAPERS, _counted(of_plants[plant.pk]), now) for plant in plants)
    for community in CERConfiguration.objects.filter(is_active=True):
        count = of_communities[community.pk] + of_bodies[community.organisation_id]
        stand += _tell(community, PAPERS, _counted(count), now)
    return stand


def look_at_estimates(now: datetime) -> int:
    """An alert for each community whose estimate of the month lacks what was published, or anything else.

    What is missing of prices and parameters stops the estimate by itself: it is told once, as what it is.
    """
    stand = 0
    for community in CERConfiguration.objects.filter(is_active=True):
        missing = missing_parameter(community, now)
        stand += _tell(community, PARAMETERS, {"missing": missing} if missing else {}, now)
        stand += _tell(community, ESTIMATES, {} if missing else _refusal(community, now), now)
    return stand


def missing_parameter(community: CERConfiguration, now: datetime) -> list[Details]:
    """What of prices and parameters is missing for the month so far; empty where nothing is.

    A community without plants has nothing to calculate, and one without a market zone no prices to miss.
    """
    plants = list(Plant.objects.active_at(now).filter(cer_configuration=community))
    today, month = range_of(Span.DAY, now), range_of(Span.MONTH, now)
    period = step(month, Span.MONTH, -1) if today.start == month.start else Range(month.start, today.start)
    if not plants:
        return []
    told: list[Details] = []
    try:
        parameter(ParameterName.TRASE, period)
    except MissingParameter as error:
        told.append(details_of(error))
    try:
        hourly_prices(zone_of(community, plants), period)
    except MissingPrices as error:
        told.append({"hours": len(error.hours), "first": error.hours[0].isoformat()})
    except NoMarketZone:  # what its estimate says
        pass
    return told


def _refusal(community: CERConfiguration, now: datetime) -> Details:
    """Why the longest of the newest estimates has no figures."""
    runs = SettlementRun.objects.filter(community=community, kind=RunKind.ESTIMATE, end__gte=now - RECENT)
    newest = runs.order_by("-end", "start").first()
    has_points = Plant.objects.active_at(now).filter(cer_configuration=community).exists()
    if newest is None or not newest.refusal or not has_points:
        return {}
    # One of before its parts were kept is a sentence with nothing to put in: a per cent in it is one.
    return newest.refusal_details or {"words": newest.refusal.replace("%", "%%"), "values": {}}


def _counted(count: int) -> Details:
    return {"count": count} if count else {}


def _tell(subject: Plant | CERConfiguration, kind: str, details: Details, now: datetime) -> bool:
    """Open, bring up to date or close; whether an alert stands. Nobody is told again that a figure moved."""
    if not details:
        resolve_alert(subject, kind, at=now)
        return False
    if open_alert(subject, kind, at=now, details=details) is None:
        name = "plant" if isinstance(subject, Plant) else "community"
        standing = Alert.objects.unresolved().filter(**{name: subject}, kind=kind)
        standing.exclude(details=details).update(details=details, message=in_italian(kind, details))
    return True
