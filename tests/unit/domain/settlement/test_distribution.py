"""Who gets which cent: pots, keys, funds, legal forms, and rules that are refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cercollettiva.domain.settlement import errors
from cercollettiva.domain.settlement.cents import by_largest_remainder, cents_of, six_places
from cercollettiva.domain.settlement.distribution import Member, Rule, amounts_of, distribute
from cercollettiva.domain.settlement.engine import settle
from cercollettiva.domain.settlement.members import with_energies
from cercollettiva.domain.settlement.words import ExcessGoes, Key, LegalForm, Money, Pot, Role
from tests.unit.domain.settlement.made import case, plant, point

PERSON, BUSINESS = LegalForm.PRIVATE, LegalForm.BUSINESS
ALL_TO_CONSUMERS = {Pot.CONSUMERS: Decimal(100)}


def member(key: str, role: Role = Role.CONSUMER, form: LegalForm = PERSON, **fields: int) -> Member:
    return Member(key=key, role=role, legal_form=form, **fields)


PEOPLE = [
    member("anna", withdrawn=3000, withdrawn_shared=1000, consumer_shares=2),
    member("bruno", withdrawn=1000, withdrawn_shared=3000, consumer_shares=1),
    member("carla", Role.PROSUMER, withdrawn=0, injected=500, injected_shared=100, producer_shares=1),
    member("dario", Role.PRODUCER, BUSINESS, injected=500, injected_shared=300, producer_shares=3),
]


def parts(cents: int, rule: Rule, members=PEOPLE, money: Money = Money.PREMIUM) -> dict[tuple[str, str], int]:
    lines = distribute({money: cents}, rule, members).lines
    return {(line.pot.value, line.member or ""): line.cents for line in lines if line.cents}


def test_the_starting_percentages_divide_an_amount_into_five_pots():
    given = distribute({Money.PREMIUM: 10000}, Rule(), PEOPLE)

    assert [given.of_pot(pot) for pot in Pot] == [4500, 3000, 2000, 300, 200, 0]
    assert given.total == 10000


def test_each_kind_of_money_is_rounded_by_itself():
    # cacer.md: "convert TIP and ARERA to cents separately (1.005 + 2.005 -> 302 cents, not 301)"
    amounts = amounts_of(premium_eur=1.005, excess_eur=0, valorisation_eur=2.005)

    assert sum(amounts.values()) == 302
    assert amounts_of(premium_eur=10.004, excess_eur=3.336, valorisation_eur=0) == {
        Money.PREMIUM: 1000 - 334,
        Money.EXCESS: 334,
        Money.VALORISATION: 0,
    }


@pytest.mark.parametrize(
    ("key", "consumers", "producers"),
    [
        (Key.EQUAL, {"anna": 1000, "bruno": 1000, "carla": 1000}, {"carla": 2250, "dario": 2250}),
        (Key.SHARES, {"anna": 2000, "bruno": 1000}, {"carla": 1125, "dario": 3375}),
        (Key.VOLUME, {"anna": 2250, "bruno": 750}, {"carla": 2250, "dario": 2250}),
        (Key.CONTRIBUTION, {"anna": 750, "bruno": 2250}, {"carla": 1125, "dario": 3375}),
    ],
)
def test_each_key_divides_the_pots_of_members(key, consumers, producers):
    found = parts(10000, Rule(consumers_key=key, producers_key=key))

    assert {name: cents for (pot, name), cents in found.items() if pot == "CONSUMERS"} == consumers
    assert {name: cents for (pot, name), cents in found.items() if pot == "PRODUCERS"} == producers


def test_equal_parts_and_fixed_shares_count_the_time_one_was_a_member():
    half = [member("anna", quarters=2976, consumer_shares=1), member("bruno", quarters=992, consumer_shares=1)]

    for key in (Key.EQUAL, Key.SHARES):
        found = parts(400, Rule(percentages=ALL_TO_CONSUMERS, consumers_key=key), half)
        assert found == {("CONSUMERS", "anna"): 300, ("CONSUMERS", "bruno"): 100}


def test_beyond_the_threshold_nothing_goes_to_businesses():
    people = [*PEOPLE, member("ditta", Role.CONSUMER, BUSINESS, withdrawn_shared=4000)]

    found = parts(1000, Rule(), people, Money.EXCESS)

    assert found == {("CONSUMERS", "anna"): 250, ("CONSUMERS", "bruno"): 750}
    assert ("CONSUMERS", "ditta") in parts(1000, Rule(), people)


@pytest.mark.parametrize(
    ("rule", "members"),
    [
        (Rule(excess=ExcessGoes.SOCIAL_FUND), PEOPLE),
        (Rule(), [member("ditta", Role.PROSUMER, BUSINESS, withdrawn_shared=1)]),
        (Rule(), [member("producer", Role.PRODUCER, PERSON, injected=1)]),
    ],
)
def test_beyond_the_threshold_it_goes_to_social_purposes_by_rule_or_for_want_of_members(rule, members):
    assert parts(1000, rule, members, Money.EXCESS) == {("SOCIAL_PURPOSES", ""): 1000}


def test_a_pot_without_any_energy_is_divided_equally_and_says_so():
    idle = [member("anna"), member("bruno")]
    rule = Rule(percentages=ALL_TO_CONSUMERS)

    given = distribute({Money.PREMIUM: 101}, rule, idle)

    assert [(line.member, line.cents, line.weight, line.of_weight) for line in given.lines if line.cents] == [
        ("anna", 51, 1, 2),
        ("bruno", 50, 1, 2),
    ]
    assert given.divided_equally == [(Money.PREMIUM, Pot.CONSUMERS)]


def test_a_pot_without_members_is_refused_where_there_is_money_for_it():
    with pytest.raises(errors.EmptyPot, match="PRODUCERS"):
        distribute({Money.PREMIUM: 100}, Rule(), [member("anna")])

    assert distribute({Money.PREMIUM: 0}, Rule(), []).total == 0


def test_fixed_shares_that_are_all_zero_are_refused_even_without_money():
    with pytest.raises(errors.ZeroWeightPot, match="CONSUMERS"):
        distribute({}, Rule(consumers_key=Key.SHARES), [member("anna")])


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Rule(percentages={Pot.PRODUCERS: Decimal(99)}), errors.RulesNotWhole),
        (lambda: Rule(percentages={Pot.PRODUCERS: Decimal(60), Pot.CONSUMERS: Decimal(41)}), errors.RulesNotWhole),
        (lambda: Rule(percentages={Pot.PRODUCERS: Decimal(101), Pot.CONSUMERS: Decimal(-1)}), errors.NotAPercentage),
        (
            lambda: Rule(percentages={Pot.PRODUCERS: Decimal("99.999"), Pot.CONSUMERS: Decimal("0.001")}),
            errors.NotAPercentage,
        ),
        (lambda: Rule(percentages={"PRODUTTORI": Decimal(100)}), errors.UnknownWord),
        (lambda: Rule(percentages={Pot.SOCIAL_PURPOSES: Decimal(100)}), errors.UnknownWord),
        (lambda: Rule(consumers_key="CONSUMO"), errors.UnknownWord),
        (lambda: Rule(producers_key="equal"), errors.UnknownWord),
        (lambda: Rule(excess="NOBODY"), errors.UnknownWord),
        (lambda: member("anna", "PROSUMERS"), errors.UnknownWord),
        (lambda: member("anna", Role.CONSUMER, "PRIVATO"), errors.UnknownWord),
        (lambda: distribute({}, Rule(), [PEOPLE[0], PEOPLE[0], PEOPLE[3]]), errors.RepeatedMember),
        (lambda: by_largest_remainder(1, [-1, 2], ["a", "b"]), errors.BadWeight),
        (lambda: cents_of(float("nan")), errors.NotAnAmount),
        (lambda: cents_of(float("inf")), errors.NotAnAmount),
        (lambda: six_places("ten"), errors.NotAnAmount),
    ],
)
def test_what_cannot_be_divided_is_refused_by_name(make, named):
    with pytest.raises(named):
        make()


def test_the_cents_left_over_go_to_the_largest_remainders_and_then_to_the_lowest_key():
    assert by_largest_remainder(100, [1, 1, 1], ["c", "a", "b"]) == [33, 34, 33]
    assert by_largest_remainder(10, [2, 1], ["a", "b"]) == [7, 3]
    assert by_largest_remainder(-100, [1, 1, 1], ["c", "a", "b"]) == [-33, -34, -33]
    assert by_largest_remainder(5, [0, 7], ["a", "b"]) == [0, 5]
    assert by_largest_remainder(0, [1, 2], ["a", "b"]) == [0, 0]
    assert by_largest_remainder(0, [], []) == []


@pytest.mark.parametrize(
    ("amount", "cents"),
    [
        (1.005, 101),
        (0.004999, 0),
        (0.0049999, 1),
        (0.005, 1),
        (-0.005, -1),
        (Decimal("12.345"), 1235),
        (1e6 + 0.125, 100000013),
    ],
)
def test_half_a_cent_is_rounded_upwards_on_six_places(amount, cents):
    assert cents_of(amount) == cents


def test_six_places_have_no_minus_before_a_zero():
    assert str(six_places(-1e-9)) == "0.000000"
    assert str(six_places(2.0000004)) == "2.000000"


def test_members_have_what_their_points_have():
    settled = settle(case({plant("P1"): [6]}, {point("C1"): [1], point("C2"): [3], point("C9"): [4]}, [100]))
    people = {"anna": member("anna"), "carla": member("carla", Role.PROSUMER)}

    anna, carla = with_energies(settled, people, {"C1": "anna", "C2": "carla", "P1": "carla", "C9": "gone"})

    assert (anna.withdrawn, anna.withdrawn_shared, anna.injected) == (1_000_000, 750_000, 0)
    assert (carla.withdrawn, carla.withdrawn_shared) == (3_000_000, 2_250_000)
    assert (carla.injected, carla.injected_shared) == (6_000_000, 6_000_000)
