"""What a community's regulation says of its money: percentages that are the whole, versions that are never edited."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from cercollettiva.settlement.models import DistributionKey, DistributionRule, NeverChanged, Pot, TariffParameter
from cercollettiva.settlement.operations import write_rule
from tests.integration.core.scene import join, make_community, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

SPRING, SUMMER = date(2026, 3, 1), date(2026, 7, 1)
THIRDS = {
    "producers": Decimal("33.33"),
    "consumers": Decimal("33.33"),
    "management": Decimal("33.34"),
    "investment_fund": Decimal(0),
    "solidarity_fund": Decimal(0),
}


def test_a_community_starts_with_the_percentages_of_the_first_platform():
    rule = write_rule(make_community("A"), valid_from=SPRING, by=None)

    assert (rule.producers, rule.consumers, rule.management) == (45, 30, 20)
    assert (rule.investment_fund, rule.solidarity_fund) == (3, 2)
    assert (rule.version, rule.producers_key) == (1, DistributionKey.CONTRIBUTION)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"producers": Decimal(46)}, "fanno 101"),
        ({"producers": Decimal("44.99")}, "fanno 99.99"),
        ({"producers": Decimal(-10), "consumers": Decimal(85)}, "maggiore o uguale"),
        ({"producers": Decimal("44.995"), "consumers": Decimal("30.005")}, "decimali"),
        ({"consumers_key": "CONSUMO"}, "CONSUMO"),
        ({"attribution": "gse"}, "gse"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_a_reason(values, said):
    community = make_community("A")

    with pytest.raises(ValidationError, match=said):
        write_rule(community, valid_from=SPRING, by=None, **values)

    assert not DistributionRule.objects.exists()


@pytest.mark.parametrize("producers", [Decimal("45.01"), Decimal("44.99"), Decimal(100)])
def test_the_database_refuses_percentages_that_are_not_the_whole(producers):
    community = make_community("A")

    with pytest.raises(IntegrityError, match="adds_up_to_100"), transaction.atomic():
        DistributionRule.objects.create(community=community, version=1, valid_from=SPRING, producers=producers)


def test_percentages_with_decimals_that_are_the_whole_are_stored():
    write_rule(make_community("A"), valid_from=SPRING, by=None, **THIRDS)

    assert DistributionRule.objects.get().total == 100


def test_a_rule_is_never_edited_nor_deleted():
    rule = write_rule(make_community("A"), valid_from=SPRING, by=None)
    rule.producers = Decimal(40)

    for change in (
        rule.save,
        rule.delete,
        DistributionRule.objects.all().delete,
        lambda: DistributionRule.objects.update(producers=40),
    ):
        with pytest.raises(NeverChanged):
            change()

    assert DistributionRule.objects.get().producers == 45


def test_a_later_version_takes_over_from_its_day_and_a_correction_from_the_same_day():
    community = make_community("A")
    first = write_rule(community, valid_from=SPRING, by=None)
    summer = write_rule(community, valid_from=SUMMER, by=None, **THIRDS)
    corrected = write_rule(community, valid_from=SPRING, by=None, consumers_key=DistributionKey.EQUAL)

    def in_force(day: date) -> DistributionRule | None:
        return DistributionRule.objects.of(community, day)

    assert [first.version, summer.version, corrected.version] == [1, 2, 3]
    assert in_force(date(2026, 2, 28)) is None
    assert in_force(SPRING) == corrected
    assert in_force(SUMMER) == summer


def test_fixed_shares_belong_to_the_version_they_were_written_with():
    community = make_community("A")
    membership = join(make_user("anna"), community)

    rule = write_rule(community, valid_from=SPRING, by=None, shares={(membership, Pot.CONSUMERS): Decimal("0.25")})

    [share] = rule.shares.all()
    assert (share.membership, share.pot, share.weight) == (membership, Pot.CONSUMERS, Decimal("0.25"))
    with pytest.raises(ValidationError):
        write_rule(community, valid_from=SPRING, by=None, shares={(membership, Pot.CONSUMERS): Decimal(-1)})
    assert DistributionRule.objects.count() == 1


def test_a_parameter_holds_from_its_day_and_a_correction_is_a_new_version():
    for day, version, value in (
        (date(2025, 1, 1), 1, "10.57"),
        (date(2026, 1, 1), 1, "11"),
        (date(2026, 1, 1), 2, "12"),
    ):
        TariffParameter.objects.create(
            name="TRASE", valid_from=day, version=version, value=Decimal(value), source="ARERA"
        )

    def value(day: date) -> Decimal | None:
        found = TariffParameter.objects.of("TRASE", day)
        return found and found.value

    assert [value(date(2024, 12, 31)), value(date(2025, 12, 31)), value(date(2026, 1, 1))] == [
        None,
        Decimal("10.57"),
        Decimal(12),
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        TariffParameter.objects.create(name="TRASE", valid_from=SPRING, value=Decimal(10), source="")
