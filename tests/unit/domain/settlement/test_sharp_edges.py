"""What a change of one sign or one word would break: hours of nothing, half a unit, leap days, names in reasons."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from cercollettiva.domain.quarters import UNKNOWN
from cercollettiva.domain.settlement.advances import gse_fee, hold_back
from cercollettiva.domain.settlement.case import Policies, Published, inputs_hash
from cercollettiva.domain.settlement.cents import by_largest_remainder, six_places
from cercollettiva.domain.settlement.distribution import Member, Rule
from cercollettiva.domain.settlement.engine import settle
from cercollettiva.domain.settlement.errors import (
    EfficiencyNotAFraction,
    NotAnAmount,
    PowerNotPositive,
    SettlementError,
)
from cercollettiva.domain.settlement.exemptions import exempt_share, exempt_since
from cercollettiva.domain.settlement.storage import check_efficiency, withdrawn_for_sharing
from cercollettiva.domain.settlement.thresholds import plant_set
from cercollettiva.domain.settlement.valorisation import of_building, shared_by_voltage
from cercollettiva.domain.settlement.words import LegalForm, Pot, Role, Threshold, Voltage
from cercollettiva.domain.settlement.zones import macro_zone
from cercollettiva.domain.sharing import coverage, hours_from_quarters, parts_of_points
from tests.unit.domain.settlement.made import case, plant, point

HOME = point("C1", legal_form=LegalForm.PRIVATE)
FIRM = point("C2", legal_form=LegalForm.BUSINESS, voltage=Voltage.MT)


def small_case(**fields):
    return case({plant(): [4.0, 2.0, 1.0]}, {HOME: [1.0, 0.0, 0.25], FIRM: [1.0, 0.0, 0.25]}, [50.0] * 3, **fields)


def test_an_hour_in_which_nobody_draws_is_shared_by_nobody_and_half_a_kilowatt_hour_is():
    settled = settle(small_case())

    by_pod = {figures.pod: figures for figures in settled.points}
    assert by_pod["C1"].shared == by_pod["C2"].shared == pytest.approx(1.25)
    assert settled.totals.shared == pytest.approx(2.5)


def test_points_of_an_hour_of_nothing_have_no_part_of_it():
    drawn = np.array([[1.0, 0.0, 0.25], [3.0, 0.0, 0.25]])

    parts = parts_of_points(np.array([2.0, 0.0, 0.5]), drawn)

    assert parts.tolist() == [[0.5, 0.0, 0.25], [1.5, 0.0, 0.25]]


def test_the_shared_energy_of_a_building_is_split_by_voltage_hour_by_hour():
    withdrawn, shared = np.array([[1.0, 0.0, 0.25], [3.0, 0.0, 0.25]]), np.array([2.0, 0.0, 0.5])

    split = shared_by_voltage([HOME, FIRM], withdrawn=withdrawn, total=withdrawn.sum(axis=0), shared=shared)

    assert {voltage: energy.tolist() for voltage, energy in split.items()} == {
        Voltage.BT: [0.5, 0.0, 0.25],
        Voltage.MT: [1.5, 0.0, 0.25],
    }
    paid = of_building(shared, by_voltage=split, trase=10.0, btau=0.6, price=np.array([100.0, 0.0, 100.0]))
    # (2 * 10.6 + 0.5 * 2.6 + 1.5 * 1.2) / 1000 EUR in the first hour
    assert paid.tolist() == pytest.approx([0.0243, 0.0, (0.5 * 10.6 + 0.25 * 2.6 + 0.25 * 1.2) / 1000])


def test_the_exempt_share_adds_up_and_is_zero_where_nothing_is_drawn():
    said = [replace(HOME, grant_reduction_exempt=True), replace(FIRM, pod="C3", grant_reduction_exempt=True), FIRM]
    withdrawn = np.array([[1.0, 0.0], [2.0, 0.0], [1.0, 0.0]])
    starts = np.array([datetime(2025, 7, 1, hour, tzinfo=UTC).timestamp() for hour in (0, 1)], dtype=np.int64)

    assert exempt_share(said, withdrawn, withdrawn.sum(axis=0), starts).tolist() == [0.75, 0.0]


@pytest.mark.parametrize(
    ("given", "since"),
    [
        (point(grant_reduction_exempt=True), date.min),
        (point(legal_form=LegalForm.PUBLIC, grant_reduction_exempt=False), None),
        (point(), None),
    ],
)
def test_what_is_said_of_a_point_counts_more_than_its_form(given, since):
    assert exempt_since(given) == since


def test_the_premium_of_a_leap_day_ends_on_the_first_of_march_where_there_is_none():
    first, end = plant(entry_into_operation=date(2024, 2, 29)).premium_window()
    _, forever = plant(entry_into_operation=date(2080, 2, 29)).premium_window()

    assert (first, end) == (datetime(2024, 2, 28, 23, tzinfo=UTC), datetime(2044, 2, 28, 23, tzinfo=UTC))
    assert forever == datetime(2100, 2, 28, 23, tzinfo=UTC)  # the first of March in Italy


def test_two_gaps_are_two_ranges():
    known = np.array([[True, False, True, True, False, False]])
    gaps = settle(case({plant(): [1.0] * 6}, {HOME: [1.0] * 6}, [50.0] * 6, injected_known=known)).gaps

    assert [(gap.start.hour, gap.end.hour) for gap in gaps] == [(1, 2), (4, 6)]


def test_a_set_says_all_its_figures():
    made = plant_set(incentivised=0.6, injected=0.8, premium=90.0, threshold=0.55, policy=Threshold.PERCENTAGE_POINTS)
    empty = plant_set(incentivised=0.0, injected=0.0, premium=0.0, threshold=0.55, policy=Threshold.PROPORTIONAL)
    proportional = plant_set(
        incentivised=0.6, injected=0.8, premium=90.0, threshold=0.55, policy=Threshold.PROPORTIONAL
    )

    assert made[:3] == (0.6, 0.8, 90.0)
    assert (made.threshold, made.share) == (0.55, pytest.approx(0.75))
    assert made.excess_premium == pytest.approx(18.0)
    assert proportional.excess_premium == pytest.approx(24.0)
    assert empty == (0.0, 0.0, 0.0, 0.0, 0.55, 0.0)


def test_the_cents_over_go_by_remainder_and_not_by_size():
    assert by_largest_remainder(10, [5, 1, 1], ["a", "b", "c"]) == [7, 2, 1]
    assert by_largest_remainder(-10, [5, 1, 1], ["a", "b", "c"]) == [-7, -2, -1]
    assert by_largest_remainder(0, [0, 0], ["a", "b"]) == [0, 0]
    assert by_largest_remainder(1, [0, 0], ["a", "b"]) == [1, 0]


def test_reasons_name_what_is_wrong():
    with pytest.raises(SettlementError, match="bruno"):
        by_largest_remainder(1, [1, 1, 1], ["anna", "bruno", "bruno"])
    with pytest.raises(SettlementError, match=r"bruno.*-3"):
        by_largest_remainder(1, [1, -3], ["anna", "bruno"])
    with pytest.raises(ValueError, match="shorter"):
        by_largest_remainder(1, [1], ["anna", "bruno"])
    with pytest.raises(NotAnAmount, match="nan"):
        six_places(float("nan"))
    with pytest.raises(NotAnAmount, match="molto"):
        six_places("molto")
    with pytest.raises(PowerNotPositive, match="-2"):
        gse_fee(-2.0)
    for power in (0.0, float("inf")):
        with pytest.raises(PowerNotPositive):
            gse_fee(power)
    assert gse_fee(0.5) == 0.0


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: Rule(producers_key="X"), ("Criterio tra i produttori", "X")),
        (lambda: Rule(consumers_key="X"), ("Criterio tra i consumatori", "X")),
        (lambda: Rule(excess="X"), ("Premio oltre la soglia", "X")),
        (lambda: Rule(percentages={"X": Decimal(100)}), ("Parte", "X")),
        (lambda: Rule(percentages={Pot.CONSUMERS: Decimal("50.005")}), ("CONSUMERS", "50.005")),
        (lambda: Rule(percentages={Pot.CONSUMERS: Decimal(101)}), ("CONSUMERS", "101")),
        (lambda: Member(key=1, role="X", legal_form=LegalForm.PRIVATE), ("Ruolo", "X")),
        (lambda: Member(key=1, role=Role.CONSUMER, legal_form="X"), ("Forma giuridica", "X")),
        (lambda: point(legal_form="X"), ("Forma giuridica", "X")),
        (lambda: point(voltage="X"), ("Tensione", "X")),
        (lambda: macro_zone("Narnia"), ("Regione", "Narnia")),
    ],
)
def test_a_wrong_word_is_refused_with_its_field(make, names):
    with pytest.raises(SettlementError) as refused:
        make()

    assert all(name in str(refused.value) for name in names)
    assert not str(refused.value).startswith("XX")


def test_a_pot_may_have_nothing_and_all():
    assert Rule(percentages={Pot.CONSUMERS: Decimal(100), Pot.PRODUCERS: Decimal(0)}).percentages[Pot.PRODUCERS] == 0


def test_what_is_better_held_back_says_both_sums():
    assert hold_back(advance=0.5, expected=0.25) == (0.5, 0.25, 0.5)
    assert hold_back(advance=0.0, expected=0.0) == (0.0, 0.0, 0.0)


def test_the_hash_of_inputs_is_the_same_tomorrow_and_moves_with_each_of_them():
    """A stored hash is compared with one of a later version: it may change with the number of the engine only."""
    policies = Policies()
    known = np.array([[True, False, True]])
    building = {"kind": small_case().kind}
    made = [
        small_case(),
        small_case(published=Published(trase=11.0, versions=("TRASE 2025-01-01 v1",))),
        small_case(published=Published(trase=10.0, btau=0.6, versions=("TRASE 2025-01-01 v1",))),
        small_case(published=Published(trase=10.0, btau=0.7, versions=("TRASE 2025-01-01 v1",))),
        small_case(published=Published(trase=10.0, versions=("TRASE 2025-01-01 v2",))),
        small_case(injected_known=known),
        small_case(withdrawn_known=np.vstack([known, known])),
        small_case(start=datetime(2025, 7, 2, tzinfo=UTC)),
    ]

    hashes = [inputs_hash(one, policies) for one in made]

    assert len(set(hashes)) == len(made)
    assert hashes[0] == inputs_hash(small_case(**building), policies)
    assert hashes[0] == "2fbd7103e167ef43d4f82a11299961c2eaf95c3466183e9b57b3a3312a2c9e02"


def test_hours_need_all_their_quarters():
    quarters = np.array([[1, 1, 1, 1, 1, UNKNOWN, 1, 1]], dtype=np.int64)

    hours = hours_from_quarters(quarters)

    assert hours.known.tolist() == [[True, False]]
    assert hours.energy[0, 0] == 4
    assert coverage(np.array([[True, False]])).tolist() == [0.5]


# GSE operating rules, par. 2.2.2: "plus energy drawn by the storage times its mean round-trip efficiency, less the part
# exempt from network tariffs"
def test_a_storage_counts_by_its_efficiency_and_less_what_is_exempt():
    counted = withdrawn_for_sharing(
        withdrawn=np.array([10.0, 10.0, 10.0]),
        by_storage=np.array([4.0, 4.0, 0.0]),
        exempt=np.array([4.0, 0.0, 1.0]),
        efficiency=0.9,
    )

    assert counted.tolist() == pytest.approx([9.6, 13.6, 9.0])


@pytest.mark.parametrize("efficiency", [0.0, 90.0, 1.001, -0.5, float("nan")])
def test_an_efficiency_that_is_no_fraction_is_refused(efficiency):
    energy = np.array([1.0])

    with pytest.raises(EfficiencyNotAFraction, match=r"per esempio 0\.90"):
        withdrawn_for_sharing(withdrawn=energy, by_storage=energy, exempt=energy, efficiency=efficiency)
    check_efficiency(1.0)
