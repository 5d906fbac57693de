"""The people of the platform, for its staff."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cercollettiva.core.models import MemberRole
from cercollettiva.users.models import CustomUser
from tests.integration.core.scene import join, make_community, make_user
from tests.integration.users.signing import FISCAL_CODE, VAT_NUMBER, make_person, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(make_user("staff", is_staff=True))
    return client


def emails(client: Client, query: str = "") -> set[str]:
    page = client.get(f"/users/management/?{query}").context["page"]
    return {person.email for person in page} - {"staff@example.it"}


def test_people_are_found_by_name_address_code_role_and_state(client):
    anna = make_person("anna@example.it", first_name="Anna", last_name="Rossi", fiscal_code=FISCAL_CODE)
    make_person("forno@example.it", last_name="Bianchi", legal_name="Panificio Verdi", vat_number=VAT_NUMBER)
    off = make_person("off@example.it", is_active=False)
    join(anna, make_community("A"), MemberRole.TECHNICAL)
    anna.deletion_requests.create(requested_at="2026-01-01T00:00Z")

    assert emails(client, "q=ross+anna") == {anna.email}
    assert emails(client, "q=bianchi") == {"forno@example.it"}
    assert emails(client, "q=FORNO") == {"forno@example.it"}
    assert emails(client, f"q={FISCAL_CODE.lower()}") == {anna.email}
    assert emails(client, f"q=rossi+{FISCAL_CODE}") == {anna.email}
    assert emails(client, f"q={VAT_NUMBER}") == {"forno@example.it"}
    assert emails(client, "role=TECHNICAL") == {anna.email}
    assert emails(client, "role=ADMIN") == set()
    assert emails(client, "state=disabled") == {off.email}
    assert emails(client, "state=deletion") == {anna.email}
    assert emails(client, "q=nobody") == set()
    assert emails(client) == {anna.email, "forno@example.it", off.email}


def test_what_is_encrypted_is_found_whole_or_not_at_all_and_the_page_says_so(client):
    make_person("forno@example.it", legal_name="Panificio Verdi", fiscal_code=FISCAL_CODE, vat_number=VAT_NUMBER)

    assert emails(client, "q=panificio") == set()
    assert emails(client, f"q={FISCAL_CODE[:-1]}") == set()
    assert emails(client, f"q={VAT_NUMBER[:-1]}") == set()
    assert "La ragione sociale è cifrata" in client.get("/users/management/").content.decode()


def test_a_page_has_fifty_people_and_asks_the_same_few_times(client):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/users/management/").status_code == 200
        return len(asked)

    community = make_community("A")
    for number in range(3):
        join(make_user(f"person-{number}"), community)
    few = queries()
    for number in range(3, 70):
        join(make_user(f"person-{number}"), community)

    assert queries() == few
    assert len(client.get("/users/management/").context["page"]) == 50
    assert len(client.get("/users/management/?page=2").context["page"]) == 21


def test_a_person_is_disabled_at_once_and_let_in_again(client):
    user = make_person()
    theirs = signed_in(user)
    address = f"/users/management/{user.pk}/"

    client.post(address, {"action": "disable"})
    out = theirs.get("/users/profile/").status_code
    client.post(address, {"action": "enable"})

    assert out == 302
    assert signed_in(user).get("/users/profile/").status_code == 200


def test_nobody_locks_themselves_out_and_staff_does_not_touch_those_above(client):
    staff = CustomUser.objects.get(email="staff@example.it")
    above = make_user("root", is_staff=True, is_superuser=True)
    other = make_person()

    for person, action in ((staff, "disable"), (above, "disable"), (other, "make_staff"), (other, "promote")):
        client.post(f"/users/management/{person.pk}/", {"action": action})

    for person in (staff, above, other):
        person.refresh_from_db()
    assert [staff.is_active, above.is_active, other.is_staff] == [True, True, False]


def test_the_page_of_a_person_shows_no_codes(client):
    user = make_person(fiscal_code=FISCAL_CODE, iban="IT60X0542811101000000123456", phone="3331234567")

    page = client.get(f"/users/management/{user.pk}/").content.decode()

    assert user.email in page
    assert FISCAL_CODE not in page
    assert "IT60X" not in page
    assert "3331234567" not in page
