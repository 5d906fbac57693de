"""The administration: what staff reads and changes, what stays closed, what is written down, files in and out."""

from __future__ import annotations

import io
import re
from pathlib import Path

import openpyxl
import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import cercollettiva.urls  # noqa: F401  # the pages register themselves when the addresses are read
from cercollettiva.core.models import CERConfiguration, MemberRegistry, Organisation, Plant
from cercollettiva.core.models.members import EntryKind
from cercollettiva.energy.models import MQTTBroker
from cercollettiva.users.administration.pages import RegistryPage
from cercollettiva.users.audit import Action
from cercollettiva.users.models import AuditLine, CustomUser
from tests.integration.core.scene import LONG_AGO, join, make_community, make_plant, make_user
from tests.integration.users.signing import FISCAL_CODE

pytestmark = pytest.mark.django_db

CANARY = "CANARY-CLOSED"
CSV, XLSX = "0", "1"


def client_of(user: CustomUser) -> Client:
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


@pytest.fixture
def staff() -> CustomUser:
    return make_user("staff", is_staff=True)


@pytest.fixture
def reader() -> CustomUser:
    """Staff that may read what is encrypted."""
    reader = make_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="read_personal_data"))
    return reader


@pytest.fixture
def anna() -> CustomUser:
    """Somebody with a canary in each encrypted column, in her plant and in the register."""
    closed = dict.fromkeys(("legal_name", "sdi_code", "vat_number", "pec", "iban", "phone", "address"), CANARY)
    anna = make_user("anna", last_name="Rossi", fiscal_code=FISCAL_CODE, **closed)
    community = make_community("A")
    membership = join(anna, community)
    make_plant(1, owner=anna, cer_configuration=community, address=CANARY)
    Organisation.objects.update(iban=CANARY)
    MemberRegistry.objects.create(
        organisation=community.organisation,
        number=1,
        kind=EntryKind.values[0],
        member_number=1,
        user=anna,
        membership=membership,
        on=LONG_AGO.date(),
        person=CANARY,
        notes=CANARY,
    )
    MQTTBroker.objects.create(name="broker", host="localhost", password=CANARY)
    return anna


def page_of(row, view: str = "change") -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{view}", args=[row.pk])


def list_of(model, view: str = "changelist") -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}")


def readings() -> list[AuditLine]:
    return list(AuditLine.objects.filter(action=Action.DATA_READ).order_by("seq"))


def test_staff_without_the_permission_sees_no_encrypted_value_anywhere(staff, anna):
    client = client_of(staff)

    for model, page in admin.site._registry.items():
        addresses = [list_of(model)]
        row = model._base_manager.first()
        if row is not None:
            addresses += [page_of(row), page_of(row, "history")]
        if isinstance(page, RegistryPage) and page.addable:
            addresses.append(list_of(model, "add"))
        for address in addresses:
            body = client.get(address).content.decode()
            assert CANARY not in body, address
            assert FISCAL_CODE not in body, address
        if hasattr(page, "export_action"):
            exported = client.post(list_of(model, "export"), {"format": CSV, "resource": "0"}).content.decode()
            assert CANARY not in exported, model
    assert readings() == []
    assert "presenti: ragione sociale, codice SDI, codice fiscale" in client.get(page_of(anna)).content.decode()


def test_who_may_read_finds_the_values_and_the_reading_is_written_down(reader, anna):
    client = client_of(reader)

    page = client.get(page_of(anna)).content.decode()

    assert FISCAL_CODE in page
    assert CANARY in page
    line = readings()[-1]
    assert (line.actor_id, line.subject_type, line.subject_id) == (reader.pk, "users.customuser", anna.pk)
    assert line.details["purpose"] == "administration"
    assert {"fiscal_code", "iban", "phone"} <= set(line.details["fields"])

    client.get(page_of(Plant.objects.get()))
    client.get(page_of(Organisation.objects.get()))
    client.get(page_of(MemberRegistry.objects.get()))
    told = [(line.subject_type, line.subject_id, line.details["fields"]) for line in readings()[1:]]
    assert told == [
        ("users.customuser", anna.pk, ["address"]),
        ("core.organisation", Organisation.objects.get().pk, ["iban"]),
        ("users.customuser", anna.pk, ["notes", "person"]),
    ]


