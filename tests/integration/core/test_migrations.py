"""From nothing to all tables and back, on a database of its own."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from pytest_django import DjangoDbBlocker

from cercollettiva.energy.models import DeviceType
from cercollettiva.users.encryption import ring
from cercollettiva.users.models import CustomUser

pytestmark = pytest.mark.both_databases

ROOMS = ("monitoring", "settlement", "documents", "energy", "core", "users")  # from above downwards
FIRM = "Forno: Rossi s.r.l."  # reads like an encrypted value: something, a colon, something
IBAN = "IT60X0542811101000000123456"


@pytest.fixture
def empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[BaseDatabaseWrapper]:
    """A database with nothing in it, under the alias `empty`, outside the transaction of a test."""
    # A browser that tests drove before in this process has left its loop on our thread; nothing of it runs here.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with django_db_blocker.unblock():
        yield from _empty_database(tmp_path)


def _empty_database(folder: Path) -> Iterator[BaseDatabaseWrapper]:
    name = f"{connection.settings_dict['NAME']}_empty"
    if connection.vendor == "sqlite":
        name = str(folder / "empty.sqlite3")
    else:
        _execute_outside(f'CREATE DATABASE "{name}"')
    connections.settings["empty"] = {**connection.settings_dict, "NAME": name}
    yield connections["empty"]
    connections["empty"].close()
    del connections["empty"]
    del connections.settings["empty"]
    if connection.vendor == "postgresql":
        _execute_outside(f'DROP DATABASE "{name}"')


def _execute_outside(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def own_tables(database: BaseDatabaseWrapper) -> set[str]:
    return {name for name in database.introspection.table_names() if name.partition("_")[0] in ROOMS}


def migrate(*target: str) -> None:
    call_command("migrate", *target, database="empty", verbosity=0, interactive=False)


def test_migrations_go_to_all_tables_and_back_to_nothing_and_take_rows_along_both_ways(empty):
    """Once there and once back, with stops where rows change their form: every other way takes a minute more."""
    migrate("core", "0001")
    migrate("users", "0001")
    _a_firm_before_its_name_was_sealed(empty)
    migrate("core", "0004")
    lines = _model(empty, "0004_roles_and_invitations").objects.using("empty")
    before = _two_lines_of_the_first_register(empty, lines)
    migrate("core", "0007")
    entries = _model(empty, "0007_register_is_append_only").objects.using("empty").order_by("number")
    written = list(entries.values_list("number", "kind", "member_number", "on"))
    persons = [json.loads(entry.person)["name"] for entry in entries]
    migrate()
    there, made = own_tables(empty), leftovers(empty)
    sealed = _ask(empty, "SELECT legal_name, sdi_code FROM users_customuser WHERE legal_type = 'BUSINESS'")
    read = CustomUser.objects.using("empty").with_iban(IBAN).get()
    papers_of_applications_go_back_and_forth_with_their_rows(empty)

    migrate("energy", "0001")
    half_way = DeviceType.objects.using("empty").count()
    migrate("core", "0004")
    after = list(lines.order_by("number").values("number", "entered_at", "left_at"))
    migrate("core", "0001")
    migrate("users", "0001")
    plain = _ask(empty, "SELECT legal_name FROM users_customuser WHERE legal_type = 'BUSINESS'")
    for room in ROOMS:
        migrate(room, "zero")

    assert len(there) > 25
    assert half_way == 10  # the catalogue is there as long as its table
    assert written == [
        (1, "ENTERED", 1, date(2025, 2, 1)),
        (2, "ENTERED", 2, date(2025, 6, 1)),
        (3, "LEFT", 1, date(2025, 5, 1)),
    ]
    assert persons == ["Anna Neri"] * 3
    assert after == before
    assert FIRM not in str(sealed)
    assert sealed[0][1] == ""
    assert (read.legal_name, read.sdi_code, read.iban) == (FIRM, "", IBAN)
    assert plain == [(FIRM,)]
    assert own_tables(empty) == set()
    assert made
    assert leftovers(empty) == set()  # whoever goes there again starts clean


@pytest.mark.django_db
def test_no_model_changed_without_its_migration():
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())


def leftovers(database: BaseDatabaseWrapper) -> set[str]:
    """Functions, triggers, types and views: what a table may not take along when it goes. Those of extensions stay."""
    asked = "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view')"
    if database.vendor == "postgresql":
        asked = (
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
            "AND oid NOT IN (SELECT objid FROM pg_depend WHERE deptype = 'e') "
            "UNION SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd') "
            "UNION SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')"
        )
    return {str(name) for (name,) in _ask(database, asked)}


def _ask(database: BaseDatabaseWrapper, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with database.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []


def _a_firm_before_its_name_was_sealed(database: BaseDatabaseWrapper) -> None:
    iban = ring().encrypt(IBAN, context="users.CustomUser.iban")
    _ask(
        database,
        "INSERT INTO users_customuser (email, password, first_name, last_name, legal_type, is_large_company,"
        " profit_type, legal_name, sdi_code, fiscal_code, fiscal_code_index, vat_number, vat_number_index, pec, iban,"
        " phone, address, is_staff, is_active, is_superuser, date_joined) VALUES ('forno@example.it', '', '', '',"
        " 'BUSINESS', %s, '', %s, '', '', '', '', '', '', %s, '', '', %s, %s, %s, '2026-01-01 00:00:00+00:00')",
        *(False, FIRM, iban, False, True, False),
    )


def _two_lines_of_the_first_register(database: BaseDatabaseWrapper, lines: Any) -> list[dict[str, Any]]:
    membership = _membership_of_an_invented_person(database)
    for number, entered, left in ((1, "2025-01-31T23:30Z", "2025-05-01T00:00Z"), (2, "2025-06-01T00:00Z", None)):
        lines.create(
            organisation_id=membership.community.organisation_id,
            number=number,
            user_id=membership.user_id,
            membership_id=membership.pk,
            entered_at=entered,
            left_at=left,
        )
    return list(lines.order_by("number").values("number", "entered_at", "left_at"))


def _model(database: BaseDatabaseWrapper, migration: str, name: str = "MemberRegistry", room: str = "core") -> Any:
    """A model of a room as it was after a migration."""
    return MigrationExecutor(database).loader.project_state([(room, migration)]).apps.get_model(room, name)


def _membership_of_an_invented_person(database: BaseDatabaseWrapper) -> Any:
    apps = _model(database, "0004_roles_and_invitations")._meta.apps
    user = apps.get_model("users", "CustomUser")(email="anna@example.it", first_name="Anna", last_name="Neri")
    user.save(using="empty")
    community = _community(apps)
    memberships = apps.get_model("core", "CERMembership").objects.using("empty")
    return memberships.create(
        community=community,
        user=user,
        role="MEMBER",
        member_type="CONSUMER",
        state="APPROVED",
        active_from="2025-01-01T00:00Z",
    )


def papers_of_applications_go_back_and_forth_with_their_rows(empty: BaseDatabaseWrapper) -> None:
    """0002 and 0003: what is an application's alone, and the proof of one that was forgotten, are nobody's before."""
    apps = MigrationExecutor(empty).loader.project_state().apps
    new, accesses, applications = (
        apps.get_model(*label.split(".")).objects.using("empty")
        for label in ("documents.Document", "documents.DocumentAccess", "core.Application")
    )
    community = _community(apps, "cer-2")
    texts = {"file_name": "x.pdf", "sha256": "x", "file_key": "x", "media_type": "application/pdf", "size": 9}
    common = {"classification": "PERSONAL", "retention_until": "2030-01-01", **texts}
    moments = {"created_at": "2026-01-01T00:00Z", "updated_at": "2026-01-01T00:00Z"}
    draft = applications.create(community_id=community.pk, email="anna@example.it", **moments)
    paper = new.create(type="ID_DOC", application_id=draft.pk, processing_error="TOO_MANY_PAGES:51", **common)
    proof = new.create(type="BILL", deleted_at="2026-01-01T00:00Z", **common)
    for document in (paper, proof):
        accesses.create(document_id=document.pk, kind="UPLOADED")

    migrate("documents", "0001")
    old = _model(empty, "0001_papers", "Document", room="documents").objects.using("empty")
    back = list(old.values_list("pk", "processing_error", "community_id"))
    migrate("documents")

    assert back == [(paper.pk, "The PDF has 51 pages, and 50 are the most.", community.pk)]
    assert list(new.values_list("pk", "processing_error")) == [(paper.pk, "TOO_MANY_PAGES:51")]
    assert [access.document_id for access in accesses.all()] == [paper.pk]
    for rows in (accesses, new, applications):
        rows.all().delete()
    community.delete()
    community.organisation.delete()


def _community(apps: Any, code: str = "cer-1") -> Any:
    organisation = apps.get_model("core", "Organisation").objects.using("empty").create(name="Ente")
    cer = apps.get_model("core", "CERConfiguration").objects.using("empty")
    return cer.create(organisation=organisation, name="CER", code=code.upper(), slug=code)
