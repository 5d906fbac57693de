"""A community's rows as a case that can be calculated: what is missing is named before any figure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import numpy as np

from cercollettiva.core.models import CERConfiguration, CERMembership, Plant, PlantMeasurementSource, PlantType
from cercollettiva.domain.calendar import QUARTER, Range, local_date
from cercollettiva.domain.registers import Bools, Ints
from cercollettiva.domain.settlement import distribution
from cercollettiva.domain.settlement import plants as domain
from cercollettiva.domain.settlement.case import Case, Policies, Published, inputs_hash
from cercollettiva.domain.settlement.errors import MissingPlantData, NoDateOfOperation, SettlementError, gettext_noop
from cercollettiva.domain.settlement.words import (
    Attribution,
    ExcessGoes,
    Key,
    LegalForm,
    MacroZone,
    Pot,
    Role,
    Source,
    Threshold,
    Voltage,
)
from cercollettiva.domain.settlement.zones import macro_zone, market_zone
from cercollettiva.settlement.energies import HourlyEnergies, energies_of
from cercollettiva.settlement.models import DistributionRule, ParameterName
from cercollettiva.settlement.official import ABSENT, METERS
from cercollettiva.settlement.queries import hourly_prices, parameter

MILLIONTHS: Final = 1_000_000
ALL_HOURS: Final = slice(None)
UNMEASURED: Final = -3  # beside the sources of energies: nobody has measured it
# What a plant may lack.
POWER: Final = gettext_noop("la potenza nominale")
SOURCE: Final = gettext_noop("la fonte")
REGION: Final = gettext_noop("la regione")


class NothingToSettle(SettlementError):
    """A community without connection points in the period."""

    words = gettext_noop("Nel periodo la comunità non ha punti di connessione.")


class NoMarketZone(SettlementError):
    """Neither the community nor its plants say in which zone of the market they are."""

    words = gettext_noop("Manca la zona di mercato della comunità, o la regione dei suoi impianti.")


@dataclass(frozen=True, kw_only=True)
class CommunityCase:
    """A case with what is needed to divide it, and whose the points are."""

    case: Case
    policies: Policies
    row: DistributionRule | None  # None: the starting rule
    rule: distribution.Rule
    members: dict[int, distribution.Member]  # by the key of the person
    owner_of: dict[str, int]
    plant_of: dict[str, Plant]  # by the name of its point in the case
    sources: Ints  # who measured each energy of the case: rows of plants, then of points. (rows, hours)

    @property
    def hash(self) -> str:
        """SHA-256 of everything a figure or a cent depends on, and of who measured it."""
        divided_by = repr((self.rule, sorted(self.members.items()), sorted(self.owner_of.items())))
        said = f"{inputs_hash(self.case, self.policies)} {divided_by}".encode()
        return hashlib.sha256(said + np.ascontiguousarray(self.sources).tobytes()).hexdigest()

    @property
    def is_expected(self) -> Bools:
        """Where a point was in the community: the zeros elsewhere are known, and nobody measured them. (rows, hours)"""
        return np.asarray(self.sources != ABSENT, dtype=np.bool_)

    @property
    def is_known(self) -> Bools:
        """Where what was expected is known. (rows, hours)"""
        return np.asarray(self.is_expected & (self.sources != UNMEASURED), dtype=np.bool_)

    @property
    def known_share(self) -> float:
        """How much of what there should be is there, over all points and hours."""
        size = int(self.is_expected.sum())
        return int(self.is_known.sum()) / size if size else 0.0

    def measured_by(self, hours: slice = ALL_HOURS) -> dict[str, float]:
        """What part of the energies that are known in some hours each source measured: METERS or an official one."""
        codes, counts = np.unique(self.sources[:, hours], return_counts=True)
        known = {int(code): int(count) for code, count in zip(codes, counts, strict=True) if code >= METERS}
        whole = sum(known.values())
        best_first = sorted(known, key=lambda code: (code == METERS, code))
        return {source_name(code): known[code] / whole for code in best_first}


def community_case(community: CERConfiguration, period: Range) -> CommunityCase:
    """The case of a community over whole hours; raises a SettlementError that names what is missing."""
    energies = energies_of(community, period)
    if not energies.plants:
        raise NothingToSettle
    row = DistributionRule.objects.of(community, local_date(period.end - QUARTER))
    names = _names(energies.plants)
    case, sources = _case(energies, names, zone_of(community, energies.plants), period)
    return CommunityCase(
        case=case,
        policies=policies_of(row),
        row=row,
        rule=rule_of(row),
        members=_members(community, period, _fixed_shares(row)),
        owner_of={name: plant.owner_id for name, plant in zip(names, energies.plants, strict=True) if plant.owner_id},
        plant_of=dict(zip(names, energies.plants, strict=True)),
        sources=sources,
    )


def source_name(code: int) -> str:
    """How results write who measured."""
    return "METERS" if code == METERS else PlantMeasurementSource(code).name


def policies_of(row: DistributionRule | None) -> Policies:
    if row is None:
        return Policies()
    return Policies(attribution=Attribution(row.attribution), threshold=Threshold(row.threshold))


def rule_of(row: DistributionRule | None) -> distribution.Rule:
    if row is None:
        return distribution.Rule()
    percentages = {pot: Decimal(getattr(row, pot.lower())) for pot in distribution.POTS}
    return distribution.Rule(
        percentages=percentages,
        producers_key=Key(row.producers_key),
        consumers_key=Key(row.consumers_key),
        excess=ExcessGoes(row.excess),
        version=f"v{row.version}",
    )


def _names(plants: list[Plant]) -> list[str]:
    """The POD, and for a POD with two stays in the period also the key of the row."""
    count = Counter(plant.pod_key for plant in plants)
    return [plant.pod_key if count[plant.pod_key] == 1 else f"{plant.pod_key}/{plant.pk}" for plant in plants]


def zone_of(community: CERConfiguration, plants: list[Plant]) -> str:
    """The zone of the market whose prices count; raises NoMarketZone."""
    if community.market_zone:
        return community.market_zone
    zones = {plant.market_zone or (market_zone(plant.region) if plant.region else "") for plant in plants} - {""}
    if len(zones) != 1:
        raise NoMarketZone
    return zones.pop()


def _case(energies: HourlyEnergies, names: list[str], zone: str, period: Range) -> tuple[Case, Ints]:
    """The case, and who measured its energies."""
    plants = energies.plants
    injecting = [
        row
        for row, plant in enumerate(plants)
        if plant.plant_type != PlantType.CONSUMER and (energies.injected[row].any() or plant.entry_into_operation)
    ]
    taking = [
        row for row, plant in enumerate(plants) if plant.plant_type != PlantType.PRODUCER or energies.drawn[row].any()
    ]
    prices, trase = hourly_prices(zone, period), parameter(ParameterName.TRASE, period)
    case = Case(
        start=period.start,
        plants=[plant_of(plants[row], names[row]) for row in injecting],
        points=[_point_of(plants[row], names[row]) for row in taking],
        injected=energies.injected[injecting],
        withdrawn=energies.drawn[taking],
        price=prices.eur_mwh,
        published=Published(trase=trase.eur_mwh, versions=(prices.version, *trase.versions, *energies.versions)),
        injected_known=energies.injected_known[injecting],
        withdrawn_known=energies.drawn_known[taking],
    )
    sources = np.concatenate((energies.injected_source[injecting], energies.drawn_source[taking]))
    known = np.concatenate((energies.injected_known[injecting], energies.drawn_known[taking]))
    return case, np.where(known | (sources == ABSENT), sources, UNMEASURED)


def plant_of(plant: Plant, name: str) -> domain.Plant:
    """A plant as the calculation knows it; what is missing is named."""
    if plant.entry_into_operation is None:
        raise NoDateOfOperation(plant.pod_code)
    for value, what in ((plant.nominal_power, POWER), (plant.source, SOURCE)):
        if not value:
            raise MissingPlantData(plant.pod_code, what)
    if not plant.region:
        raise MissingPlantData(plant.pod_code, REGION)
    return domain.Plant(
        pod=name,
        power_kw=float(plant.nominal_power or 0),
        source=Source(plant.source),
        macro_zone=MacroZone(macro_zone(plant.region)),
        entry_into_operation=plant.entry_into_operation,
        commercial_operation=plant.commercial_operation,
        grant_share=float(plant.grant_share or 0),
        obligation_kw=float(plant.obligation_power_kw or 0),
    )


def _point_of(plant: Plant, name: str) -> domain.Withdrawal:
    form = LegalForm(plant.owner.legal_type) if plant.owner else None
    return domain.Withdrawal(pod=name, legal_form=form, voltage=Voltage(plant.connection_voltage))


def _fixed_shares(row: DistributionRule | None) -> dict[tuple[int, str], int]:
    """Whole millionths, by person and pot."""
    shares = row.shares.values_list("membership__user", "pot", "weight") if row else []
    return {(user, pot): int(weight * MILLIONTHS) for user, pot, weight in shares}


def _members(
    community: CERConfiguration, period: Range, shares: Mapping[tuple[int, str], int]
) -> dict[int, distribution.Member]:
    """Who was a member inside the period, and for how many quarters of it."""
    found: dict[int, distribution.Member] = {}
    rows = CERMembership.objects.members().filter(community=community, active_from__lt=period.end)
    for row in rows.select_related("user").order_by("active_from"):
        quarters = _quarters(row.active_from, row.active_to, period)
        if not quarters:
            continue
        before = found[row.user_id].quarters if row.user_id in found else 0
        found[row.user_id] = distribution.Member(
            key=row.user_id,
            role=Role(row.member_type),
            legal_form=LegalForm(row.user.legal_type),
            consumer_shares=shares.get((row.user_id, Pot.CONSUMERS), 0),
            producer_shares=shares.get((row.user_id, Pot.PRODUCERS), 0),
            quarters=before + quarters,
        )
    return found


def _quarters(since: datetime | None, until: datetime | None, period: Range) -> int:
    if since is None:
        return 0
    start, end = max(since, period.start), min(until or period.end, period.end)
    return max(int((end - start) / QUARTER), 0)
