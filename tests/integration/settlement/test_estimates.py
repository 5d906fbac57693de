"""From rows to the estimate of a day: figures, parts, what is missing, and what stops it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db import connection

from cercollettiva.core.models import CERConfiguration, CERMembership, Plant
from cercollettiva.domain.calendar import Range, Span, day_range, range_of
from cercollettiva.energy import partitions
from cercollettiva.energy.models import ChannelRole, EnergyInterval, IntervalQuality, IntervalSource, Role
from cercollettiva.settlement.cases import community_case
from cercollettiva.settlement.energies import energies_of
from cercollettiva.settlement.estimates import estimate, estimate_due, estimate_months
from cercollettiva.settlement.models import MemberPart, SettlementRun, ZonalPrice
from cercollettiva.settlement.operations import write_rule
from tests.integration.core.scene import make_device
from tests.integration.energy.totals import a_total, write_totals
from tests.integration.settlement.world import DAY, NOW, forget_hour, make_world, write_hours, write_published

pytestmark = pytest.mark.django_db

SPRING = day_range(DAY)


@pytest.fixture
def world():
    return make_world()


@pytest.mark.both_databases
def test_a_day_is_estimated_to_the_cent(world):
    write_hours(world, SPRING)
    write_published(SPRING)
    write_rule(world.cer, valid_from=DAY, by=None)

    run = estimate(world.cer, SPRING, now=NOW)

    # 23 hours of 8 kWh of 10 at 80 + 10 EUR/MWh; 0.80 - 0.55 of it beyond the threshold; TRASE 10
    assert run.refusal == ""
    assert run.totals["shared"] == "184.000000"
    assert run.totals["premium"] == "16.560000"
    assert run.totals["valorisation"] == "1.840000"
    assert run.totals["excess_premium"] == "4.140000"
    assert run.estimate == {}
    assert run.completeness == {"known": 1.0, "missing": [], "existing_share": 0.0, "measured_by": {"METERS": 1.0}}
    assert "gse_queue_all" in run.versions
    parts = {part.user.first_name: part for part in run.parts.select_related("user")}
    # premium 12.42: producers 5.59, consumers 3.73; valorisation 1.84: 0.83 and 0.55
    # beyond the threshold 4.14: to Bruno and Anna, never to the firm
    assert parts["bruno"].withdrawn_shared_mwh == 138_000_000
    assert parts["anna"].injected_shared_mwh == 184_000_000
    assert parts["anna"].cents == 559 + 83
    assert parts["bruno"].cents + parts["firm"].cents == 373 + 55 + 414
    assert parts["firm"].cents == 93 + 14
    assert run.plants == {
        str(world.plants["roof"].pk): {
            "injected": "230.000000",
            "shared": "184.000000",
            "incentivised": "184.000000",
            "premium": "16.560000",
        }
    }


@pytest.mark.both_databases
def test_a_missing_hour_is_a_lower_bound_an_estimate_and_a_name(world):
    write_hours(world, SPRING)
    write_published(SPRING)
    forget_hour(world.plants["bruno"], SPRING.start + timedelta(hours=5))

    run = estimate(world.cer, SPRING, now=NOW)

    assert run.totals["shared"] == "178.000000"
    assert run.estimate["shared"] == "178.000000"  # no other day to learn from
    assert run.completeness["missing"] == [world.plants["bruno"].pod_key]
    assert run.completeness["known"] == pytest.approx(1 - 1 / (4 * 23), abs=1e-6)


def test_what_is_missing_is_estimated_from_other_days(world):
    two_days = Range(SPRING.start, SPRING.end + timedelta(days=1))
    write_hours(world, two_days)
    write_published(two_days)
    forget_hour(world.plants["bruno"], SPRING.start + timedelta(hours=5))

    run = estimate(world.cer, two_days, now=NOW)

    assert run.totals["shared"] == f"{47 * 8 - 6}.000000"
    assert run.estimate["shared"] == f"{47 * 8}.000000"


def test_hours_outside_a_stay_are_no_measured_zeros(world):
    three_days = Range(SPRING.start, SPRING.end + timedelta(days=2))
    bruno, firm = world.plants["bruno"], world.plants["firm"]
    bruno.active_from = firm.active_to = SPRING.end
    bruno.save()
    firm.save()
    write_hours(world, three_days)
    write_published(three_days)
    forget_hour(bruno, SPRING.end + timedelta(hours=5))

    run = estimate(world.cer, three_days, now=NOW)

    assert run.totals["withdrawn"] == f"{23 * 2 + 47 * 6}.000000"
    assert run.estimate["withdrawn"] == f"{23 * 2 + 48 * 6}.000000"
    assert run.completeness["known"] == pytest.approx(1 - 1 / (71 + 71 + 48 + 23), abs=1e-6)


def test_the_same_inputs_leave_the_row_alone_and_others_replace_it(world):
    write_hours(world, SPRING)
    write_published(SPRING)
    first = estimate(world.cer, SPRING, now=NOW)

    again = estimate(world.cer, SPRING, now=NOW + timedelta(hours=1))
    write_rule(world.cer, valid_from=DAY, by=None, consumers_key="EQUAL")
    other = estimate(world.cer, SPRING, now=NOW + timedelta(hours=2))

    assert (again.pk, again.computed_at) == (first.pk, NOW)
    assert other.pk != first.pk
    assert other.inputs_hash != first.inputs_hash
    assert SettlementRun.objects.count() == 1
    assert MemberPart.objects.count() == 3


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda world: Plant.objects.update(entry_into_operation=None),
            "entrata in esercizio",
        ),
        (lambda world: Plant.objects.update(nominal_power=None), "manca la potenza nominale"),
        (lambda world: Plant.objects.update(region=""), "manca la regione"),
        (lambda world: Plant.objects.update(grant_share=Decimal("0.41")), "0.41"),
        (lambda world: CERConfiguration.objects.update(market_zone="SICI"), "Manca il prezzo zonale"),
        (lambda world: CERMembership.objects.update(member_type="CONSUMER"), "PRODUCERS: ci sono"),
        (lambda world: Plant.objects.update(cer_configuration=None), "non ha punti"),
    ],
)
def test_what_stops_an_estimate_is_named_and_there_are_no_figures(world, spoil, said):
    write_hours(world, SPRING)
    write_published(SPRING)
    spoil(world)
    world.cer.refresh_from_db()

    run = estimate(world.cer, SPRING, now=NOW)

    assert said in run.refusal
    assert (run.totals, run.inputs_hash, run.parts.count()) == ({}, "", 0)


def test_without_a_parameter_the_estimate_names_it(world):
    write_hours(world, SPRING)
    ZonalPrice.objects.bulk_create(
        ZonalPrice(zone="NORD", start=SPRING.start + timedelta(hours=hour), price=1, source="GME") for hour in range(23)
    )

    assert estimate(world.cer, SPRING, now=NOW).refusal == "Manca il parametro TRASE per il 29/03/2026."


def test_yesterday_and_the_month_so_far_are_due_and_the_whole_month_on_its_first_day(world):
    month = range_of(Span.MONTH, NOW)
    write_hours(world, Range(month.start, month.end))
    write_published(month)

    on_the_30th = [(run.start, run.end) for run in estimate_due(world.cer, NOW)]
    next_day = [(run.start, run.end) for run in estimate_due(world.cer, NOW + timedelta(days=1))]
    on_the_first = [(run.start, run.end) for run in estimate_due(world.cer, NOW + timedelta(days=2))]

    today = range_of(Span.DAY, NOW)
    assert on_the_30th == [tuple(SPRING), (month.start, today.start)]
    assert next_day[1] == (month.start, today.end)
    assert on_the_first[1] == tuple(month)
    of_the_month = SettlementRun.objects.filter(start=month.start)
    assert [run.end for run in of_the_month] == [month.end]


def test_the_last_months_have_a_row_each_even_without_figures(world):
    runs = estimate_months(world.cer, NOW, months=2)

    assert [run.start for run in runs] == [range_of(Span.MONTH, NOW - timedelta(days=60)).start, *[runs[1].start]]
    assert all(run.refusal for run in runs)


@pytest.mark.both_databases
def test_who_joins_inside_an_hour_counts_from_the_quarter(world):
    start = datetime(2026, 6, 1, 10, tzinfo=UTC)
    bruno = world.plants["bruno"]
    bruno.active_from = start + timedelta(minutes=20)  # the first whole quarter is the third
    bruno.save()
    device = make_device(7, plant=bruno)
    placement = device.placements.get()
    ChannelRole.objects.create(
        placement=placement, component="em:0", role=Role.EXCHANGE, active_from=placement.active_from
    )
    partitions.ensure_months(connection, EnergyInterval, [partitions.month_of(start)])
    for quarter in range(4):
        EnergyInterval.objects.create(
            device=device,
            start=start + quarter * timedelta(minutes=15),
            energy_in=10**6 * (quarter + 1),
            energy_out=0,
            coverage=1.0,
            recorded_at=NOW,
            quality=IntervalQuality.GOOD,
            source=IntervalSource.REGISTERS,
        )
    hour = Range(start - timedelta(hours=1), start + timedelta(hours=1))

    energies = energies_of(world.cer, hour)

    row = [plant.pk for plant in energies.plants].index(bruno.pk)
    assert energies.drawn[row].tolist() == [0, 3 + 4]
    assert energies.drawn_known[row].tolist() == [True, True]
    assert energies.quarters[row] == 2


@pytest.mark.parametrize(("coverage", "is_known"), [(1.0, True), (0.9, False)])
def test_a_silent_meter_of_production_does_not_hide_what_the_meter_of_the_exchange_says(world, coverage, is_known):
    roof = world.plants["roof"]
    for number, role in ((7, Role.EXCHANGE), (8, Role.PRODUCTION)):
        device = make_device(number, plant=roof)
        placement = device.placements.get()
        ChannelRole.objects.create(placement=placement, component="em:0", role=role, active_from=placement.active_from)
    exchange = roof.device_placements.get(device__channel_roles__role=Role.EXCHANGE).device
    start = datetime(2026, 6, 1, 10, tzinfo=UTC)
    partitions.ensure_months(connection, EnergyInterval, [partitions.month_of(start)])
    for quarter in range(4):
        EnergyInterval.objects.create(
            device=exchange,
            start=start + quarter * timedelta(minutes=15),
            energy_in=0,
            energy_out=10**6,
            coverage=coverage,
            recorded_at=NOW,
            quality=IntervalQuality.GOOD,
            source=IntervalSource.REGISTERS,
        )
    write_totals(a_total(roof, Span.HOUR, start, energy_in=0, energy_out=4 * 10**6, coverage=coverage / 2))

    energies = energies_of(world.cer, Range(start, start + timedelta(hours=1)))

    row = [plant.pk for plant in energies.plants].index(roof.pk)
    assert energies.injected[row].tolist() == [4]
    assert energies.injected_known[row].tolist() == energies.drawn_known[row].tolist() == [is_known]


def test_members_count_by_the_quarters_they_were_in(world):
    write_hours(world, SPRING)
    write_published(SPRING)
    membership = CERMembership.objects.get(user=world.people["bruno"])
    membership.leave(at=SPRING.start + timedelta(hours=6))

    made = community_case(world.cer, SPRING)

    assert {key: member.quarters for key, member in made.members.items()} == {
        world.people["anna"].pk: 92,
        world.people["bruno"].pk: 24,
        world.people["firm"].pk: 92,
    }
    assert np.isfinite(made.case.price).all()


def test_a_case_is_read_with_few_queries(world, django_assert_max_num_queries):
    write_hours(world, SPRING)
    write_published(SPRING)

    with django_assert_max_num_queries(7):
        community_case(world.cer, SPRING)
