"""A change of keys: whatever happens on the way, each value is readable, and at the end under the new key alone."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from cercollettiva.core.models import Organisation
from cercollettiva.energy.models import DeviceType, MQTTBroker
from cercollettiva.users import rotation, rotation_json
from cercollettiva.users.encryption import KeyRing, TamperedValue, UnreadableValue
from cercollettiva.users.fields import encrypted_fields_of
from cercollettiva.users.models import AuditLine, CustomUser
from tests.support.processes import wait_until

pytestmark = pytest.mark.both_databases

OLD = {"old": hashlib.sha256(b"old").digest()}
NEW = {"new": hashlib.sha256(b"new").digest()}
FIELDS = [field.name for field in encrypted_fields_of(CustomUser)]
PEOPLE = 1250  # of eight values each


def person(number: int) -> CustomUser:
    return CustomUser(email=f"person{number}@example.it", **{name: f"{name} of {number}" for name in FIELDS})


def in_plain() -> dict[str, list[str]]:
    rows = CustomUser.objects.order_by("pk").values_list("email", *FIELDS)
    return {email: values for email, *values in rows}


def stored() -> list[tuple[str, str]]:
    """Context and stored value of every encrypted value of a person."""
    names = ", ".join(FIELDS)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM users_customuser")
        return [
            (f"users.CustomUser.{name}", value)
            for row in cursor
            for name, value in zip(FIELDS, row, strict=True)
            if value
        ]


def under(key_id: str) -> int:
    return sum(value.startswith(f"{key_id}:") for _, value in stored())


def run(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("rotate_keys", "--json", *arguments, stdout=out)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


@pytest.fixture
def under_the_old_key(settings):
    settings.FIELD_ENCRYPTION_KEYS = OLD
    CustomUser.objects.bulk_create([person(number) for number in range(20)])
    settings.FIELD_ENCRYPTION_KEYS = {**NEW, **OLD}


@pytest.mark.django_db(transaction=True)
def test_ten_thousand_values_are_rotated_across_a_kill(settings, start_manage):
    settings.FIELD_ENCRYPTION_KEYS = OLD
    CustomUser.objects.bulk_create([person(number) for number in range(PEOPLE)])
    before = in_plain()
    both = {**NEW, **OLD}
    environment = {
        "FIELD_ENCRYPTION_KEYS": ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in both.items())
    }

    child = start_manage("rotate_keys", "--batch=50", env=environment)
    assert wait_until(lambda: under("new") > 0, within=60, every=0.005)
    child.kill()
    halfway = under("new")
    settings.FIELD_ENCRYPTION_KEYS = both
    readable_in_between = in_plain()
    report = run()
    settings.FIELD_ENCRYPTION_KEYS = NEW

    assert len(stored()) == 10_000
    assert 0 < halfway < 10_000
    assert readable_in_between == before
    assert (report["left"], report["refused"]) == (0, [])
    assert report["rotated"]["users.CustomUser"] == 10_000 - halfway  # what was done is not done twice
    assert in_plain() == before  # none lost
    old, new = KeyRing(OLD), KeyRing(NEW)
    for context, value in stored():
        with pytest.raises(UnreadableValue):
            old.decrypt(value, context=context)
        flipped = value[:-6] + chr(ord(value[-6]) ^ 1) + value[-5:]
        with pytest.raises(TamperedValue):
            new.decrypt(flipped, context=context)
    for number in (0, 7, PEOPLE - 1):
        assert (
            CustomUser.objects.with_fiscal_code(f"fiscal_code of {number}").get().email == f"person{number}@example.it"
        )


@pytest.mark.django_db
def test_every_model_is_rotated_and_found_again_under_the_new_key_alone(settings):
    settings.FIELD_ENCRYPTION_KEYS = OLD
    person(1).save()
    Organisation.objects.create(name="CER", iban="IT60X0542811101000000123456")
    MQTTBroker.objects.create(name="Broker", host="localhost", password="of the broker")
    settings.FIELD_ENCRYPTION_KEYS = {**NEW, **OLD}

    report = run()

    settings.FIELD_ENCRYPTION_KEYS = NEW
    line = AuditLine.objects.get(action="KEYS_ROTATED")
    assert line.details == {"rotated": report["rotated"], "left": 0}
    assert report["rotated"] == {"users.CustomUser": 8, "core.Organisation": 1, "energy.MQTTBroker": 1}
    assert Organisation.objects.get().iban == "IT60X0542811101000000123456"
    assert MQTTBroker.objects.get().password == "of the broker"
    for found in (
        CustomUser.objects.with_fiscal_code("fiscal_code of 1"),
        CustomUser.objects.with_vat_number("vat_number of 1"),
        CustomUser.objects.with_iban("iban of 1"),
    ):
        assert found.count() == 1


@pytest.mark.django_db
def test_encrypted_texts_inside_a_json_column_are_rotated_and_plain_ones_stay(settings, monkeypatch):
    path = "energy.DeviceType.payload_template"
    monkeypatch.setattr(rotation_json, "SEALED_JSON", (path, "an.absent.app"))
    seed = KeyRing(OLD).encrypt("seed", context=path)
    row = DeviceType.objects.create(code="x", payload_template={"seed": seed, "codes": [seed], "old:plain": "old:AAA="})
    settings.FIELD_ENCRYPTION_KEYS = {**NEW, **OLD}

    waiting = run("--dry-run")["waiting"]["energy.DeviceType"]
    report = run()

    row.refresh_from_db()
    kept = row.payload_template
    assert (waiting, report["rotated"], report["left"]) == (2, {"energy.DeviceType": 2}, 0)
    assert KeyRing(NEW).decrypt(kept["seed"], context=path) == KeyRing(NEW).decrypt(kept["codes"][0], context=path)
    assert kept["old:plain"] == "old:AAA="


@pytest.mark.django_db
def test_a_dry_run_counts_and_changes_nothing(under_the_old_key):
    report = run("--dry-run")

    assert (report["left"], report["waiting"]["users.CustomUser"]) == (160, 160)
    assert under("old") == 160


@pytest.mark.django_db
def test_a_second_rotation_finds_nothing_to_do(under_the_old_key):
    run()
    values = stored()

    report = run()

    assert report["rotated"] == {}
    assert stored() == values


@pytest.mark.django_db
def test_a_value_saved_while_it_is_being_rotated_is_not_overwritten(under_the_old_key):
    """The batch is read, then somebody saves one of its rows, then the batch is written."""
    [table] = [table for table in rotation.tables() if table.label == "users.CustomUser"]
    rows = next(table.old_rows(batch=100))
    user = CustomUser.objects.get(pk=rows[3][0])
    user.iban = "saved meanwhile"
    user.save(update_fields=["iban"])

    done, refused = table.rotate(rows)

    assert (done, refused) == (19 * 8, [])
    assert CustomUser.objects.get(pk=user.pk).iban == "saved meanwhile"
    assert run()["left"] == 0
    assert CustomUser.objects.with_iban("saved meanwhile").get() == user


@pytest.mark.django_db(transaction=True)
def test_beside_a_working_platform_nothing_is_lost(under_the_old_key):
    stop = threading.Event()
    written: dict[int, str] = {}
    keys = list(CustomUser.objects.values_list("pk", flat=True))

    def work() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            pk = keys[turn % len(keys)]
            CustomUser.objects.filter(pk=pk).update(iban=f"turn {turn}")
            written[pk] = f"turn {turn}"
        connections.close_all()

    writer = threading.Thread(target=work)
    writer.start()
    try:
        report = run("--batch=3")
    finally:
        stop.set()
        writer.join(timeout=30)

    assert written
    assert report["left"] == 0
    assert {user.pk: user.iban for user in CustomUser.objects.filter(pk__in=written)} == written
    assert under("old") == 0


@pytest.mark.django_db
def test_what_cannot_be_opened_is_named_without_its_value_and_the_rest_goes_on(under_the_old_key, settings, capsys):
    user = CustomUser.objects.first()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE users_customuser SET iban = phone WHERE id = %s", [user.pk])
    settings.FIELD_ENCRYPTION_KEYS = {**NEW, **OLD}
    out, err = io.StringIO(), io.StringIO()

    with pytest.raises(SystemExit) as end:
        call_command("rotate_keys", stdout=out, stderr=err)

    assert end.value.code == 1
    assert err.getvalue() == f"users.CustomUser {user.pk} iban: TamperedValue\n"
    assert "159 values rotated to new, 1 under another key" in out.getvalue()


@pytest.mark.django_db
def test_values_under_a_key_that_is_gone_are_left_and_told(under_the_old_key, settings):
    settings.FIELD_ENCRYPTION_KEYS = NEW

    with pytest.raises(SystemExit) as end:
        call_command("rotate_keys", "--json", stdout=io.StringIO())

    assert end.value.code == 1
    assert under("old") == 160


@pytest.mark.parametrize("rows", ["0", "-1", "many", "1000000"])
def test_a_batch_that_is_none_is_refused(rows):
    with pytest.raises(CommandError, match="from 1 to 100000"):
        call_command("rotate_keys", f"--batch={rows}")
