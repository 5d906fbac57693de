"""A plant that ends: closed with its history, or deleted where it never had any."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cercollettiva.core.models import Plant
from cercollettiva.energy.closing import NotClosed, close, delete_untouched
from cercollettiva.energy.models import ChannelRole, DevicePlacement, EnergyAggregate, SubjectKind
from cercollettiva.monitoring.models import Alert
from cercollettiva.users.audit import Action
from cercollettiva.users.models import AuditLine
from tests.integration.core.scene import LONG_AGO, make_community, make_plant, make_user
from tests.integration.energy.meters import MINUTE, NOON, compute, make_meter, registers

pytestmark = pytest.mark.django_db


def test_a_plant_that_never_had_anything_is_really_deleted_and_leaves_a_line():
    owner = make_user("owner")
    plant = make_plant(1, owner=owner)

    assert delete_untouched(plant)

    assert not Plant.objects.exists()
    lines = AuditLine.objects.filter(action=Action.PLANT_CHANGED.value, subject_id=owner.pk)
    assert lines.count() == 2  # made and deleted


def test_a_plant_with_a_meter_once_or_an_alert_is_not_deleted():
    with_meter, with_alert = make_plant(1), make_plant(2)
    make_meter(1, plant=with_meter)
    Alert.objects.create(plant=with_alert, kind="silent", opened_at=NOON)

    assert not delete_untouched(with_meter)
    assert not delete_untouched(with_alert)
    assert Plant.objects.count() == 2


def test_closing_ends_the_meters_and_keeps_what_was_measured():
    plant = make_plant(1, nominal_power=6, cer_configuration=make_community("A"))
    meter = make_meter(1, plant=plant)
    compute(registers(meter, [(60_000, 0)] * 60))

    assert close(plant, at=NOON + 30 * MINUTE) == 1
    compute()

    plant.refresh_from_db()
    until = NOON + 30 * MINUTE
    assert plant.active_to == DevicePlacement.objects.get().active_to == ChannelRole.objects.get().active_to == until
    days = EnergyAggregate.objects.filter(subject_id=plant.pk, subject_kind=SubjectKind.PLANT, period=2)
    assert [day.energy_in for day in days] == [30 * 60_000]
    community = EnergyAggregate.objects.filter(subject_id=plant.cer_configuration_id, period=2)
    assert [day.energy_in for day in community.filter(subject_kind=SubjectKind.COMMUNITY)] == [30 * 60_000]


@pytest.mark.parametrize("at", [LONG_AGO, NOON - timedelta(hours=10)])
def test_closing_back_in_time_takes_the_hours_after_it_out_of_the_community(at):
    community = make_community("A")
    plant, other = (make_plant(number, nominal_power=6, cer_configuration=community) for number in (1, 2))
    meter = make_meter(1, plant=plant)
    compute([*registers(meter, [(60_000, 0)] * 60), *registers(make_meter(2, plant=other), [(30_000, 0)] * 60)])

    close(plant, at=at)
    compute()

    totals = EnergyAggregate.objects.filter(period=2).exclude(subject_kind=SubjectKind.DEVICE)
    left = {(row.subject_kind, row.subject_id): row.energy_in for row in totals}
    assert left == {
        (SubjectKind.PLANT, other.pk): 60 * 30_000,
        (SubjectKind.COMMUNITY, other.cer_configuration_id): 60 * 30_000,
    }


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (LONG_AGO - timedelta(days=1), "comincia il 01/01/2025"),
        (timezone.now() + timedelta(days=1), "nel futuro"),
    ],
)
def test_a_day_that_cannot_be_is_refused_with_what_to_write(moment, words):
    plant = make_plant(1)

    with pytest.raises(NotClosed, match=words):
        close(plant, at=moment)


def test_a_plant_does_not_end_before_its_meter_came():
    plant = make_plant(1)
    meter = make_meter(1, plant=plant)
    DevicePlacement.objects.filter(device=meter).update(active_from=NOON)

    with pytest.raises(NotClosed, match="shellypro3em-000001 è arrivato dopo"):
        close(plant, at=NOON - MINUTE)
