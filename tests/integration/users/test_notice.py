"""A new version of the privacy notice is asked for anew; passkeys have names; one page asks who one is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cercollettiva.users.consents import PRIVACY, PRIVACY_VERSION, accept_privacy, give_consent
from cercollettiva.users.models import Consent, CustomUser
from cercollettiva.users.notice import is_owed_by
from tests.access.world import passkey_data
from tests.integration.users.signing import PASSWORD, add_app, make_person, signed_in

pytestmark = pytest.mark.django_db
ASKED = "/users/privacy/accept/"


@pytest.fixture
def anna() -> CustomUser:
    return make_person()


def accepted_an_older_version(person: CustomUser) -> None:
    give_consent(person, document=PRIVACY, version="2025-01", at=timezone.now() - timedelta(days=300))


def test_whoever_accepted_an_older_notice_is_led_to_the_new_one_and_on_when_it_is_accepted(anna):
    accepted_an_older_version(anna)
    client = signed_in(anna)
    led = client.get("/users/tokens/")
    assert (led.status_code, led["Location"]) == (302, f"{ASKED}?next=%2Fusers%2Ftokens%2F")
    assert PRIVACY_VERSION in client.get(led["Location"]).content.decode()

    on = client.post(ASKED, {"next": "/users/tokens/"})

    assert on["Location"] == "/users/tokens/"
    assert client.get("/users/tokens/").status_code == 200
    assert Consent.objects.in_force().filter(user=anna, version=PRIVACY_VERSION).exists()
    assert Consent.objects.filter(user=anna, version="2025-01").exists()  # the history stays
    assert not is_owed_by(anna)


@pytest.mark.parametrize(
    "path",
    [
        *("/users/privacy_policy/", "/users/privacy/", "/users/privacy/export/", "/users/delete_account/"),
        *("/users/sessions/", "/", "/users/second_factor/"),
    ],
)
def test_who_has_not_answered_may_read_the_notice_take_their_data_and_go(anna, path):
    accepted_an_older_version(anna)
    client = signed_in(anna)

    assert client.get(path).status_code == 200


def test_who_has_not_answered_may_send_the_request_to_be_erased_and_sign_out(anna):
    accepted_an_older_version(anna)
    client = signed_in(anna)

    client.post("/users/delete_account/", {"password": PASSWORD})

    assert anna.deletion_requests.open().exists()
    assert client.post("/users/logout/").status_code == 302


def test_nobody_else_is_asked(anna):
    assert not is_owed_by(anna)  # who never accepted any: it is asked for where they enter
    accept_privacy(anna, at=timezone.now())
    assert not is_owed_by(anna)
    assert signed_in(anna).get("/users/tokens/").status_code == 200


def test_an_answer_on_one_device_counts_on_the_other(anna):
    accepted_an_older_version(anna)
    here, there = signed_in(anna), signed_in(anna)
    here.post(ASKED)

    there.get(ASKED)

    assert there.get("/users/tokens/").status_code == 200


def test_the_way_on_leads_nowhere_else(anna):
    accepted_an_older_version(anna)
    client = signed_in(anna)

    for elsewhere in ("https://evil.example/", "//evil.example/", "abc"):
        assert client.post(ASKED, {"next": elsewhere})["Location"] == "/dashboard/"


# --- passkeys


def test_a_passkey_has_the_name_that_its_owner_gives_it(anna):
    key = Authenticator.objects.create(user=anna, type=Authenticator.Type.WEBAUTHN, data=passkey_data("Passkey 1"))
    client = Client()
    client.force_login(anna)
    address = reverse("mfa_edit_webauthn", args=[key.pk])
    assert address in client.get("/users/second_factor/").content.decode()

    assert client.post(address, {"name": "x" * 101}).status_code == 200
    assert client.post(address, {"name": "Telefono di Anna"}).status_code == 302

    key.refresh_from_db()
    assert key.wrap().name == "Telefono di Anna"
    other = Client()
    other.force_login(make_person("other@example.it"))
    assert other.get(address).status_code == 404
    assert other.post(address, {"name": "Mio"}).status_code == 404


def test_a_code_and_a_password_are_asked_for_by_one_page(anna):
    add_app(anna)
    client = Client()
    client.force_login(anna)

    by_code = client.get("/users/second_factor/confirm/")
    by_password = client.get("/users/confirm/")

    assert "codice della tua app" in by_code.content.decode()
    assert 'name="code"' in by_code.content.decode()
    assert "serve di nuovo la password" in by_password.content.decode()
    names = [{template.name for template in answer.templates} for answer in (by_code, by_password)]
    assert all("account/reauthenticate.html" in each for each in names)
