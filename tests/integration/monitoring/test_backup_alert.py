"""A backup that failed or is overdue is the platform's alert, for its staff alone; the next good one ends it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cercollettiva.monitoring.backups import look_at_backups, note_backup
from cercollettiva.monitoring.models import Alert, BackupRun
from cercollettiva.monitoring.rounds import round_of
from cercollettiva.monitoring.telling import tell
from cercollettiva.users.models import CustomUser
from tests.integration.core.scene import NOW, make_populated_community, make_user
from tests.support.mailbox import delivered

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def states() -> list[str]:
    return list(Alert.objects.order_by("pk").values_list("state", flat=True))


def test_a_backup_that_failed_is_told_to_staff_once_and_the_next_good_one_ends_it():
    staff, place = make_user("staff", is_staff=True), make_populated_community("A")
    note_backup(started_at=NOW, ended_at=NOW, file_name="a")
    assert look_at_backups(NOW) is False
    note_backup(started_at=NOW + HOUR, ended_at=NOW + HOUR, reason="Il disco è pieno.")
    for hour in range(1, 4):
        assert look_at_backups(NOW + hour * HOUR) is True
        tell(NOW + hour * HOUR)
    alert = Alert.objects.get()

    assert "riuscita è di: 01/06/2026 14:00. Motivo dell’ultimo tentativo: Il disco è pieno." in alert.text
    for person in (place.admin, place.technician):
        assert not Alert.objects.visible_to(person).exists()
        assert round_of(person, now=NOW + 4 * HOUR).wide == []

    note_backup(started_at=NOW + 5 * HOUR, ended_at=NOW + 5 * HOUR, file_name="b")
    look_at_backups(NOW + 5 * HOUR)
    tell(NOW + 5 * HOUR)

    assert states() == ["RESOLVED"]
    assert [message.to for message in delivered()] == [[staff.email]] * 2
    assert delivered()[1].subject == "Tutto a posto: Copia di sicurezza mancante"


def test_one_that_is_overdue_is_told_a_night_and_a_bit_after_the_last():
    note_backup(started_at=NOW, ended_at=NOW, file_name="a")

    assert look_at_backups(NOW + 25 * HOUR) is False
    assert look_at_backups(NOW + 27 * HOUR) is True


def test_nobody_is_told_where_none_is_asked_for_nor_before_the_first_night(settings):
    make_user("anna")
    CustomUser.objects.update(date_joined=NOW)
    settings.BACKUP_DIR = ""
    assert look_at_backups(NOW + 1000 * HOUR) is False

    settings.BACKUP_DIR = "/somewhere"
    assert look_at_backups(NOW + 25 * HOUR) is False
    assert look_at_backups(NOW + 27 * HOUR) is True

    note_backup(started_at=NOW + 28 * HOUR, ended_at=NOW + 28 * HOUR, file_name="a")
    assert look_at_backups(NOW + 29 * HOUR) is False
    assert states() == ["RESOLVED"]
    assert BackupRun.objects.count() == 1
