"""Who gets which cent: what the GSE pays, divided as the community's regulation says.

Premium, premium beyond the threshold and valorisation are rounded and divided each by itself. The first and the last
go into five pots; two of them are divided among members by a key. What lies beyond the threshold may go only to members
that are no businesses, or to social purposes. Whole cents and whole weights: the parts always add up to the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple

from cercollettiva.domain.settlement.cents import by_largest_remainder, cents_of
from cercollettiva.domain.settlement.errors import EmptyPot, NotAPercentage, RulesNotWhole, UnknownWord, ZeroWeightPot
from cercollettiva.domain.settlement.words import ExcessGoes, Key, LegalForm, Money, Pot, Role, word

WHOLE: Final = Decimal(100)
HUNDREDTHS: Final = 100
POTS: Final = (Pot.PRODUCERS, Pot.CONSUMERS, Pot.MANAGEMENT, Pot.INVESTMENT_FUND, Pot.SOLIDARITY_FUND)
STARTING: Final[Mapping[Pot, Decimal]] = dict(zip(POTS, map(Decimal, (45, 30, 20, 3, 2)), strict=True))
OF_MEMBERS: Final[Mapping[Pot, frozenset[Role]]] = {
    Pot.PRODUCERS: frozenset({Role.PRODUCER, Role.PROSUMER}),
    Pot.CONSUMERS: frozenset({Role.CONSUMER, Role.PROSUMER}),
}
ASSUMPTIONS: Final = (
    "equal_and_fixed_shares_count_by_time_in_the_period",
    "a_pot_without_any_energy_is_divided_equally",
    "ties_of_remainders_by_member",
)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A version of a community's regulation, refused where it cannot be."""

    percentages: Mapping[Pot, Decimal] = field(default_factory=lambda: dict(STARTING))
    producers_key: Key = Key.CONTRIBUTION
    consumers_key: Key = Key.CONTRIBUTION
    excess: ExcessGoes = ExcessGoes.CONSUMERS
    version: str = ""

    def __post_init__(self) -> None:
        for pot, percentage in self.percentages.items():
            if word(Pot, pot, "Parte") not in POTS:
                raise UnknownWord("Parte", pot, POTS)
            if not (0 <= percentage <= WHOLE and percentage * HUNDREDTHS == int(percentage * HUNDREDTHS)):
                raise NotAPercentage(pot, percentage)
        total = sum(self.percentages.values(), start=Decimal(0))
        if total != WHOLE:
            raise RulesNotWhole(total)
        word(Key, self.producers_key, "Criterio tra i produttori")
        word(Key, self.consumers_key, "Criterio tra i consumatori")
        word(ExcessGoes, self.excess, "Premio oltre la soglia")

    def key_of(self, pot: Pot) -> Key:
        return self.producers_key if pot == Pot.PRODUCERS else self.consumers_key


@dataclass(frozen=True, kw_only=True)
class Member:
    """What of a member the keys look at, over the period. Energies are whole mWh, shares whole millionths."""

    key: Any  # sorts; breaks ties
    role: Role
    legal_form: LegalForm
    withdrawn: int = 0
    withdrawn_shared: int = 0  # the part of each hour's shared energy that its withdrawals took
    injected: int = 0
    injected_shared: int = 0  # as attributed to its plants
    consumer_shares: int = 0
    producer_shares: int = 0
    quarters: int = 1  # of the period in which it was a member

    def __post_init__(self) -> None:
        word(Role, self.role, "Ruolo")
        word(LegalForm, self.legal_form, "Forma giuridica")

    @property
    def may_have_excess(self) -> bool:
        """What lies beyond the threshold may not go to businesses."""
        return self.legal_form != LegalForm.BUSINESS


class Line(NamedTuple):
    """One amount: of which money, through which pot, to whom; `weight` of `of_weight` is its part of the pot."""

    money: Money
    pot: Pot
    member: Any | None  # None: the pot itself is an account of the community
    cents: int
    weight: int = 1
    of_weight: int = 1


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """Every cent of what the GSE paid, and with what it was divided."""

    amounts: Mapping[Money, int]  # [cents]
    lines: list[Line]
    rule: Rule
    assumptions: tuple[str, ...]
    divided_equally: list[tuple[Money, Pot]]  # for want of any energy

    def of_member(self, key: Any) -> int:
        return sum(line.cents for line in self.lines if line.member == key)

    def of_pot(self, pot: Pot) -> int:
        return sum(line.cents for line in self.lines if line.pot == pot)

    @property
    def total(self) -> int:
        return sum(line.cents for line in self.lines)