def test_lists_decrypt_nobody_whoever_looks(reader, anna):
    client = client_of(reader)

    bodies = [client.get(list_of(model)).content.decode() for model in admin.site._registry]

    assert not any(CANARY in body for body in bodies)
    assert readings() == []


def test_the_password_of_the_broker_is_written_and_never_read(anna):
    chief = make_user("chief", is_staff=True, is_superuser=True)
    client, broker = client_of(chief), MQTTBroker.objects.get()
    given = {"name": "broker", "host": "other", "port": "1883", "username": "", "ca_certificate": ""}

    assert CANARY not in client.get(page_of(broker)).content.decode()
    client.post(page_of(broker), {**given, "password": ""})
    broker.refresh_from_db()
    assert (broker.host, broker.password) == ("other", CANARY)
    client.post(page_of(broker), {**given, "password": "a new one"})
    broker.refresh_from_db()
    assert broker.password == "a new one"


def test_a_registry_is_changed_and_the_log_says_which_fields(staff):
    community = make_community("A")
    client = client_of(staff)
    form = client.get(page_of(community)).context["adminform"].form

    given = {name: form.initial.get(name) or "" for name in form.fields} | {"name": "Pieve Alta", "is_active": "on"}
    answer = client.post(page_of(community), given)

    assert answer.status_code == 302
    community.refresh_from_db()
    assert community.name == "Pieve Alta"
    line = AuditLine.objects.filter(action=Action.REGISTRY_CHANGED).get()
    assert (line.actor_id, line.subject_id, line.details) == (staff.pk, community.pk, {"fields": ["name"]})
    assert "riga modificata nell’amministrazione: name" in client.get(page_of(community, "history")).content.decode()


def test_what_the_database_refuses_is_said_in_words(staff):
    plant = make_plant(1)
    client = client_of(staff)
    given = {
        "name": "Doppio", "pod_code": plant.pod_code, "plant_type": "PROSUMER", "connection_voltage": "BT",
        "active_from_0": "2026-01-01", "active_from_1": "00:00", "is_active": "on",
    }  # fmt: skip

    answer = client.post(list_of(Plant, "add"), given, follow=True)

    assert Plant.objects.count() == 1
    assert "Due periodi si sovrappongono" in answer.content.decode()


def test_history_is_read_and_nothing_else(staff, anna):
    client = client_of(staff)

    for model, page in admin.site._registry.items():
        if page.kind != "history":
            continue
        row = model._base_manager.first()
        assert client.get(list_of(model, "add")).status_code == 403
        assert client.post(list_of(model, "add"), {}).status_code == 403
        if row is not None:
            assert client.post(page_of(row), {"action": "x"}).status_code == 403
            assert client.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403
    lines = AuditLine.objects.count()
    assert client.post(list_of(AuditLine), {"action": "delete_selected", "_selected_action": "1"}).status_code in (
        200,
        302,
    )
    assert AuditLine.objects.count() == lines


def test_a_role_or_an_address_is_not_changed_behind_the_pages_that_tell_it(staff, anna):
    given = {"email": "other@example.it", "is_superuser": "on", "is_staff": "on", "first_name": "Anna",
             "last_name": "Verdi", "legal_type": "PRIVATE", "profit_type": "", "user_permissions": "1"}  # fmt: skip

    client_of(staff).post(page_of(anna), given)

    anna.refresh_from_db()
    assert (anna.last_name, anna.email) == ("Verdi", "anna@example.it")
    assert not anna.is_staff
    assert not anna.is_superuser
    assert not anna.user_permissions.exists()
    assert anna.iban == CANARY  # the columns that were not shown stay


