from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from cercollettiva.energy.models import (
    MQTTAuditLog,
    MQTTBroker,
    MQTTConfiguration,
    RejectedMessage,
    UnknownDevice,
)
from cercollettiva.energy.models.mqtt import AuditLogIsPermanent
from tests.integration.core.scene import NOW, make_device

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

SEEN = {"first_seen": NOW, "last_seen": NOW}


def test_one_broker_is_active():
    MQTTBroker.objects.create(name="a", host="a.example.it", is_active=True)
    MQTTBroker.objects.create(name="b", host="b.example.it")
    MQTTBroker.objects.create(name="c", host="c.example.it")

    with pytest.raises(IntegrityError), transaction.atomic():
        MQTTBroker.objects.update(is_active=True)
    with pytest.raises(IntegrityError):
        MQTTBroker.objects.create(name="d", host="d.example.it", is_active=True)


def test_the_password_of_the_broker_is_encrypted():
    MQTTBroker.objects.create(name="a", host="a.example.it", password="canary")

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM energy_mqttbroker")
        row = cursor.fetchone()

    assert "canary" not in repr(row)
    assert MQTTBroker.objects.get().password == "canary"


def test_a_port_is_a_port():
    with pytest.raises(IntegrityError, match="broker_port_is_a_port"):
        MQTTBroker.objects.create(name="a", host="a.example.it", port=65_536)


def test_a_device_has_one_credential_and_a_revoked_one_can_be_made_anew():
    device = make_device(1)
    credential = MQTTConfiguration.objects.create(device=device, username=device.device_id, verifier="$7$a")

    credential.revoke(at=NOW)
    revoked = MQTTConfiguration.objects.in_force().exists()
    credential.rotate(verifier="$7$b", at=NOW + timedelta(hours=1))

    assert (revoked, MQTTConfiguration.objects.in_force().get().verifier) == (False, "$7$b")
    with pytest.raises(IntegrityError):
        MQTTConfiguration.objects.create(device=device, username="another", verifier="$7$c")


def test_a_user_of_the_broker_fits_a_line_of_its_files():
    with pytest.raises(IntegrityError, match="mqtt_username_is_a_plain_word"):
        MQTTConfiguration.objects.create(device=make_device(1), username="a\nuser ingest-1", verifier="$7$")


def test_a_line_of_the_audit_log_is_never_changed():
    line = MQTTAuditLog.objects.create(device=make_device(1), action=MQTTAuditLog.Action.ISSUED)
    line.detail = "another story"

    for change in (line.save, line.delete, MQTTAuditLog.objects.all().delete):
        with pytest.raises(AuditLogIsPermanent):
            change()
    with pytest.raises(AuditLogIsPermanent):
        MQTTAuditLog.objects.update(detail="another story")
    assert MQTTAuditLog.objects.get().detail == ""


def test_the_database_itself_keeps_the_audit_log():
    MQTTAuditLog.objects.create(device=make_device(1), action=MQTTAuditLog.Action.ISSUED, detail="issued")

    for statement in ("UPDATE energy_mqttauditlog SET detail = 'another story'", "DELETE FROM energy_mqttauditlog"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    assert MQTTAuditLog.objects.get().detail == "issued"


def test_the_audit_log_outlives_the_device_and_the_actor():
    device = make_device(1)
    MQTTAuditLog.objects.create(device=device, action=MQTTAuditLog.Action.ISSUED, detail=device.device_id)

    device.delete()

    line = MQTTAuditLog.objects.get()
    assert (line.device, line.detail) == (None, "shellypro3em-000001")


def test_a_refusal_is_one_line_per_topic_and_reason():
    RejectedMessage.objects.create(topic="a", reason="non è JSON", first_bytes=b"\x00\xff", **SEEN)
    RejectedMessage.objects.create(topic="a", reason="troppo lungo", **SEEN)

    with pytest.raises(IntegrityError):
        RejectedMessage.objects.create(topic="a", reason="non è JSON", **SEEN)


def test_the_longest_topic_and_reason_have_room():
    row = RejectedMessage.objects.create(topic="è" * 512, reason="è" * 150, first_bytes=b"\xff" * 256, **SEEN)

    row.refresh_from_db()
    assert (len(row.topic), bytes(row.first_bytes)) == (512, b"\xff" * 256)


def test_a_stranger_is_one_line_per_prefix():
    UnknownDevice.objects.create(prefix="cer/a", last_topic="cer/a/status/em:0", **SEEN)

    with pytest.raises(IntegrityError):
        UnknownDevice.objects.create(prefix="cer/a", last_topic="cer/a/online", **SEEN)