def amounts_of(*, premium_eur: float, excess_eur: float, valorisation_eur: float) -> dict[Money, int]:
    """Unrounded figures to cents, each kind by itself; what is up to the threshold is the rest of the premium."""
    premium, excess = cents_of(premium_eur), cents_of(excess_eur)
    return {Money.PREMIUM: premium - excess, Money.EXCESS: excess, Money.VALORISATION: cents_of(valorisation_eur)}


def distribute(amounts: Mapping[Money, int], rule: Rule, members: Sequence[Member]) -> Distribution:
    """Divide what was paid among pots and members. Raises a SettlementError before any figure."""
    members = sorted(members, key=lambda member: member.key)
    _check_shares(rule, members)
    lines: list[Line] = []
    equally: list[tuple[Money, Pot]] = []
    for money in (Money.PREMIUM, Money.VALORISATION):
        for pot, cents in _pots(amounts.get(money, 0), rule).items():
            lines += _among(money, pot, cents, rule, members, equally)
    if amounts.get(Money.EXCESS):
        lines += _excess(amounts[Money.EXCESS], rule, members, equally)
    return Distribution(amounts=dict(amounts), lines=lines, rule=rule, assumptions=ASSUMPTIONS, divided_equally=equally)


def _pots(cents: int, rule: Rule) -> dict[Pot, int]:
    weights = [int(rule.percentages.get(pot, Decimal(0)) * HUNDREDTHS) for pot in POTS]
    return dict(zip(POTS, by_largest_remainder(cents, weights, range(len(POTS))), strict=True))


def _among(
    money: Money, pot: Pot, cents: int, rule: Rule, members: Sequence[Member], equally: list[tuple[Money, Pot]]
) -> list[Line]:
    """The pot's lines: one for each of its members, or one for the pot where it is an account of the community."""
    if pot not in OF_MEMBERS:
        return [Line(money, pot, None, cents)]
    inside = [member for member in members if member.role in OF_MEMBERS[pot]]
    if not inside:
        if cents:
            raise EmptyPot(pot, cents)
        return []
    return _divided(money, pot, cents, rule.key_of(pot), inside, equally)


def _excess(cents: int, rule: Rule, members: Sequence[Member], equally: list[tuple[Money, Pot]]) -> list[Line]:
    """Beyond the threshold: consumers that are no businesses; without one, or by the regulation, social purposes."""
    inside = [member for member in members if member.role in OF_MEMBERS[Pot.CONSUMERS] and member.may_have_excess]
    if rule.excess == ExcessGoes.SOCIAL_FUND or not inside:
        return [Line(Money.EXCESS, Pot.SOCIAL_PURPOSES, None, cents)]
    return _divided(Money.EXCESS, Pot.CONSUMERS, cents, rule.consumers_key, inside, equally)


def _divided(
    money: Money, pot: Pot, cents: int, key: Key, inside: Sequence[Member], equally: list[tuple[Money, Pot]]
) -> list[Line]:
    weigh = _WEIGHTS[pot, key]
    weights = [weigh(member) for member in inside]
    parts = by_largest_remainder(cents, weights, [member.key for member in inside])
    if cents and not any(weights):
        equally.append((money, pot))
        weights = [1] * len(inside)
    whole = sum(weights) or 1
    return [
        Line(money, pot, member.key, part, weight, whole)
        for member, part, weight in zip(inside, parts, weights, strict=True)
    ]


_WEIGHTS: Final[Mapping[tuple[Pot, Key], Callable[[Member], int]]] = {
    (Pot.PRODUCERS, Key.EQUAL): lambda member: member.quarters,
    (Pot.PRODUCERS, Key.SHARES): lambda member: member.producer_shares * member.quarters,
    (Pot.PRODUCERS, Key.VOLUME): lambda member: member.injected,
    (Pot.PRODUCERS, Key.CONTRIBUTION): lambda member: member.injected_shared,
    (Pot.CONSUMERS, Key.EQUAL): lambda member: member.quarters,
    (Pot.CONSUMERS, Key.SHARES): lambda member: member.consumer_shares * member.quarters,
    (Pot.CONSUMERS, Key.VOLUME): lambda member: member.withdrawn,
    (Pot.CONSUMERS, Key.CONTRIBUTION): lambda member: member.withdrawn_shared,
}


def _check_shares(rule: Rule, members: Sequence[Member]) -> None:
    """Fixed shares that are all zero are a hole in the regulation, not a lack of energy."""
    for pot, roles in OF_MEMBERS.items():
        inside = [member for member in members if member.role in roles]
        has_no_shares = not any(_WEIGHTS[pot, Key.SHARES](member) for member in inside)
        if inside and rule.key_of(pot) == Key.SHARES and has_no_shares and rule.percentages.get(pot):
            raise ZeroWeightPot(pot)
