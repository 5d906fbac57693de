"""How long a session lasts, and how it is ended."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from cercollettiva.users.audit import Action, AuditLine
from tests.integration.api.scene import bearer, token_of
from tests.integration.users.signing import PASSWORD, make_person, sign_in, signed_in
from tests.support.mailbox import delivered

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1"


def is_in(client: Client) -> bool:
    return client.get("/users/profile/").status_code == 200


@pytest.fixture
def clock():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield clock


def test_half_an_hour_without_a_request_ends_a_session(clock):
    client = signed_in(make_person())
    clock.shift(timedelta(minutes=28))
    still = is_in(client)
    clock.shift(timedelta(minutes=31))

    assert still
    assert not is_in(client)


def test_twelve_hours_end_a_session_that_is_used_all_the_time(clock):
    client = signed_in(make_person())
    seen = []
    for _ in range(50):  # every quarter of an hour
        seen.append(is_in(client))
        clock.shift(timedelta(minutes=15))

    assert all(seen[:48])
    assert not any(seen[48:])


def test_the_row_that_sockets_ask_never_outlives_the_absolute_limit(clock):
    began = timezone.now()
    client = signed_in(make_person())
    for _ in range(47):
        clock.shift(timedelta(minutes=15))
        is_in(client)

    assert Session.objects.get().expire_date <= began + timedelta(hours=12)


def test_a_session_is_written_once_a_minute_however_many_pages_are_read(clock, django_assert_num_queries):
    client = signed_in(make_person())
    clock.shift(timedelta(seconds=61))
    is_in(client)
    before = Session.objects.get().expire_date

    for _ in range(5):
        is_in(client)
    unchanged = Session.objects.get().expire_date
    clock.shift(timedelta(seconds=61))
    is_in(client)

    assert unchanged == before
    assert Session.objects.get().expire_date > before


def test_a_disabled_persons_session_is_dead_at_the_next_request():
    user = make_person()
    client = signed_in(user)
    assert is_in(client)

    user.is_active = False
    user.save(update_fields=["is_active"])

    assert not is_in(client)
    assert sign_in(Client(), user.email)["Location"] == "/users/inactive/"


def test_the_list_shows_each_device_with_its_browser_and_one_can_be_ended():
    user = make_person()
    desk, phone = signed_in(user, HTTP_USER_AGENT=FIREFOX), signed_in(user, HTTP_USER_AGENT=IPHONE)
    page = desk.get("/users/sessions/").content.decode()
    other = UserSession.objects.get(session_key=phone.session.session_key)

    desk.post(f"/users/sessions/{other.pk}/end/")

    assert "Firefox su Linux" in page
    assert "Safari su iPhone" in page
    assert "127.0.0.1" in page
    assert is_in(desk)
    assert not is_in(phone)


def test_all_can_be_ended_at_once_and_this_one_too():
    user = make_person()
    clients = [signed_in(user) for _ in range(3)]
    stranger = signed_in(make_person("other@example.it"))

    token = token_of(user)

    clients[0].post("/users/sessions/end/")

    assert [is_in(client) for client in clients] == [False] * 3
    assert is_in(stranger)
    assert Client().get("/api/feed/", **bearer(token)).status_code == 401
    assert AuditLine.objects.filter(action=Action.TOKEN_REVOKED, subject_id=user.pk).count() == 1


def test_a_new_password_signs_out_the_other_devices():
    user = make_person()
    here, there = signed_in(user), signed_in(user)
    token = token_of(user)

    here.post(
        "/users/password_change/",
        {"oldpassword": PASSWORD, "password1": "un’altra frase lunga", "password2": "un’altra frase lunga"},
    )

    assert is_in(here)
    assert not is_in(there)
    assert Client().get("/api/feed/", **bearer(token)).status_code == 401


def test_a_password_made_anew_by_mail_revokes_the_tokens():
    user, client = make_person(), Client()
    token = token_of(user)
    client.post("/users/password_reset/", {"email": user.email})
    link = re.search(r"/users/password_reset/\S+", delivered()[-1].body)
    assert link is not None
    page = client.get(link[0], follow=True)

    client.post(page.redirect_chain[-1][0], {"password1": "un’altra frase lunga", "password2": "un’altra frase lunga"})

    assert sign_in(Client(), password="un’altra frase lunga").status_code == 302
    assert Client().get("/api/feed/", **bearer(token)).status_code == 401


def test_platform_staff_ends_the_tokens_with_the_sessions():
    user, staff = make_person(), make_person("staff@example.it", is_staff=True)
    token = token_of(user)
    client = Client()
    client.force_login(staff)

    client.post(f"/users/management/{user.pk}/", {"action": "end_sessions"})

    assert Client().get("/api/feed/", **bearer(token)).status_code == 401
    line = AuditLine.objects.get(action=Action.TOKEN_REVOKED)
    assert (line.actor_id, line.subject_id, line.details["count"]) == (staff.pk, user.pk, 1)
