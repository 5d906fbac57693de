"""What holds for every community: seeded random ones, a thousand here and ten thousand by `make communities`."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pytest

from cercollettiva.domain.settlement.case import Case, Policies, Published, inputs_hash
from cercollettiva.domain.settlement.distribution import Distribution, Member, Rule, amounts_of, distribute
from cercollettiva.domain.settlement.engine import Settlement, settle
from cercollettiva.domain.settlement.members import with_energies
from cercollettiva.domain.settlement.plants import Plant, Withdrawal
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
)
from tests.unit.domain.settlement.made import JULY

COUNT = int(os.environ.get("SETTLEMENT_COMMUNITIES", "1000"))
PARTS = 8  # so that two processes share the work where there are two, and a failure names a small range
DATES = [
    np.datetime64(text).astype(object)
    for text in ("2019-05-01", "2021-12-15", "2021-12-16", "2023-02-03", "2024-06-30")
]


class Community(NamedTuple):
    """A random configuration, its regulation, and who owns what. Owners have keys like points."""

    case: Case
    policies: Policies
    rule: Rule
    members: dict[str, Member]
    owner_of: dict[str, str]

    def settled(self) -> Settlement:
        return settle(self.case, self.policies)

    def divided(self) -> Distribution:
        settled = self.settled()
        amounts = amounts_of(
            premium_eur=settled.totals.premium,
            excess_eur=settled.totals.excess_premium,
            valorisation_eur=settled.totals.valorisation,
        )
        return distribute(amounts, self.rule, with_energies(settled, self.members, self.owner_of))


def pick(random: np.random.Generator, choices: list[Any]) -> Any:
    return choices[random.integers(len(choices))]


def random_community(seed: int) -> Community:
    random = np.random.default_rng(seed)
    hours, plants, points = int(random.integers(1, 13)), int(random.integers(1, 5)), int(random.integers(1, 7))
    made = [
        Plant(
            pod=f"P{number}",
            power_kw=float(random.choice([5.9, 200.0, 200.01, 600.0, 1000.0, 1000.1])),
            source=pick(random, list(Source)),
            macro_zone=pick(random, list(MacroZone)),
            entry_into_operation=pick(random, DATES),
            grant_share=float(random.choice([0.0, 0.0, 0.1, 0.25, 0.4])),
            obligation_kw=float(random.choice([0.0, 0.0, 2.0])),
        )
        for number in range(plants)
    ]
    taking = [Withdrawal(pod=f"C{number}", legal_form=pick(random, list(LegalForm))) for number in range(points)]
    case = Case(
        start=JULY,
        plants=made,
        points=taking,
        injected=random.integers(0, 50_000_000, (plants, hours)) * random.integers(0, 2, (1, hours)) / 1e6,
        withdrawn=random.integers(0, 20_000_000, (points, hours)) * random.integers(0, 2, (points, hours)) / 1e6,
        price=random.choice([-10.0, 0.0, 35.5, 100.0, 139.99, 180.0, 250.0], hours),
        published=Published(trase=10.57),
    )
    policies = Policies(attribution=pick(random, list(Attribution)), threshold=pick(random, list(Threshold)))
    owners = {plant.pod: plant.pod for plant in made} | {point.pod: point.pod for point in taking}
    members = {
        key: Member(
            key=key,
            role=pick(random, [Role.PROSUMER, Role.CONSUMER]) if key[0] == "C" else Role.PRODUCER,
            legal_form=pick(random, list(LegalForm)),
            consumer_shares=int(random.integers(1, 1000)),
            producer_shares=int(random.integers(1, 1000)),
            quarters=int(random.integers(1, 100)),
        )
        for key in owners
    }
    return Community(case, policies, _random_rule(random), members, owners)


def _random_rule(random: np.random.Generator) -> Rule:
    cuts = np.sort(random.integers(0, 10_001, 4))
    hundredths = np.diff(np.concatenate(([0], cuts, [10_000])))
    pots = [Pot.PRODUCERS, Pot.CONSUMERS, Pot.MANAGEMENT, Pot.INVESTMENT_FUND, Pot.SOLIDARITY_FUND]
    return Rule(
        percentages={pot: Decimal(int(each)) / 100 for pot, each in zip(pots, hundredths, strict=True)},
        producers_key=pick(random, list(Key)),
        consumers_key=pick(random, list(Key)),
        excess=pick(random, list(ExcessGoes)),
    )


def in_another_order(community: Community, random: np.random.Generator) -> Community:
    case = community.case
    plants, points = random.permutation(len(case.plants)), random.permutation(len(case.points))
    shuffled = replace(
        case,
        plants=[case.plants[place] for place in plants],
        points=[case.points[place] for place in points],
        injected=case.injected[plants],
        withdrawn=case.withdrawn[points],
    )
    members = dict(reversed(community.members.items()))
    return community._replace(case=shuffled, members=members)


def with_a_point_split(community: Community, random: np.random.Generator) -> Community:
    """The first point's energy, hour by hour, on two points of two members."""
    case = community.case
    whole = np.rint(case.withdrawn[0] * 1e6).astype(np.int64)
    part = (whole * random.random(len(whole))).astype(np.int64)
    withdrawn = np.vstack([part / 1e6, (whole - part) / 1e6, case.withdrawn[1:]])
    points = [case.points[0], replace(case.points[0], pod="C0-bis"), *case.points[1:]]
    members = community.members | {"C0-bis": replace(community.members["C0"], key="C0-bis", role=Role.CONSUMER)}
    return community._replace(
        case=replace(case, points=points, withdrawn=withdrawn),
        members=members,
        owner_of=community.owner_of | {"C0-bis": "C0-bis"},
    )


