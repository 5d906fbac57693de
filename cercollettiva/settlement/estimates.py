"""The estimate of a day and of a month so far: figures from what meters have said, before the GSE settles."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from django.db import transaction

from cercollettiva.core.models import CERConfiguration
from cercollettiva.domain.calendar import ITALY, Range, Span, range_of, step
from cercollettiva.domain.registers import Bools
from cercollettiva.domain.settlement.case import Case
from cercollettiva.domain.settlement.cents import six_places
from cercollettiva.domain.settlement.distribution import Distribution, Line, Member, amounts_of, distribute
from cercollettiva.domain.settlement.engine import Settlement, settle
from cercollettiva.domain.settlement.errors import SettlementError
from cercollettiva.domain.settlement.members import with_energies
from cercollettiva.domain.sharing import Floats
from cercollettiva.settlement.cases import CommunityCase, community_case
from cercollettiva.settlement.models import MemberPart, RunKind, SettlementRun
from cercollettiva.settlement.reasons import details_of

logger = logging.getLogger(__name__)

MONTHS_SHOWN: Final = 12
MISSING_SHOWN: Final = 50


def estimate_due(community: CERConfiguration, now: datetime) -> list[SettlementRun]:
    """Yesterday and the month to date; on the first day of a month the month before, now that it is whole."""
    today, month = range_of(Span.DAY, now), range_of(Span.MONTH, now)
    periods = [step(today, Span.DAY, -1)]
    if today.start == month.start:
        periods.append(step(month, Span.MONTH, -1))
    else:
        periods.append(Range(month.start, today.start))
    return [estimate(community, period, now=now) for period in periods]


def estimate_months(community: CERConfiguration, now: datetime, *, months: int = MONTHS_SHOWN) -> list[SettlementRun]:
    """The last whole months, the oldest first."""
    month = range_of(Span.MONTH, now)
    return [estimate(community, step(month, Span.MONTH, -back), now=now) for back in range(months, 0, -1)]


def estimate(community: CERConfiguration, period: Range, *, now: datetime) -> SettlementRun:
    """Calculate and store one estimate; where something is missing the row says what, and has no figures.

    The same inputs leave the row alone. An estimate of the same beginning with another end takes its place.
    """
    try:
        made = community_case(community, period)
        settled, divided = settled_and_divided(made)
    except SettlementError as error:
        values = {"refusal": str(error)[:500], "refusal_details": details_of(error)}
        return _write(community, period, now, values, [])
    known = SettlementRun.objects.filter(
        community=community, kind=RunKind.ESTIMATE, start=period.start, end=period.end, inputs_hash=made.hash
    ).first()
    if known is not None:
        return known
    members = with_energies(settled, made.members, made.owner_of)
    return _write(community, period, now, _figures(made, settled), _parts(members, divided))


def settled_and_divided(made: CommunityCase) -> tuple[Settlement, Distribution]:
    """A case through the engine and the regulation; raises SettlementError."""
    settled = settle(made.case, made.policies)
    amounts = amounts_of(
        premium_eur=settled.totals.premium,
        excess_eur=settled.totals.excess_premium,
        valorisation_eur=settled.totals.valorisation,
    )
    return settled, distribute(amounts, made.rule, with_energies(settled, made.members, made.owner_of))


@transaction.atomic
def _write(
    community: CERConfiguration, period: Range, now: datetime, values: dict[str, Any], parts: list[MemberPart]
) -> SettlementRun:
    spans = _same_span(community, period)
    spans.delete()
    run = SettlementRun.objects.create(
        community=community, kind=RunKind.ESTIMATE, start=period.start, end=period.end, computed_at=now, **values
    )
    for part in parts:
        part.run = run
    MemberPart.objects.bulk_create(parts)
    return run


def _same_span(community: CERConfiguration, period: Range) -> Any:
    """The estimates that this one replaces: of the same day, or of the same month so far."""
    rows = SettlementRun.objects.filter(community=community, kind=RunKind.ESTIMATE, start=period.start)
    day = range_of(Span.DAY, period.start)
    return rows.filter(end=period.end) if period == day else rows.exclude(end=day.end) | rows.filter(end=period.end)


def _figures(made: CommunityCase, settled: Settlement) -> dict[str, Any]:
    policies = made.policies
    estimated = None if made.known_share == 1.0 else settle(filled_case(made), policies)
    return {
        "inputs_hash": made.hash,
        "rule": made.row,
        "versions": [*settled.versions, policies.attribution, policies.threshold, *settled.assumptions],
        "totals": _six(settled.totals._asdict()),
        "estimate": _six(estimated.totals._asdict()) if estimated else {},
        "sets": {name: _six(each._asdict()) for name, each in settled.sets.items()},
        "plants": {
            str(made.plant_of[plant.pod].pk): _six(
                {key: value for key, value in plant._asdict().items() if key != "pod"}
            )
            for plant in settled.plants
        },
        "completeness": {
            "known": round(made.known_share, 6),
            "missing": sorted({gap.pod.partition("/")[0] for gap in settled.gaps})[:MISSING_SHOWN],
            "existing_share": round(settled.existing_share, 6),
            "measured_by": {name: round(share, 6) for name, share in made.measured_by().items()},
        },
    }


def _parts(members: Iterable[Member], divided: Distribution) -> list[MemberPart]:
    lines: dict[Any, list[Line]] = defaultdict(list)
    for line in divided.lines:
        lines[line.member].append(line)
    return [
        MemberPart(
            user_id=member.key,
            cents=sum(line.cents for line in lines[member.key]),
            withdrawn_mwh=member.withdrawn,
            withdrawn_shared_mwh=member.withdrawn_shared,
            injected_mwh=member.injected,
            injected_shared_mwh=member.injected_shared,
            lines=[[line.money, line.pot, line.cents, line.weight, line.of_weight] for line in lines[member.key]],
        )
        for member in members
    ]


def filled_case(made: CommunityCase) -> Case:
    """The same with each missing hour as the mean of the same hour of the point's other days: an estimate."""
    case, plants = made.case, len(made.case.plants)
    clock = np.array([(case.start + hour * timedelta(hours=1)).astimezone(ITALY).hour for hour in range(case.hours)])
    known, missing = made.is_known, made.is_expected & ~made.is_known
    return replace(
        case,
        injected=_filled(case.injected, known[:plants], missing[:plants], clock),
        withdrawn=_filled(case.withdrawn, known[plants:], missing[plants:], clock),
    )


def _filled(energy: Floats, known: Bools, missing: Bools, clock: np.ndarray[Any, np.dtype[np.int64]]) -> Floats:
    estimate = energy.copy()
    for hour in range(24):
        columns = np.flatnonzero(clock == hour)
        there, own = known[:, columns], energy[:, columns]
        mean = np.where(there, own, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        estimate[:, columns] = np.where(missing[:, columns], np.maximum(own, mean[:, np.newaxis]), own)
    return estimate


def _six(figures: dict[str, float]) -> dict[str, str]:
    return {name: str(six_places(value)) for name, value in figures.items()}