def test_who_has_all_permissions_is_out_of_reach_of_who_has_not(staff):
    chief = make_user("chief", is_staff=True, is_superuser=True)

    assert client_of(staff).post(page_of(chief), {"first_name": "x"}).status_code == 403


def test_these_pages_have_a_content_policy_of_their_own_and_the_others_keep_theirs(staff):
    client = client_of(staff)

    inside = client.get("/ceradmin/")["Content-Security-Policy"]
    outside = client.get("/dashboard/")["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval'" in inside
    assert "default-src 'none'" in inside
    assert "http" not in inside
    assert "unsafe" not in outside
    assert "unsafe" not in client.get("/ceradmin/nothing-here/")["Content-Security-Policy"]


def exported(client: Client, model, form: str) -> bytes:
    answer = client.post(list_of(model, "export"), {"format": form, "resource": "0"})
    assert "attachment" in answer["Content-Disposition"]
    return answer.content


def imported(client: Client, model, content: bytes, name: str, form: str):
    """The preview, and then the word that it is right."""
    file = SimpleUploadedFile(name, content)
    preview = client.post(list_of(model, "import"), {"import_file": file, "format": form, "resource": "0"})
    if "confirm_form" not in preview.context:
        return preview
    return client.post(list_of(model, "process_import"), preview.context["confirm_form"].initial, follow=True)


FORMULAS = ["=1+1", "+39 02 1234", "-2+3", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize(("form", "name"), [(CSV, "x.csv"), (XLSX, "x.xlsx")])
def test_a_file_runs_no_formula_and_comes_back_as_it_was(staff, form, name):
    for text in FORMULAS:
        Organisation.objects.create(name=f"{text.strip()} srl" if text == "\t=1" else text, city=text.strip()[:100])
    before = list(Organisation.objects.order_by("pk").values())
    client = client_of(staff)

    content = exported(client, Organisation, form)

    if form == CSV:
        cells = [cell for line in content.decode("utf-8-sig").splitlines() for cell in line.split(";")]
    else:
        rows = openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows()
        found = [cell for row in rows for cell in row]
        assert not any(cell.data_type == "f" for cell in found)
        cells = [str(cell.value or "") for cell in found]
    assert not any(re.match(r"[=+@\t]|-[^0-9]|-[0-9]+[^0-9,.]", cell.strip('"')) for cell in cells)

    answer = imported(client, Organisation, content, name, form)

    assert list(Organisation.objects.order_by("pk").values()) == before
    assert answer.status_code == 200


def test_plants_come_in_from_a_file_with_commas_and_names_of_other_tables(staff, anna):
    text = (
        "id;name;pod_code;plant_type;owner;cer_configuration;nominal_power;active_from\r\n"
        f";Mulino;IT001E00000077;PRODUCER;{anna.email};CER-A;12,5;2026-10-25T02:30:00+01:00\r\n"
    )

    imported(client_of(staff), Plant, text.encode(), "impianti.csv", CSV)

    plant = Plant.objects.get(pod_code="IT001E00000077")
    assert (plant.owner, plant.cer_configuration.code, plant.nominal_power) == (anna, "CER-A", 12.5)
    assert plant.active_from.isoformat() == "2026-10-25T01:30:00+00:00"
    line = AuditLine.objects.filter(action=Action.REGISTRY_IMPORTED).get()
    assert line.details == {"model": "core.plant", "new": 1}
    assert AuditLine.objects.filter(action=Action.REGISTRY_CREATED, subject_id=plant.pk).exists()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (";Mulino;IT001X;PRODUCER;;;12,5", "ne servono 14 o 15"),
        (";Mulino;IT001E00000077;PRODUCER;;;1.234,5", "due modi"),
        (";Mulino;IT001E00000077;PRODUCER;;;dodici", "non è un numero"),
        (";Mulino;IT001E00000077;WINDMILL;;;12,5", "WINDMILL"),
        (";Mulino;IT001E00000077;PRODUCER;nobody@example.it;;12,5", "nobody"),
    ],
)
def test_one_bad_row_and_nothing_is_written(staff, row, reason):
    header = "id;name;pod_code;plant_type;owner;cer_configuration;nominal_power\r\n"
    good = ";Scuola;IT001E00000078;PRODUCER;;;3\r\n"

    answer = imported(client_of(staff), Plant, f"{header}{good}{row}\r\n".encode(), "impianti.csv", CSV)

    assert not Plant.objects.exists()
    assert "confirm_form" not in answer.context
    if reason != "nobody":
        assert reason in answer.content.decode()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"PK\x03\x04 not a workbook", b""])
