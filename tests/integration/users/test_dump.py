"""Who takes the database away reads no encrypted field: not one canary in a dump, nor in the file of SQLite."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection

from cercollettiva.core import member_import, registry
from cercollettiva.core.models import Application, ApplicationEvent, MemberImportRow, Organisation
from cercollettiva.documents.models import Document
from cercollettiva.documents.types import DocumentType
from cercollettiva.energy.models import MQTTBroker
from cercollettiva.monitoring.models import PushSubscription, VisitReport
from cercollettiva.users.exports import DataExport
from cercollettiva.users.fields import encrypted_fields_of
from cercollettiva.users.models import CustomUser, OutgoingMail
from cercollettiva.users.tokens import IdempotentAnswer
from tests.integration.core.scene import NOW, join, make_community, make_plant
from tests.support.canaries import found
from tests.support.postgres import binary

pytestmark = pytest.mark.both_databases

PLAIN = "cànary in a column that is not encrypted"


def canary_of(field: object) -> str:
    return f"cànary of {field}"


def canaries() -> dict[str, str]:
    """`app.Model.field` of every encrypted field there is, to its canary."""
    fields = [field for model in apps.get_models() for field in encrypted_fields_of(model)]
    return {str(field): canary_of(field) for field in fields}


def of_model(model: type) -> dict[str, str]:
    return {field.name: canary_of(field) for field in encrypted_fields_of(model)}


def sow() -> None:
    """A row of every model that has encrypted fields, with a canary in each of them."""
    user = CustomUser.objects.create_user("anna@example.it", first_name=PLAIN, **of_model(CustomUser))
    community = make_community("A")
    Organisation.objects.update(**of_model(Organisation))
    entry = registry.enter(join(user, community), on=NOW, by=None)
    type(entry)._base_manager.update(**of_model(type(entry)))  # what a rotation of keys may write, and nobody else
    made = member_import.upload(community, name="soci.csv", content=b"email\na@example.it\n", by=None, at=NOW)
    made.rows.update(**of_model(MemberImportRow))
    plant = make_plant(1)
    type(plant).objects.update(**of_model(type(plant)))
    dates = {"created_at": NOW, "updated_at": NOW}
    application = Application.objects.create(community=community, email=user.email, **dates, **of_model(Application))
    ApplicationEvent.objects.create(application=application, kind="CORRECTION", at=NOW, **of_model(ApplicationEvent))
    MQTTBroker.objects.create(name="Broker", host="localhost", **of_model(MQTTBroker))
    IdempotentAnswer.objects.create(caller="user:1", key="k", call_hash="h", **of_model(IdempotentAnswer))
    OutgoingMail.objects.create(posted_at=NOW, next_try_at=NOW, **of_model(OutgoingMail))
    DataExport.objects.create(user=user, asked_at=NOW, **of_model(DataExport))
    Document.objects.create(type=DocumentType.BILL, owner=user, size=0, **of_model(Document))
    PushSubscription.objects.create(user=user, **of_model(PushSubscription))
    visit = {"plant": plant, "technician": user, "visited_at": NOW, "received_at": NOW, "data_returned": "YES"}
    VisitReport.objects.create(**visit, **of_model(VisitReport))


def database_as_bytes() -> bytes:
    if connection.vendor == "sqlite":
        files = Path(connection.settings_dict["NAME"])
        return b"".join(path.read_bytes() for path in files.parent.glob(f"{files.name}*"))
    chosen = connection.settings_dict
    done = subprocess.run(
        [
            *(binary("pg_dump"), "--format=plain", "--no-password"),
            *("--host", chosen["HOST"], "--port", str(chosen["PORT"]), "--username", chosen["USER"], chosen["NAME"]),
        ],
        env={**os.environ, "PGPASSWORD": chosen["PASSWORD"]},
        capture_output=True,
        check=True,
    )
    return done.stdout


@pytest.mark.django_db(transaction=True)
def test_a_dump_holds_no_canary_of_an_encrypted_field():
    sow()

    taken = database_as_bytes()

    assert len(canaries()) >= 12
    read = [
        value
        for model in apps.get_models()
        for name in of_model(model)
        for value in model._base_manager.values_list(name, flat=True)
    ]
    assert set(canaries().values()) <= set(read)  # every one of them is there
    assert found([PLAIN], taken) == [PLAIN]  # and this search finds what lies open
    assert found(canaries().values(), taken) == []


@pytest.mark.parametrize(
    "disguise",
    [
        PLAIN.encode(),
        PLAIN.encode("latin-1"),
        PLAIN.encode().hex().encode(),
        *(base64.b64encode(b"x" * before + PLAIN.encode() + b"and more") for before in range(4)),
        base64.urlsafe_b64encode(b"xx" + PLAIN.encode("latin-1")),
    ],
)
def test_a_canary_would_be_found_in_any_disguise(disguise):
    assert found([PLAIN], b"before " + disguise + b" after") == [PLAIN]
    assert found(["cànary of something else"], b"before " + disguise + b" after") == []