def check_whole(community: Community, settled: Settlement, divided: Distribution) -> None:
    totals = settled.totals
    assert divided.total == sum(divided.amounts.values())
    for money, amount in divided.amounts.items():
        assert sum(line.cents for line in divided.lines if line.money == money) == amount
    assert all(line.cents >= 0 for line in divided.lines)
    assert sum(plant.shared for plant in settled.plants) == pytest.approx(totals.shared, abs=1e-6)
    assert sum(point.shared for point in settled.points) == pytest.approx(totals.shared, abs=1e-6)
    assert (settled.hourly.shared <= np.minimum(settled.hourly.injected, settled.hourly.withdrawn)).all()
    assert (settled.hourly.attributed <= community.case.injected + 1e-9).all()
    assert 0 <= totals.excess_premium <= totals.premium + 1e-9
    businesses = {key for key, member in community.members.items() if member.legal_form == LegalForm.BUSINESS}
    assert not any(line.money == "EXCESS" and line.member in businesses for line in divided.lines)


def check_order(community: Community, settled: Settlement, divided: Distribution, random: np.random.Generator) -> None:
    other = in_another_order(community, random)
    assert other.settled().totals == settled.totals
    assert other.settled().plants == settled.plants
    assert other.settled().points == settled.points
    assert other.divided().lines == divided.lines
    assert inputs_hash(other.case, other.policies) == inputs_hash(community.case, community.policies)


def check_split(community: Community, random: np.random.Generator) -> None:
    """For the keys that follow energy: the sum stays, and nobody else's part of any money moves by more than a cent."""
    for key in (Key.VOLUME, Key.CONTRIBUTION):
        one = community._replace(rule=replace(community.rule, consumers_key=key))
        before, after = one.divided(), with_a_point_split(one, random).divided()
        assert after.total == before.total
        if not before.divided_equally:
            moved = _by_line(after)
            for line, cents in _by_line(before).items():
                assert line[2] == "C0" or abs(moved[line] - cents) <= 1, line


def _by_line(divided: Distribution) -> dict[tuple[str, str, str | None], int]:
    return {(line.money, line.pot, line.member): line.cents for line in divided.lines}


def check_more_and_nothing(community: Community, settled: Settlement, random: np.random.Generator) -> None:
    case = community.case
    more = replace(case, injected=case.injected + random.integers(0, 5, case.injected.shape))
    assert settle(more, community.policies).totals.shared >= settled.totals.shared
    nothing = community._replace(case=replace(case, withdrawn=np.zeros_like(case.withdrawn)))
    assert nothing.settled().totals.premium == 0
    assert nothing.divided().total == 0


@pytest.mark.parametrize("part", range(PARTS))
def test_what_holds_for_every_community(part, record_property):
    seeds = range(part, COUNT, PARTS)
    record_property("communities", len(seeds))
    print(f"{len(seeds)} random communities, part {part + 1} of {PARTS}")  # the count, with `-s`

    for seed in seeds:
        try:
            community, random = random_community(seed), np.random.default_rng([seed, 1])
            settled, divided = community.settled(), community.divided()
            check_whole(community, settled, divided)
            check_order(community, settled, divided, random)
            check_split(community, random)
            check_more_and_nothing(community, settled, random)
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
