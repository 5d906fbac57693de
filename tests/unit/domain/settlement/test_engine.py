"""The engine beside the worked figures: windows, obligations, exemptions, buildings, gaps, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from cercollettiva.domain.settlement import errors
from cercollettiva.domain.settlement.advances import advance_tariff, hold_back, monthly_advance, payable
from cercollettiva.domain.settlement.case import Gap, Policies, Published, inputs_hash
from cercollettiva.domain.settlement.engine import settle
from cercollettiva.domain.settlement.thresholds import PREMIUM_ONLY, WITH_GRANT
from cercollettiva.domain.settlement.words import Attribution, Kind, LegalForm, MacroZone, Source, Threshold, Voltage
from cercollettiva.domain.settlement.zones import MACRO_ZONES, MARKET_ZONES, ZONES, macro_zone, market_zone
from tests.unit.domain.settlement.made import JULY, case, plant, point


def test_a_tie_of_dates_is_broken_by_pod_whatever_the_order_they_came_in():
    late, early = plant("P2"), plant("P1")

    settled = settle(case({late: [5], early: [5]}, {point(): [6]}, [100]))

    assert [(each.pod, each.shared) for each in settled.plants] == [("P1", 5), ("P2", 1)]
    assert "ties_by_pod" in settled.assumptions


def test_existing_and_large_plants_take_part_and_earn_the_valorisation_alone():
    existing = plant("P1", entry_into_operation=date(2021, 12, 15))
    large = plant("P2", 1000.1, entry_into_operation=date(2022, 1, 1))
    new = plant("P3", 1000, entry_into_operation=date(2021, 12, 16))

    settled = settle(case({existing: [10], large: [10], new: [10]}, {point(): [30]}, [180]))

    assert [each.shared for each in settled.plants] == [10, 10, 10]
    assert [each.premium for each in settled.plants] == [0, 0, pytest.approx(0.60)]
    assert settled.totals.valorisation == pytest.approx(0.30)
    assert settled.totals.injected_incentivised == 10
    assert settled.existing_share == pytest.approx(100 / 2100.1)
    assert not settled.has_too_many_existing


def test_more_than_30_percent_of_existing_power_is_told():
    old = plant("P1", 31, entry_into_operation=date(2020, 1, 1))

    settled = settle(case({old: [1], plant("P2", 69): [1]}, {point(): [1]}, [100]))

    assert settled.has_too_many_existing


def test_the_premium_lasts_from_the_first_local_midnight_for_twenty_years():
    of = plant(entry_into_operation=date(2022, 3, 1), commercial_operation=date(2022, 4, 10))
    first = datetime(2022, 4, 9, 21, tzinfo=UTC)  # 23:00 in Italy
    last = datetime(2042, 4, 9, 21, tzinfo=UTC)

    opening, closing = (
        settle(case({of: [1, 1]}, {point(): [1, 1]}, [180, 180], start=start)).hourly.premium.tolist()
        for start in (first, last)
    )

    assert opening == [[0, pytest.approx(0.08)]]
    assert closing == [[pytest.approx(0.08), 0]]


def test_the_part_of_an_obligation_earns_nothing():
    obliged = plant(power_kw=100, obligation_kw=25)

    settled = settle(case({obliged: [100]}, {point(): [100]}, [180]))

    assert settled.totals.premium == pytest.approx(100 * 80 / 1000 * 0.75)
    assert settled.totals.incentivised == 100


def test_a_grant_does_not_lower_what_belongs_to_exempt_points():
    granted = plant(grant_share=0.40)
    withdrawals = {
        point("C1", legal_form=LegalForm.BUSINESS): [3],
        point("C2", legal_form=LegalForm.PUBLIC): [1],
    }

    settled = settle(case({granted: [2]}, withdrawals, [180]))

    assert settled.totals.premium == pytest.approx(2 * 80 / 1000 * (1 - 0.5 * 0.75))


def test_natural_persons_are_exempt_from_16_may_2025():
    granted, person = plant(grant_share=0.40), point(legal_form=LegalForm.PRIVATE)
    before = datetime(2025, 5, 15, 21, tzinfo=UTC)  # the last hour of the 15th in Italy

    settled = settle(case({granted: [1, 1]}, {person: [1, 1]}, [180, 180], start=before))

    assert settled.hourly.premium.tolist() == [[pytest.approx(0.04), pytest.approx(0.08)]]


@pytest.mark.parametrize(
    ("form", "exempt"),
    [
        (LegalForm.ASSOCIATION, True),
        (LegalForm.CHURCH, True),
        (LegalForm.PUBLIC, True),
        (LegalForm.PRIVATE, False),
        (LegalForm.BUSINESS, False),
        (None, False),
    ],
)
def test_who_was_exempt_from_the_beginning(form, exempt):
    start = datetime(2024, 6, 1, tzinfo=UTC)

    settled = settle(case({plant(grant_share=0.40): [1]}, {point(legal_form=form): [1]}, [180], start=start))

    assert settled.totals.premium == pytest.approx(0.08 if exempt else 0.04)


def test_a_community_earns_trase_and_a_building_also_what_the_grid_did_not_carry():
    withdrawals = {point("C1", voltage=Voltage.BT): [300], point("C2", voltage=Voltage.MT): [100]}
    published = Published(trase=10.0, btau=2.0)

    community, building = (
        settle(case({plant(): [200]}, withdrawals, [100], published=published, kind=kind)).totals.valorisation
        for kind in (Kind.COMMUNITY, Kind.BUILDING)
    )

    assert community == pytest.approx(2.0)
    assert building == pytest.approx(0.2 * (10 + 2) + (0.150 * 0.026 + 0.050 * 0.012) * 100)


def test_a_building_without_btau_is_refused():
    with pytest.raises(errors.MissingParameter, match="BTAU"):
        settle(case({plant(): [1]}, {point(): [1]}, [100], kind=Kind.BUILDING))


def test_each_set_has_its_own_threshold():
    plants = {plant("P1"): [100], plant("P2", grant_share=0.40): [100]}

    settled = settle(case(plants, {point(): [180]}, [180]))

    assert (settled.sets[PREMIUM_ONLY].share, settled.sets[WITH_GRANT].share) == (1.0, 0.8)
    assert settled.sets[PREMIUM_ONLY].excess_premium == pytest.approx(8 * 0.45)
    assert settled.sets[WITH_GRANT].excess_premium == pytest.approx(0.080 * 40 * 0.35)
    assert settled.totals.excess_premium == pytest.approx(8 * 0.45 + 3.2 * 0.35)


def test_until_the_year_is_closed_the_excess_is_provisional():
    made = case({plant(): [1]}, {point(): [1]}, [100])

    assert settle(made).is_provisional
    assert not settle(made, year_is_closed=True).is_provisional


def test_a_result_carries_policies_versions_and_gaps():
    known = np.array([[True, False, False, True]])
    made = case({plant(): [1, 0, 0, 1]}, {point(): [1, 1, 1, 1]}, [100] * 4, injected_known=known)

    settled = settle(made, Policies(attribution=Attribution.PRO_RATA, threshold=Threshold.PROPORTIONAL))

    assert settled.gaps == [Gap("P1", JULY.replace(hour=1), JULY.replace(hour=3))]
    assert settled.policies.attribution == "pro_rata"
    assert settled.policies.threshold == "proportional"
    assert settled.versions == ("TRASE 2025-01-01 v1",)


def test_an_hour_is_shared_in_proportion_to_what_each_point_took():
    settled = settle(case({plant(): [6, 0]}, {point("C2"): [1, 5], point("C1"): [3, 5]}, [100, 100]))

    assert [(each.pod, each.withdrawn, each.shared) for each in settled.points] == [("C1", 8, 3), ("C2", 6, 1)]


def test_a_configuration_without_plants_or_points_shares_nothing():
    assert settle(case({}, {point(): [1]}, [100])).totals.shared == 0
    assert settle(case({plant(): [1]}, {}, [100])).totals.premium == 0


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: plant(power_kw=0), errors.PowerNotPositive),
        (lambda: plant(power_kw=float("nan")), errors.PowerNotPositive),
        (lambda: plant(grant_share=0.41), errors.GrantOutOfRange),
        (lambda: plant(grant_share=40), errors.GrantOutOfRange),
        (lambda: plant(obligation_kw=101), errors.ObligationAbovePower),
        (lambda: plant(entry_into_operation=None), errors.NoDateOfOperation),
        (lambda: plant(commercial_operation=date(2023, 2, 2)), errors.CommercialBeforeOperation),
        (lambda: plant(source="SUN"), errors.UnknownWord),
        (lambda: plant(macro_zone="NORD"), errors.UnknownWord),
        (lambda: point(legal_form="PRIVATO"), errors.UnknownWord),
        (lambda: point(voltage="220"), errors.UnknownWord),
        (lambda: Policies(attribution="gse"), errors.UnknownWord),
        (lambda: Policies(thresholds={PREMIUM_ONLY: 55, WITH_GRANT: 0.45}), errors.ThresholdNotAFraction),
        (lambda: Policies(thresholds={"premium": 0.55}), errors.UnknownWord),
        (lambda: advance_tariff(plant(power_kw=1001)), errors.NoTariffAbovePower),
        (lambda: macro_zone("Padania"), errors.UnknownWord),
        (lambda: settle(case({plant(): [1]}, {point(): [1]}, [float("nan")])), errors.MissingPrices),
        (lambda: settle(case({plant(): [-1]}, {point(): [1]}, [100])), errors.BadEnergy),
        (lambda: settle(case({plant(): [1]}, {point(): [float("nan")]}, [100])), errors.BadEnergy),
        (lambda: settle(case({plant(): [1]}, {point(): [float("inf")]}, [100])), errors.BadEnergy),
        (lambda: settle(case({plant(): [1], plant(power_kw=2): [1]}, {}, [100])), errors.RepeatedPod),
        (lambda: settle(case({}, {}, [100], start=JULY.replace(tzinfo=None))), errors.WrongShape),
        (lambda: settle(case({}, {}, [100], start=JULY.replace(minute=15))), errors.WrongShape),
        (lambda: settle(case({}, {}, [100], injected_known=np.ones((1, 1), bool))), errors.WrongShape),
        (lambda: settle(case({}, {}, [100], kind="CER")), errors.UnknownWord),
    ],
)
def test_what_cannot_be_is_refused_by_name_before_any_figure(make, named):
    with pytest.raises(named):
        make()


def test_missing_prices_name_their_hours():
    with pytest.raises(errors.MissingPrices, match="2025-07-01T01:00:00") as caught:
        settle(case({plant(): [1, 1, 1]}, {}, [100, float("nan"), float("nan")]))

    assert caught.value.hours == [JULY.replace(hour=1), JULY.replace(hour=2)]


def test_the_same_inputs_have_the_same_hash_and_others_another():
    plants, points = {plant("P1"): [1.0], plant("P2"): [2.0]}, {point("C1"): [3.0]}
    one = inputs_hash(case(plants, points, [100]), Policies())

    same = inputs_hash(case(dict(reversed(plants.items())), points, [100]), Policies())
    others = [
        inputs_hash(case({plant("P1"): [1.0], plant("P2"): [2.1]}, points, [100]), Policies()),
        inputs_hash(case(plants, points, [101]), Policies()),
        inputs_hash(case(plants, points, [100], published=Published(trase=11.0)), Policies()),
        inputs_hash(case(plants, points, [100]), Policies(attribution=Attribution.PRO_RATA)),
        inputs_hash(case({plant("P1", 101): [1.0], plant("P2"): [2.0]}, points, [100]), Policies()),
        inputs_hash(case(plants, points, [100], withdrawn_known=np.zeros((1, 1), bool)), Policies()),
    ]

    assert same == one
    assert len({one, *others}) == 7


def test_regions_lie_in_two_different_tables():
    assert set(MACRO_ZONES) == set(MARKET_ZONES)
    assert len(MACRO_ZONES) == 20
    assert set(MARKET_ZONES.values()) == set(ZONES)
    assert (macro_zone("Umbria"), market_zone("Umbria")) == (MacroZone.CENTRE, "CSUD")
    assert (macro_zone("Campania"), market_zone("Campania")) == (MacroZone.SOUTH, "CSUD")
    assert sorted(region for region, zone in MACRO_ZONES.items() if zone == MacroZone.CENTRE) == [
        "Abruzzo",
        "Lazio",
        "Marche",
        "Toscana",
        "Umbria",
    ]
    assert sum(zone == MacroZone.NORTH for zone in MACRO_ZONES.values()) == 8


def test_the_advance_of_a_month():
    of = plant(power_kw=100, macro_zone=MacroZone.NORTH)

    advance = monthly_advance(of, trase=10.0)

    assert advance.energy == pytest.approx(100 * 900 / 12 * 0.60)
    assert advance.premium == pytest.approx(4.5 * (80 + 20 + 10))
    assert advance.valorisation == pytest.approx(45)
    hours = [(Source.PV, 1050), (Source.WIND, 1500), (Source.HYDRO, 1500), (Source.BIOGAS, 5000), (Source.OTHER, 500)]
    for source, expected in hours:
        centre = plant(source=source, macro_zone=MacroZone.CENTRE)
        assert monthly_advance(centre, trase=0).energy == pytest.approx(100 * expected / 12 * 0.60)
    assert advance_tariff(plant(grant_share=0.40)) == 50
    assert monthly_advance(plant(entry_into_operation=date(2020, 1, 1)), trase=10.0).premium == 0


def test_under_fifty_euros_wait():
    assert payable(4999) == (0, 4999)
    assert payable(5000) == (5000, 0)
    assert payable(-100) == (0, -100)


def test_what_is_better_held_back():
    assert hold_back(advance=1000, expected=550).share == pytest.approx(0.45)
    assert hold_back(advance=1000, expected=1200).share == 0
    assert hold_back(advance=0, expected=0).share == 0
