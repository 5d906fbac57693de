"""Production below what was expected: by the neighbours' weather, or by the worst of one's own month."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cercollettiva.domain.calendar import Span, range_of, step
from cercollettiva.monitoring.models import Alert
from cercollettiva.monitoring.production import check_production, expectations
from tests.integration.core.scene import NOW, make_community, make_plant
from tests.integration.energy.totals import KWH, a_total, write_totals

MONTH = [20 * KWH] * 15 + [30 * KWH] * 14  # a median of 20, the worst is 20


def test_a_dark_day_is_everybodys_and_a_broken_inverter_is_ones_own():
    past = dict.fromkeys(range(1, 6), MONTH)
    together = dict.fromkeys(past, 7)
    dark = {1: 3 * KWH, 2: 3 * KWH, 3: 4 * KWH, 4: 3 * KWH, 5: 1 * KWH}

    low = [plant for plant, day in expectations(dark, past, together).items() if day.is_low]

    assert low == [5]


def test_without_neighbours_only_a_day_far_below_the_worst_counts():
    past = {1: MONTH, 2: MONTH, 3: MONTH[:10]}
    alone = {1: None, 2: 7, 3: None}

    days = expectations({1: 11 * KWH, 2: 9 * KWH, 3: 0}, past, alone)

    assert {plant: day.is_low for plant, day in days.items()} == {1: False, 2: True}


def test_a_plant_that_makes_little_in_its_best_days_is_left_alone():
    assert not expectations({1: 0}, {1: [KWH] * 20}, {1: None})[1].is_low


@pytest.mark.django_db
@pytest.mark.both_databases
def test_an_alert_opens_once_and_closes_when_the_plant_makes_enough_again():
    cer = make_community("A")
    plants = [make_plant(number, cer_configuration=cer) for number in range(1, 6)]
    days = [step(range_of(Span.DAY, NOW), Span.DAY, -back).start for back in range(1, 26)]
    for plant in plants:
        write_totals(*(a_total(plant, Span.DAY, day, produced=20 * KWH) for day in days[1:]))
        made = 2 * KWH if plant is plants[0] else 18 * KWH
        write_totals(a_total(plant, Span.DAY, days[0], produced=made))

    assert check_production(NOW) == (1, 0)
    assert check_production(NOW) == (0, 0)
    alert = Alert.objects.get()
    assert (alert.plant, alert.kind) == (plants[0], "production-low")
    assert "11 %" in alert.message
    assert "2,0 kWh invece di circa 18,0" in alert.message

    tomorrow = NOW + timedelta(days=1)
    assert check_production(tomorrow) == (0, 0)  # nothing is known of today yet
    write_totals(*(a_total(plant, Span.DAY, NOW, produced=19 * KWH) for plant in plants))
    assert check_production(tomorrow) == (0, 1)
