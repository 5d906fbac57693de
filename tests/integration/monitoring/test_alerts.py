from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from cercollettiva.monitoring.models import Alert, AlertState
from cercollettiva.monitoring.operations import close
from tests.integration.core.scene import NOW, make_community, make_device, make_plant

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_an_alert_is_about_one_thing():
    plant, community, device = make_plant(1), make_community("A"), make_device(1)

    for subjects in ({}, {"plant": plant, "community": community}, {"plant": plant, "device": device}):
        with pytest.raises(IntegrityError, match="alert_has_one_subject"), transaction.atomic():
            Alert.objects.create(kind="silent", **subjects)
    alerts = [
        Alert.objects.create(kind="silent", **{name: subject})
        for name, subject in {"plant": plant, "community": community, "device": device}.items()
    ]

    assert [alert.subject_kind for alert in alerts] == ["plant", "community", "device"]
    assert [alert.subject for alert in alerts] == [plant, community, device]


@pytest.mark.parametrize("state", [state for state in AlertState if state is not AlertState.RESOLVED])
def test_there_is_one_unresolved_alert_of_a_kind(state):
    plant = make_plant(1)
    snoozed_until = NOW if state is AlertState.SNOOZED else None
    Alert.objects.create(plant=plant, kind="silent", state=state, snoozed_until=snoozed_until)

    with pytest.raises(IntegrityError), transaction.atomic():
        Alert.objects.create(plant=plant, kind="silent")
    Alert.objects.create(plant=plant, kind="clock")
    Alert.objects.create(plant=make_plant(2), kind="silent")

    assert Alert.objects.unresolved().count() == 3


@pytest.mark.parametrize("name", ["plant", "community", "device"])
def test_after_it_is_resolved_an_alert_may_open_again(name):
    subject = {"plant": make_plant(1), "community": make_community("A"), "device": make_device(1)}[name]
    first = Alert.objects.create(kind="silent", opened_at=NOW, **{name: subject})

    with pytest.raises(IntegrityError), transaction.atomic():
        Alert.objects.create(kind="silent", **{name: subject})
    close(first, at=NOW + timedelta(hours=1))
    again = Alert.objects.create(kind="silent", **{name: subject})

    assert Alert.objects.unresolved().get() == again


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"state": "RESOLVED"}, "alert_is_closed_when_resolved"),
        ({"state": "RESOLVED", "closed_at": NOW - timedelta(days=1)}, "alert_is_closed_when_resolved"),
        ({"closed_at": NOW}, "alert_is_closed_when_resolved"),
        ({"state": "SNOOZED"}, "alert_is_snoozed_until_a_time"),
        ({"snoozed_until": NOW}, "alert_is_snoozed_until_a_time"),
        ({"state": "LOST"}, "alert_is_closed_when_resolved"),
        ({"is_platform": True}, "alert_has_one_subject"),
        ({"severity": "LOUD"}, "alert_severity_is_known"),
    ],
)
def test_the_database_refuses_an_alert_that_cannot_be(values, constraint):
    Alert.objects.create(plant=make_plant(1), kind="silent", opened_at=NOW)

    with pytest.raises(IntegrityError, match=constraint):
        Alert.objects.update(**values)
