"""What the distributor or the GSE measured takes the place of the meters in the estimates, and the source is said."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from cercollettiva.core.models import Plant, PlantMeasurement, PlantMeasurementSource
from cercollettiva.domain.calendar import day_range
from cercollettiva.domain.settlement.errors import MissingPlantData
from cercollettiva.settlement.cases import community_case
from cercollettiva.settlement.energies import energies_of
from cercollettiva.settlement.estimates import estimate
from cercollettiva.settlement.models import SettlementRun
from tests.integration.settlement.world import DAY, NOW, forget_hour, make_world, write_hours, write_published

pytestmark = pytest.mark.django_db

SPRING = day_range(DAY)  # 23 hours
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
KWH = 1_000_000


@pytest.fixture
def world():
    world = make_world()
    write_hours(world, SPRING)  # the roof injects 10, Bruno draws 6, the firm 2
    write_published(SPRING)
    return world


def measure(plant: Plant, hour: int, kwh: float, *, length=HOUR, name="drawn", source="OPERATOR", **more):
    start = SPRING.start + hour * HOUR
    given = {f"{name}_mwh": round(kwh * KWH), "source": PlantMeasurementSource[source], **more}
    return PlantMeasurement.objects.create(plant=plant, start=start, end=start + length, **given)


def drawn_by_bruno(world, hours: int = 23) -> list[float]:
    energies = energies_of(world.cer, SPRING)
    row = [plant.pk for plant in energies.plants].index(world.plants["bruno"].pk)
    return energies.drawn[row].tolist()[:hours]


@pytest.mark.both_databases
def test_an_official_hour_counts_instead_of_the_meters_and_is_named_with_its_part(world):
    before = estimate(world.cer, SPRING, now=NOW)
    measure(world.plants["bruno"], 5, 4)
    measure(world.plants["roof"], 6, 3, name="injected", source="GSE")

    run = estimate(world.cer, SPRING, now=NOW + HOUR)

    # 21 hours of 8, one of 4 + 2, one of only 3 injected
    assert run.totals["shared"] == f"{21 * 8 + 6 + 3}.000000"
    assert run.inputs_hash != before.inputs_hash
    assert [line.split(",")[0] for line in run.versions if "h, " in line] == ["OPERATOR 1 h", "GSE 1 h"]
    # the case has a roof that injects and draws, and two that draw
    of_all = 4 * 23
    assert run.completeness["measured_by"] == {
        "GSE": pytest.approx(1 / of_all, abs=1e-6),
        "OPERATOR": pytest.approx(1 / of_all, abs=1e-6),
        "METERS": pytest.approx(1 - 2 / of_all, abs=1e-6),
    }


def test_the_hash_says_who_measured_even_where_the_figure_is_the_same(world):
    by_meters = community_case(world.cer, SPRING)
    measure(world.plants["bruno"], 5, 6)

    by_the_distributor = community_case(world.cer, SPRING)

    assert by_the_distributor.case.withdrawn.tolist() == by_meters.case.withdrawn.tolist()
    assert by_the_distributor.hash != by_meters.hash
    assert by_the_distributor.measured_by(slice(5, 6)) == {"OPERATOR": 0.25, "METERS": 0.75}
    assert by_the_distributor.measured_by(slice(4, 5)) == {"METERS": 1.0}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(4, {"source": "GSE"}), (3, {"source": "OPERATOR"})], 3),  # the distributor before the GSE
        ([(4, {"source": "PORTAL"}), (3, {"source": "GSE"})], 3),
        ([(4, {}), (3, {"version": 2})], 3),  # a correction
        ([(3, {"version": 2}), (4, {})], 3),
        ([(3, {"source": "MANUAL"})], 6),  # what somebody wrote is not official
        ([(3, {"length": QUARTER})], 6),  # an hour of which a quarter is known
        ([(90, {"length": timedelta(hours=24)})], 6),  # a day does not say in which hours
        ([(3, {"name": "injected"})], 6),  # of the other energy
        ([(0, {})], 0),  # a zero is a measure
    ],
)
def test_the_best_source_and_its_newest_version_count(world, rows, expected):
    for kwh, more in rows:
        measure(world.plants["bruno"], 5, kwh, **more)

    assert drawn_by_bruno(world)[4:7] == [6, expected, 6]


def test_a_version_that_does_not_speak_of_an_energy_leaves_it_as_it_was(world):
    measure(world.plants["bruno"], 5, 4)
    measure(world.plants["bruno"], 5, 0, name="injected", version=2)

    assert drawn_by_bruno(world)[5] == 4


@pytest.mark.both_databases
def test_quarters_are_an_hour_where_all_four_are_there_also_on_the_day_with_92(world):
    start = SPRING.start
    for quarter in range(92):
        if quarter != 9:  # the third hour lacks one
            PlantMeasurement.objects.create(
                plant=world.plants["bruno"],
                start=start + quarter * QUARTER,
                end=start + (quarter + 1) * QUARTER,
                drawn_mwh=KWH,
                source=PlantMeasurementSource.OPERATOR,
            )

    assert drawn_by_bruno(world) == [4, 4, 6] + 20 * [4]


def test_official_quarters_of_who_joins_inside_an_hour_count_from_the_joining(world):
    bruno = world.plants["bruno"]
    bruno.active_from = SPRING.start + 5 * HOUR + timedelta(minutes=20)
    bruno.save()
    measure(bruno, 6, 5)
    for quarter in range(4):
        start = SPRING.start + 5 * HOUR + quarter * QUARTER
        PlantMeasurement.objects.create(
            plant=bruno, start=start, end=start + QUARTER, drawn_mwh=(quarter + 1) * KWH, source=0
        )

    assert drawn_by_bruno(world, 8) == [0, 0, 0, 0, 0, 3 + 4, 5, 6]


def test_an_hour_that_the_meters_missed_is_known_by_the_distributor(world):
    forget_hour(world.plants["bruno"], SPRING.start + 5 * HOUR)
    measure(world.plants["bruno"], 5, 6)

    run = estimate(world.cer, SPRING, now=NOW)

    assert run.completeness["missing"] == []
    assert run.totals["shared"] == "184.000000"


# GSE operating rules, par. 2.2.2: plus what the storage draws times its efficiency, less what is exempt from tariffs
def test_what_a_storage_draws_to_give_back_counts_by_its_efficiency_and_not_the_exempt_part(world):
    bruno = world.plants["bruno"]
    bruno.has_storage, bruno.storage_efficiency = True, Decimal("0.9")
    bruno.save()
    measure(bruno, 5, 6, storage_mwh=2 * KWH, exempt_mwh=2 * KWH)

    assert drawn_by_bruno(world)[4:7] == [6, pytest.approx(6 + 2 * 0.9 - 2), 6]


def test_a_storage_that_draws_and_has_no_efficiency_stops_the_estimate_by_name(world):
    measure(world.plants["bruno"], 5, 6, storage_mwh=2 * KWH)

    with pytest.raises(MissingPlantData, match="il rendimento medio dell'accumulo"):
        community_case(world.cer, SPRING)
    assert "rendimento" in estimate(world.cer, SPRING, now=NOW).refusal
    assert SettlementRun.objects.get().totals == {}


def test_more_exempt_than_there_was_is_refused_with_its_hour(world):
    measure(world.plants["bruno"], 5, 1, exempt_mwh=2 * KWH)

    run = estimate(world.cer, SPRING, now=NOW)

    assert world.plants["bruno"].pod_key in run.refusal
    assert "energia -1.0" in run.refusal
