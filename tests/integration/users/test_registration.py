"""A new account: what each legal form is asked, what is checked, and what is kept."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client

from cercollettiva.users.consents import PRIVACY_VERSION
from cercollettiva.users.models import AccountDeletionRequest, Consent, CustomUser, LegalType
from tests.integration.users.signing import (
    FISCAL_CODE,
    PASSWORD,
    VAT_NUMBER,
    code_in_mail,
    make_person,
    private,
    sign_in,
    signed_in,
)
from tests.support.mailbox import delivered

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def body(legal_type: str, **changed):
    return private(legal_type=legal_type, legal_name="Forno Rossi", fiscal_code=VAT_NUMBER, **changed)


REGISTRATIONS = {
    "PRIVATE": private(),
    "BUSINESS": body("BUSINESS", vat_number=VAT_NUMBER, pec="forno@pec.example.it", sdi_code="M5UXCR1"),
    "ASSOCIATION": body("ASSOCIATION"),
    "CHURCH": body("CHURCH"),
    "PUBLIC": body("PUBLIC", pec="comune@pec.example.it", sdi_code="UF1A2B"),
}


@pytest.mark.parametrize("legal_type", LegalType.values)
def test_somebody_registers_confirms_the_address_and_is_in(legal_type):
    client = Client()
    registered = client.post("/users/register/", REGISTRATIONS[legal_type])
    early = client.get("/dashboard/").status_code

    confirmed = client.post("/users/verify/", {"action": "verify", "code": code_in_mail("anna@example.it")})

    user = CustomUser.objects.get()
    assert registered["Location"] == "/users/verify/"
    assert early == 302
    assert confirmed["Location"] == "/dashboard/"
    assert client.get("/dashboard/").status_code == 200
    assert (user.legal_type, user.first_name) == (legal_type, "Anna")
    assert user.fiscal_code == (FISCAL_CODE if legal_type == "PRIVATE" else VAT_NUMBER)
    assert (user.legal_name == "") == (legal_type == "PRIVATE")
    consent = Consent.objects.get()
    assert (consent.user, consent.document, consent.version) == (user, "privacy", PRIVACY_VERSION)


@pytest.mark.parametrize("legal_type", LegalType.values)
def test_a_form_asks_for_what_its_legal_form_needs_and_no_more(legal_type):
    page = Client().get(f"/users/register/?form={legal_type}").content.decode()
    asked = {name for name in ("fiscal_code", "vat_number", "pec", "sdi_code") if f'name="{name}"' in page}

    expected = {"fiscal_code"} if legal_type == "PRIVATE" else {"fiscal_code", "vat_number", "pec", "sdi_code"}
    assert asked == expected
    assert ('name="is_large_company"' in page) == (legal_type == "BUSINESS")


@pytest.mark.parametrize(
    ("legal_type", "missing"),
    [
        ("PRIVATE", "fiscal_code"),
        ("BUSINESS", "vat_number"),
        ("BUSINESS", "pec"),
        ("BUSINESS", "sdi_code"),
        ("BUSINESS", "legal_name"),
        ("ASSOCIATION", "fiscal_code"),
        ("PUBLIC", "sdi_code"),
        ("PUBLIC", "pec"),
        ("PRIVATE", "privacy"),
        ("PRIVATE", "last_name"),
    ],
)
def test_what_a_legal_form_needs_is_not_left_out(legal_type, missing):
    answer = Client().post("/users/register/", {**REGISTRATIONS[legal_type], missing: ""})

    assert answer.status_code == 200
    assert missing in answer.context["form"].errors
    assert not CustomUser.objects.exists()
    assert mail.outbox == []


def test_the_server_refuses_a_wrong_code_and_keeps_what_was_typed():
    page = Client().post("/users/register/", private(fiscal_code="RSSMRA85T10A562T")).content.decode()

    assert "L’ultima lettera, T, non corrisponde" in page
    assert 'value="RSSMRA85T10A562T"' in page
    assert not CustomUser.objects.exists()


def test_what_belongs_to_another_legal_form_is_not_kept():
    client = Client()
    client.post(
        "/users/register/", private(vat_number=VAT_NUMBER, is_large_company="on", is_staff="on", legal_name="X")
    )

    user = CustomUser.objects.get()
    assert (user.vat_number, user.legal_name) == ("", "")
    assert not user.is_large_company
    assert not user.is_staff


@pytest.mark.parametrize(
    ("legal_type", "field", "value", "read", "said"),
    [
        ("PRIVATE", "fiscal_code", "rss mra85t10a562s", FISCAL_CODE, ""),
        ("BUSINESS", "vat_number", "IT00743110157", VAT_NUMBER, ""),
        ("BUSINESS", "vat_number", "00743110158", "00743110158", "L’ultima cifra, 8,"),
    ],
)
def test_a_code_is_checked_as_its_field_is_left(client, legal_type, field, value, read, said):
    answer = client.post("/users/check/", {"legal_type": legal_type, "field": field, "value": value}).json()

    assert answer["value"] == read
    assert answer["message"].startswith(said)
    assert bool(answer["message"]) == bool(said)


@pytest.mark.parametrize("field", ["email", "password", "is_staff", ""])
def test_nothing_else_can_be_asked(client, field):
    assert client.post("/users/check/", {"legal_type": "PRIVATE", "field": field, "value": "x"}).status_code == 400


def test_three_wrong_codes_and_the_confirmation_is_over():
    client = Client()
    client.post("/users/register/", private())
    code = code_in_mail("anna@example.it")

    for _ in range(3):
        client.post("/users/verify/", {"action": "verify", "code": "XXX-XXX"})
    answer = client.post("/users/verify/", {"action": "verify", "code": code})

    assert "_auth_user_id" not in client.session
    assert answer["Location"] == "/users/login/"


def test_another_address_is_confirmed_at_the_new_and_told_to_the_old():
    user = make_person()
    client = signed_in(user)
    client.post("/users/email/", {"action_add": "1", "email": "nuova@example.it"})
    before = CustomUser.objects.get().email

    client.post("/users/verify/", {"action": "verify", "code": code_in_mail("nuova@example.it")})

    assert before == "anna@example.it"
    assert CustomUser.objects.get().email == "nuova@example.it"
    told = [message for message in delivered() if message.to == ["anna@example.it"]]
    assert "nuova@example.it" in told[-1].body
    assert sign_in(Client(), "nuova@example.it")["Location"] == "/dashboard/"
    assert sign_in(Client(), "anna@example.it").status_code == 200


def test_a_profile_is_changed_but_not_its_legal_form_or_rights():
    user = make_person(fiscal_code=FISCAL_CODE, first_name="Anna", last_name="Rossi")
    client = signed_in(user)
    changed = {"first_name": "Anna", "last_name": "Bianchi", "fiscal_code": FISCAL_CODE, "address": "via Roma 1"}

    client.post("/users/profile/", {**changed, "legal_type": "PUBLIC", "is_staff": "on", "email": "x@example.it"})

    user.refresh_from_db()
    assert (user.last_name, user.address) == ("Bianchi", "via Roma 1")
    assert (user.legal_type, user.is_staff, user.email) == ("PRIVATE", False, "anna@example.it")


def test_a_deletion_is_asked_for_with_the_password_and_taken_back():
    user = make_person()
    client = signed_in(user)
    refused = client.post("/users/delete_account/", {"password": "non è questa"})
    asked = client.post("/users/delete_account/", {"password": PASSWORD})
    client.post("/users/delete_account/", {"password": PASSWORD})  # twice is once

    request = AccountDeletionRequest.objects.get()
    page = client.get("/users/profile/").content.decode()
    client.post("/users/delete_account/", {"cancel": "1"})

    assert refused.status_code == 200
    assert asked["Location"] == "/users/profile/"
    assert "Hai chiesto di cancellare" in page
    request.refresh_from_db()
    assert request.cancelled_at is not None
    assert CustomUser.objects.filter(pk=user.pk, is_active=True).exists()
