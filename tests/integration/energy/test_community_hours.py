"""An hour of a community with a missing point: a lower bound, an estimate, and which points are missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cercollettiva.core.models import MemberRole, PlantType
from cercollettiva.domain.calendar import Span
from cercollettiva.energy.models import EnergyAggregate, Period, SubjectKind
from cercollettiva.energy.models.intervals import IntervalQuality
from cercollettiva.energy.queries.community_hours import TooManyHours, community_hours
from tests.integration.core.scene import LONG_AGO, join, make_community, make_plant, make_user
from tests.integration.energy.meters import compute, make_meter, registers
from tests.integration.energy.totals import KWH, a_total, write_totals

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 6, 10, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def community():
    return make_community("A")


@pytest.fixture
def home(community):
    return make_plant(
        1, cer_configuration=community, plant_type=PlantType.CONSUMER, owner=make_user("home"), active_from=LONG_AGO
    )


@pytest.fixture
def roof(community):
    return make_plant(2, cer_configuration=community, plant_type=PlantType.PRODUCER, owner=make_user("roof"))


def measured(plant, at: datetime, drawn: int | None = None, injected: int | None = None, coverage: float = 1.0) -> None:
    quality = IntervalQuality.GOOD if coverage == 1.0 else IntervalQuality.PARTIAL
    energies = {"energy_in": drawn, "energy_out": injected}
    write_totals(a_total(plant, Span.HOUR, at, coverage=coverage, quality=quality, **energies))


def noon(community, **options):
    [hour] = community_hours(community, NOON, NOON + HOUR, **options)
    return hour


def test_an_hour_in_which_all_was_measured_needs_no_estimate(community, home, roof):
    measured(home, NOON, drawn=2 * KWH)
    measured(roof, NOON, injected=5 * KWH, drawn=100)

    hour = noon(community)

    assert hour == (NOON, 2 * KWH + 100, 5 * KWH, 2 * KWH + 100, 5 * KWH, 2, 0, ())
    assert hour.is_complete


def test_with_a_missing_point_there_is_a_lower_bound_an_estimate_and_its_name(community, home, roof):
    admin = make_user("admin")
    join(admin, community, MemberRole.ADMIN)
    measured(roof, NOON, injected=5 * KWH)
    for days, drawn in ((1, 3 * KWH), (2, 1 * KWH)):
        measured(home, NOON - timedelta(days=days), drawn=drawn)
    measured(home, NOON - 2 * HOUR, drawn=9 * KWH)  # another hour of the day

    hour = noon(community, viewer=admin)

    assert (hour.drawn_mwh, hour.injected_mwh) == (None, 5 * KWH)
    assert (hour.drawn_estimate_mwh, hour.injected_estimate_mwh) == (2 * KWH, 5 * KWH)
    assert (hour.points, hour.missing, hour.missing_pods) == (2, 1, (home.pod_code,))
    assert not hour.is_complete


def test_of_an_hour_in_part_the_known_stands_and_the_point_is_named(community, home):
    measured(home, NOON, drawn=1 * KWH, coverage=0.5)
    measured(home, NOON - timedelta(days=1), drawn=4 * KWH)

    hour = noon(community, viewer=home.owner)

    assert (hour.drawn_mwh, hour.drawn_estimate_mwh, hour.missing_pods) == (1 * KWH, 3 * KWH, (home.pod_code,))


def test_of_a_point_that_never_spoke_nothing_is_invented(community, home, roof):
    measured(home, NOON, drawn=1 * KWH)

    hour = noon(community)

    assert (hour.drawn_estimate_mwh, hour.injected_mwh, hour.injected_estimate_mwh) == (1 * KWH, None, None)


def test_a_point_is_named_only_to_whoever_may_see_it(community, home, roof):
    member = make_user("member")
    join(member, community)

    seen = [noon(community, viewer=viewer).missing_pods for viewer in (None, member, home.owner)]

    assert seen == [(), (), (home.pod_code,)]
    assert noon(community, viewer=member).missing == 2


def test_a_prosumer_needs_both_and_one_that_was_not_there_is_not_missed(community, home):
    make_plant(3, cer_configuration=community, active_from=NOON + HOUR)
    make_plant(4, cer_configuration=community, active_from=LONG_AGO, active_to=NOON)
    both = make_plant(5, cer_configuration=community, active_from=LONG_AGO)
    make_plant(6, cer_configuration=make_community("B"))
    measured(home, NOON, drawn=1)
    measured(both, NOON, drawn=1)

    assert (noon(community).points, noon(community).missing) == (2, 1)


def test_the_hour_that_comes_twice_is_two_hours(community, home):
    twice = datetime(2026, 10, 25, 0, tzinfo=UTC)
    measured(home, twice - timedelta(days=1), drawn=7)
    measured(home, twice, drawn=10)
    measured(home, twice + HOUR, drawn=30)

    hours = community_hours(community, twice, twice + 2 * HOUR)

    assert [hour.drawn_mwh for hour in hours] == [10, 30]


def test_the_lower_bound_is_what_the_total_of_the_community_says(community, home, roof):
    meter = make_meter(7, plant=home)
    compute(registers(meter, [(1000, 0)] * 59, start=NOON))
    stored = EnergyAggregate.objects.get(subject_kind=SubjectKind.COMMUNITY, period=Period.HOUR, start=NOON)

    assert noon(community).drawn_mwh == stored.energy_in == 59_000


def test_it_asks_three_times_whatever_the_number_of_points_and_hours(community, home, roof):
    with CaptureQueriesContext(connection) as asked:
        hours = community_hours(community, NOON, NOON + 48 * HOUR, viewer=make_user("staff", is_staff=True))

    reads = [query["sql"] for query in asked.captured_queries if "INSERT" not in query["sql"]]
    assert len(hours) == 48
    assert len([sql for sql in reads if "core_plant" in sql or "energyaggregate" in sql]) == 3
    with pytest.raises(TooManyHours):
        community_hours(community, NOON, NOON + timedelta(days=33))


def test_a_community_without_points_has_empty_hours(community):
    assert noon(community) == (NOON, None, None, None, None, 0, 0, ())
