"""The figures that are worked by hand in `cacer.md` ("Worked figures to check by hand"), each beside its words."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from cercollettiva.domain.calendar import day_range
from cercollettiva.domain.settlement.advances import gse_fee, gse_fee_with_vat
from cercollettiva.domain.settlement.case import Policies
from cercollettiva.domain.settlement.engine import settle
from cercollettiva.domain.settlement.errors import GrantOutOfRange, NoTariffAbovePower
from cercollettiva.domain.settlement.tariff import (
    grant_reduction,
    power_class,
    premium_tariff,
    variable_tariff,
)
from cercollettiva.domain.settlement.thresholds import excess_premium
from cercollettiva.domain.settlement.words import Attribution, MacroZone, Source, Threshold
from tests.unit.domain.settlement.made import case, plant, point

NORTH, SOUTH = MacroZone.NORTH, MacroZone.SOUTH


@pytest.mark.parametrize(
    ("power_kw", "source", "zone", "price", "tariff"),
    [
        (100, Source.PV, NORTH, 150, 120),  # "100 kW PV north, Pz 150 -> 120"
        (100, Source.PV, NORTH, 100, 130),  # "Pz 100 -> 130"
        (100, Source.PV, NORTH, -10, 130),  # "Pz -10 -> 130"
        (700, Source.PV, SOUTH, 100, 100),  # "700 kW south, Pz 100 -> 100"
        (100, Source.HYDRO, NORTH, 150, 110),  # "100 kW not PV north, Pz 150 -> 110"
        (300, Source.PV, SOUTH, 0, 110),  # "300 kW south, Pz 0 -> 110"
    ],
)
def test_the_unit_tariff(power_kw, source, zone, price, tariff):
    of = plant(power_kw=power_kw, source=source, macro_zone=zone)

    assert premium_tariff(of, np.array([float(price)])).tolist() == [tariff]


def test_the_base_changes_just_above_its_power():
    # "Base at exactly 200 kW is 80, at 201 is 70, at 600 is 70, at 601 is 60"
    assert [power_class(power).base for power in (200, 200.01, 201, 600, 601, 1000)] == [80, 70, 70, 70, 60, 60]
    assert [power_class(power).cap for power in (200, 201, 600, 601, 1000)] == [120, 110, 110, 100, 100]


def test_above_a_megawatt_there_is_no_tariff():
    with pytest.raises(NoTariffAbovePower, match="1001"):  # "1,001 kW -> error when asked for a tariff"
        premium_tariff(plant(power_kw=1001), np.array([100.0]))


def test_at_180_nothing_variable_is_paid():
    # "Pz 180 -> variable part 0"
    assert variable_tariff(power_class(100), np.array([180.0, 179.0, 181.0, 500.0])).tolist() == [80, 81, 80, 80]


def test_a_grant_of_20_percent_takes_a_quarter_and_above_40_nothing_is_clamped():
    # "F at 20 % = 0.25, above 40 % -> error, no clamping"
    assert [grant_reduction(share) for share in (0, 0.1, 0.2, 0.4)] == [0, 0.125, 0.25, 0.5]
    for share in (0.400001, 20, -0.1, float("nan")):
        with pytest.raises(GrantOutOfRange):
            grant_reduction(share)


def test_two_hours_of_a_plant_in_the_south():
    # "Two hours, EACI 500 + 500 kWh, Pz 200 and 100, 100 kW south: 40 + 60 = 100.00 EUR"
    settled = settle(case({plant(): [500, 500]}, {point(): [500, 500]}, [200, 100]))

    assert settled.hourly.premium.tolist() == [[40, 60]]
    assert settled.totals.premium == 100


@pytest.mark.parametrize(
    ("policy", "solar_since", "premium"),
    [
        (Attribution.PRO_RATA, date(2023, 1, 1), 1.40),  # "pro_rata 1.40 EUR"
        (Attribution.QUEUE_ALL, date(2022, 1, 1), 1.42),  # "queue with the PV older 1.42"
        (Attribution.QUEUE_ALL, date(2024, 1, 1), 1.38),  # "with the hydro older 1.38"
        (Attribution.QUEUE_ALL, date(2021, 12, 15), 0.36),  # "with the PV older than 16/12/2021: 0.36"
        (Attribution.QUEUE_INCENTIVISED, date(2021, 12, 15), 0.58),  # "0.58 (queue_incentivised_only)"
        (Attribution.QUEUE_INCENTIVISED, date(2022, 1, 1), 1.42),
    ],
)
def test_two_plants_and_three_readings(policy, solar_since, premium):
    # "PV 100 kW north injects [4, 6]; hydro 300 kW north injects [4, 2]; one consumer takes [6, 10]; Pz [100, 200]"
    solar = plant("P1", macro_zone=NORTH, entry_into_operation=solar_since)
    hydro = plant("P2", 300, source=Source.HYDRO, macro_zone=NORTH, entry_into_operation=date(2023, 6, 1))

    settled = settle(case({solar: [4, 6], hydro: [4, 2]}, {point(): [6, 10]}, [100, 200]), Policies(attribution=policy))

    assert settled.totals.premium == pytest.approx(premium, abs=1e-12)
    assert settled.totals.shared == 14
    assert sum(each.shared for each in settled.plants) == 14


def test_the_excess_is_the_points_above_the_threshold():
    # "Ratio 0.60, threshold 0.55, premium 1000: excess 50.00 (percentage points)"
    points, proportional = (
        excess_premium(share=0.60, threshold=0.55, premium=1000, policy=policy) for policy in Threshold
    )

    assert points == pytest.approx(50, abs=1e-9)
    assert proportional == pytest.approx(1000 * 0.05 / 0.60, abs=1e-9)
    for policy in Threshold:
        assert excess_premium(share=0.55, threshold=0.55, premium=1000, policy=policy) == 0
        assert excess_premium(share=0.0, threshold=0.55, premium=0, policy=policy) == 0


def test_the_fee_of_the_gse():
    # "GSE fee: 3 kW 0; 6 kW 15; 20 kW 15; 50 kW 45; 100 kW 95; 999 kW 994 EUR a year, before VAT"
    assert [gse_fee(power) for power in (3, 3.01, 6, 20, 50, 100, 999)] == [0, 15, 15, 15, 45, 95, 994]
    assert gse_fee_with_vat(100) == pytest.approx(115.9)


def test_the_days_of_the_change_of_the_clock():
    # "30 March 2025 has 23 hours and 26 October 2025 has 25"
    assert day_range(date(2025, 3, 30)).hours == 23
    assert day_range(date(2025, 10, 26)).hours == 25


def test_the_repeated_hour_is_real_energy():
    # "the repeated hour 02:00 is real energy and is never removed as a duplicate"
    first_two = datetime(2025, 10, 26, 0, tzinfo=UTC)  # 02:00 twice, and 03:00

    settled = settle(case({plant(): [5, 7, 1]}, {point(): [9, 9, 9]}, [100, 100, 100], start=first_two))

    assert settled.totals.shared == 13
    assert (settled.end - settled.start).total_seconds() == 3 * 3600
