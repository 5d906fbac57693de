"""Who is told of an alert, when and in which language, and that two workers tell it once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time, timedelta

import pytest
from django.core import mail
from django.db import connection

from cercollettiva.core.models import MemberRole
from cercollettiva.monitoring import life
from cercollettiva.monitoring.models import Alert, AlertMessage, AlertPreferences, AlertState
from cercollettiva.monitoring.operations import PLATFORM, close, open_alert
from cercollettiva.monitoring.telling import tell
from tests.integration.core.scene import NOW, join, make_populated_community, make_user
from tests.support.mailbox import delivered

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)
DETAILS = {"device": "shellypro3em-000041", "since": "01/06/2026 14:00", "period": "1 min"}


@pytest.fixture
def place():
    return make_populated_community("A")


def to() -> list[str]:
    return sorted(address for message in delivered() for address in message.to)


def forget() -> None:
    delivered()
    mail.outbox.clear()


def silent(place, *, at: datetime = NOW) -> Alert:
    alert = open_alert(place.device, "silent", at=at, details=DETAILS)
    assert alert is not None
    return alert


def test_the_technician_is_told_once_with_cause_and_steps_and_once_more_when_it_is_over(place):
    alert = silent(place)
    for minute in range(3):
        tell(NOW + timedelta(minutes=minute))
    close(alert, at=LATER)
    for minute in range(3):
        tell(LATER + timedelta(minutes=minute))

    assert to() == ["technician-a@example.it"] * 2
    first, last = delivered()
    assert first.subject == f"Misuratore muto, {place.device}, {place.plant.name}"
    assert "non manda energia dal 01/06/2026 14:00: di solito la manda ogni 1 min" in first.body
    assert "Causa probabile: Manca la corrente al misuratore" in first.body
    assert f"Misuratore muto: {place.device}, {place.plant.name}\n" in first.body
    assert f"/avvisi/{alert.pk}/" in first.body
    assert last.subject == f"Tutto a posto: Misuratore muto, {place.device}, {place.plant.name}"


def test_without_a_technician_it_is_the_administrator_then_the_owner_and_the_platforms_for_its_staff(place):
    staff = make_user("staff", is_staff=True)
    place.technician.memberships.update(active_to=NOW - timedelta(days=1))
    silent(place)
    tell(NOW)
    assert to() == [place.admin.email]

    forget()
    place.admin.memberships.update(active_to=NOW - timedelta(days=1))
    open_alert(place.plant, "site-down", at=NOW)
    tell(NOW)
    assert to() == [place.member.email]

    forget()
    open_alert(PLATFORM, "broker-down", at=NOW)
    tell(NOW)
    assert to() == [staff.email]


def test_an_owner_who_asks_is_told_too_and_nobody_of_another_community(place):
    other = make_populated_community("B")
    AlertPreferences.objects.create(user=place.member, choices={"silent": "NOW"})
    AlertPreferences.objects.create(user=other.member, choices={"silent": "NOW"})
    silent(place)

    tell(NOW)

    assert to() == [place.member.email, place.technician.email]


def test_what_nobody_takes_for_a_day_goes_to_the_administrators_once(place):
    alert = silent(place)
    tell(NOW)
    forget()

    for hours in (12, 23, 25, 26, 60):
        tell(NOW + timedelta(hours=hours))

    assert to() == [place.admin.email]
    assert "tocca a chi amministra" in delivered()[0].body
    alert.refresh_from_db()
    assert alert.state == AlertState.ESCALATED


def test_what_somebody_took_is_not_escalated_and_what_was_put_off_comes_back(place):
    taken = silent(place)
    life.acknowledge(taken, by=place.technician, at=NOW)
    put_off = open_alert(place.plant, "site-down", at=NOW)
    assert put_off is not None
    tell(NOW)
    forget()
    life.snooze(put_off, until=NOW + timedelta(days=2), by=place.technician, at=NOW)

    tell(NOW + timedelta(hours=30))
    assert delivered() == []
    tell(NOW + timedelta(days=2))

    assert to() == [place.technician.email]
    assert set(Alert.objects.values_list("kind", "state")) == {("silent", "ACKNOWLEDGED"), ("site-down", "OPEN")}


def test_quiet_hours_a_digest_and_never_are_kept_in_italian_time_and_in_the_persons_language(place):
    choices = {"frozen": "DIGEST", "phase-dead": "DIGEST", "too-often": "NEVER"}
    AlertPreferences.objects.create(
        user=place.technician, language="en", quiet_from=time(22), quiet_to=time(7), digest_at=time(8), choices=choices
    )
    night = datetime(2026, 6, 1, 21, 30, tzinfo=UTC)  # 23:30 in Italy
    silent(place, at=night)
    for kind in choices:
        open_alert(place.device, kind, at=night)
    left = {}
    for hour in range(24):
        forget()
        tell(night + timedelta(hours=hour))
        left[(night + timedelta(hours=hour)).hour] = len(delivered())
        if hour == 8:  # 7:30 in Italy
            assert mail.outbox[0].subject.startswith("Silent meter")
            assert "Probable cause" in mail.outbox[0].body
        if hour == 9:
            assert mail.outbox[0].subject == "2 alerts from CerCollettiva"

    assert {hour for hour, count in left.items() if count} == {5, 6}
    assert sum(left.values()) == 2


def test_what_ends_before_anybody_was_told_is_told_to_nobody(place):
    close(silent(place), at=LATER)

    tell(LATER)

    assert delivered() == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_tell_each_person_once():
    place = make_populated_community("A")
    for number in range(5):
        join(make_user(f"technician-{number}"), place.cer, MemberRole.TECHNICAL)
    silent(place)
    together = threading.Barrier(2)

    def work() -> None:
        together.wait()
        try:
            tell(NOW)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    tell(LATER)

    assert len(to()) == len(set(to())) == 6
    assert AlertMessage.objects.filter(sent_at__isnull=True).count() == 0
