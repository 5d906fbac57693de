"""Columns that were plain become encrypted where rows stand already, and plain again on the way back."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection

from cercollettiva.users.encryption import ring
from cercollettiva.users.models import CustomUser

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

BEFORE = ("users", "0001_initial")
FIRM = "Forno: Rossi s.r.l."  # reads like an encrypted value: something, a colon, something
IBAN = "IT60X0542811101000000123456"


def execute(sql: str, *values: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def migrate_back():
    yield lambda *target: call_command("migrate", *target, verbosity=0)
    call_command("migrate", verbosity=0)


def test_rows_written_before_are_sealed_and_opened_again_on_the_way_back(migrate_back):
    migrate_back("core", "0001_initial")
    migrate_back(*BEFORE)
    iban = ring().encrypt(IBAN, context="users.CustomUser.iban")
    execute(
        "INSERT INTO users_customuser (email, password, first_name, last_name, legal_type, is_large_company,"
        " profit_type, legal_name, sdi_code, fiscal_code, fiscal_code_index, vat_number, vat_number_index, pec, iban,"
        " phone, address, is_staff, is_active, is_superuser, date_joined) VALUES ('forno@example.it', '', '', '',"
        " 'BUSINESS', %s, '', %s, '', '', '', '', '', '', %s, '', '', %s, %s, %s, '2026-01-01 00:00:00+00:00')",
        *(False, FIRM, iban, False, True, False),
    )

    migrate_back()
    stored = execute("SELECT legal_name, sdi_code FROM users_customuser")
    read = CustomUser.objects.with_iban(IBAN).get()
    migrate_back(*BEFORE)

    assert FIRM not in str(stored)
    assert stored[0][1] == ""
    assert (read.legal_name, read.sdi_code, read.iban) == (FIRM, "", IBAN)
    assert execute("SELECT legal_name FROM users_customuser") == [(FIRM,)]
    execute("DELETE FROM account_emailaddress")  # those that the way forward confirmed
    execute("DELETE FROM users_customuser")
