"""An alert from its opening to its end: each step once, from the states it may start from, with a line of history."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cercollettiva.monitoring import life
from cercollettiva.monitoring.kinds import UnknownKind
from cercollettiva.monitoring.models import Alert, AlertEvent, AlertState, Change, Severity
from cercollettiva.monitoring.operations import PLATFORM, close, open_alert, resolve_alert
from tests.integration.core.scene import NOW, make_community, make_device, make_plant, make_scene, make_user

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)
DETAILS = {"device": "shellypro3em-000001", "since": "01/06/2026 11:00", "period": "1 minuto"}


def changes(alert: Alert) -> list[str]:
    return list(AlertEvent.objects.filter(alert=alert).values_list("change", flat=True))


def test_a_subject_has_one_unresolved_alert_of_a_kind_whoever_says_it():
    for subject in (make_plant(1), make_community("A"), make_device(1), PLATFORM):
        opened = [open_alert(subject, "silent", at=NOW) for _ in range(3)]
        closed = [resolve_alert(subject, "silent", at=LATER) for _ in range(2)]
        again = open_alert(subject, "silent", at=LATER)

        assert opened[0] is not None
        assert opened[1:] == [None, None]
        assert closed == [True, False]
        assert again is not None
        assert changes(opened[0]) == [Change.OPENED, Change.RESOLVED]


def test_a_kind_that_is_not_in_the_list_is_refused():
    with pytest.raises(UnknownKind):
        open_alert(make_plant(1), "something", at=NOW)


def test_an_alert_takes_the_severity_of_its_kind_and_says_its_details_in_the_readers_language(settings):
    alert = open_alert(make_device(1), "silent", at=NOW, details=DETAILS)

    assert alert is not None
    assert alert.severity == Severity.CRITICAL
    assert alert.message.startswith("Il misuratore shellypro3em-000001 non manda energia dal 01/06/2026 11:00")
    assert alert.text == alert.message


def test_a_detail_is_no_part_of_the_texts_form():
    alert = open_alert(make_device(1), "silent", at=NOW, details={"device": "{since}%s{device.pk}", "since": "ieri"})

    assert alert is not None
    assert "Il misuratore {since}%s{device.pk} non manda energia dal ieri" in alert.text


def test_a_steps_line_says_who_and_until_when():
    person, alert = make_user("tecnica"), open_alert(make_device(1), "replaced", at=NOW)
    assert alert is not None

    assert life.snooze(alert, until=LATER, by=person, at=NOW, note="torno domani")
    assert life.wake(alert, at=LATER)
    assert life.escalate(alert, at=LATER)
    assert life.acknowledge(alert, by=person, at=LATER)
    assert life.resolve(alert, by=person, at=LATER, note="sostituito")

    assert [(event.change, event.by, event.note, event.until) for event in AlertEvent.objects.filter(alert=alert)] == [
        ("OPENED", None, "", None),
        ("SNOOZED", person, "torno domani", LATER),
        ("WOKEN", None, "", None),
        ("ESCALATED", None, "", None),
        ("ACKNOWLEDGED", person, "", None),
        ("RESOLVED", person, "sostituito", None),
    ]
    assert (alert.state, alert.closed_at) == (AlertState.RESOLVED, LATER)


def test_two_who_read_the_same_row_do_one_step():
    person, alert = make_user("tecnica"), open_alert(make_device(1), "replaced", at=NOW)
    assert alert is not None
    seen_by_another = Alert.objects.get()

    done = [life.acknowledge(one, by=person, at=LATER) for one in (alert, seen_by_another)]
    ended = [close(one, at=LATER) for one in (alert, seen_by_another)]

    assert done == ended == [True, False]
    assert changes(alert) == [Change.OPENED, Change.ACKNOWLEDGED, Change.RESOLVED]


def test_nothing_happens_to_what_is_resolved_and_only_what_nobody_took_is_escalated():
    person = make_user("tecnica")
    taken, over = open_alert(make_device(1), "replaced", at=NOW), open_alert(make_device(2), "replaced", at=NOW)
    assert taken is not None
    assert over is not None
    life.acknowledge(taken, by=person, at=NOW)
    close(over, at=NOW)

    assert not life.escalate(taken, at=LATER)
    assert not life.wake(taken, at=LATER)
    for step in (
        lambda: life.acknowledge(over, by=person, at=LATER),
        lambda: life.snooze(over, until=LATER, by=person, at=NOW),
        lambda: life.escalate(over, at=LATER),
        lambda: life.resolve(over, by=person, at=LATER),
    ):
        assert not step()


def test_what_data_closes_no_person_closes():
    alert = open_alert(make_device(1), "silent", at=NOW)
    assert alert is not None

    with pytest.raises(life.DataDecides):
        life.resolve(alert, by=make_user("tecnica"), at=LATER)


@pytest.mark.parametrize("after", [timedelta(0), timedelta(hours=-1), timedelta(days=91)])
def test_an_alert_is_put_off_to_a_time_ahead_and_not_for_ever(after):
    alert = open_alert(make_device(1), "silent", at=NOW)
    assert alert is not None

    with pytest.raises(life.NotNow):
        life.snooze(alert, until=NOW + after, by=make_user("tecnica"), at=NOW)


def test_what_a_greater_alert_takes_in_is_told_to_nobody():
    device = make_device(1)
    alert = open_alert(device, "silent", at=NOW)

    assert resolve_alert(device, "silent", at=LATER, change=Change.FOLDED)

    assert AlertEvent.objects.get(alert=alert, change=Change.FOLDED).told_at == LATER


def test_what_stops_the_platform_is_seen_by_those_who_look_after_a_community():
    scene = make_scene()
    open_alert(PLATFORM, "broker-down", at=NOW)

    seeing = {name for name, viewer in scene.viewers.items() if Alert.objects.visible_to(viewer, at=NOW).exists()}

    assert seeing == {"admin", "technician", "admin of B", "staff", "superuser"}