@pytest.mark.parametrize(("form", "name"), [(CSV, "x.csv"), (XLSX, "x.xlsx")])
def test_what_is_no_table_is_refused_without_a_failure(staff, content, form, name):
    answer = imported(client_of(staff), Organisation, content, name, form)

    assert answer.status_code == 200
    assert not Organisation.objects.exists()


def test_the_file_that_waits_for_a_word_is_encrypted_and_nobodys_path(staff):
    from django.core.cache import cache

    text = b"id;name\r\n;Associazione Segreta\r\n"
    file = SimpleUploadedFile("x.csv", text)
    client = client_of(staff)
    preview = client.post(list_of(Organisation, "import"), {"import_file": file, "format": CSV, "resource": "0"})
    waiting = preview.context["confirm_form"].initial

    kept = cache.get(f"administration-import-{waiting['import_file_name']}")
    assert kept
    assert "Segreta" not in kept
    stolen = client.post(
        list_of(Organisation, "process_import"), {**waiting, "import_file_name": "../../etc/passwd"}, follow=True
    )
    assert stolen.status_code == 200
    assert "non c’è più" in stolen.content.decode()
    assert not Organisation.objects.exists()


def test_an_export_of_codes_is_a_reading_of_each(reader, anna):
    content = exported(client_of(reader), CustomUser, CSV).decode("utf-8-sig")

    assert FISCAL_CODE in content
    assert [line.subject_id for line in readings()] == [anna.pk]
    assert AuditLine.objects.filter(action=Action.REGISTRY_EXPORTED, details__rows=2).exists()
    assert "password" not in content.splitlines()[0]


@pytest.mark.parametrize("model", [CustomUser, Plant, CERConfiguration])
def test_a_list_asks_the_same_few_times_however_long_it_is(staff, model):
    client = client_of(staff)
    community = make_community("A")

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(list_of(model)).status_code == 200
        return len(asked)

    make_plant(1, owner=make_user("p1"), cer_configuration=community)
    few = queries()
    for number in range(2, 12):
        make_plant(number, owner=make_user(f"p{number}"), cer_configuration=community)

    assert queries() == few


def table_of_rights() -> list[tuple[str, ...]]:
    """What the code says, as the rows of docs/administration.md."""
    rows = []
    for model, page in admin.site._registry.items():
        registry = isinstance(page, RegistryPage)
        rows.append(
            (
                f"`{model._meta.label}`",
                "registry" if registry else "history",
                "staff" if registry and page.addable else "–",
                "staff" if registry else "–",
                "all permissions" if registry and page.deletable else "–",
                "yes" if hasattr(page, "import_action") else "–",
                "yes" if hasattr(page, "export_action") else "–",
            )
        )
    return sorted(rows)


def test_the_table_of_rights_says_what_the_code_does():
    text = (Path(settings.BASE_DIR) / "docs" / "administration.md").read_text()
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in text.splitlines()]

    written = sorted(row for row in rows if len(row) == 7 and row[0].startswith("`"))

    assert written == table_of_rights()


def test_time_series_and_secrets_have_no_page():
    labels = {model._meta.label for model in admin.site._registry}

    assert not labels & {
        "energy.DeviceMeasurement", "energy.EnergyMeasurement", "energy.EnergyInterval", "energy.EnergyAggregate",
        "energy.DeviceState", "mfa.Authenticator", "users.SetupToken", "account.EmailAddress", "sessions.Session",
    }  # fmt: skip
