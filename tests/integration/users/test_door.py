"""Coming in by password: the lock after five wrong ones, the same answer for whoever is not known, the rules."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessAttempt
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cercollettiva.users.addresses import UNKNOWN, client_ip
from cercollettiva.users.models import CustomUser
from tests.integration.users.signing import PASSWORD, make_person, private, sign_in

pytestmark = pytest.mark.django_db

ARGON2 = ["django.contrib.auth.hashers.Argon2PasswordHasher"]


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def without_tokens(body: bytes, *known: str) -> list[str]:
    lines = [line for line in body.decode().splitlines() if "csrfmiddlewaretoken" not in line]
    for word in known:
        lines = [line.replace(word, "SOMEBODY") for line in lines]
    return lines


def test_the_sixth_attempt_is_not_looked_at_and_says_when_to_come_back():
    make_person()
    client = Client()
    refused = [sign_in(client, password="sbagliata di proposito").status_code for _ in range(4)]
    fifth = sign_in(client, password="sbagliata di proposito")

    sixth = sign_in(client)

    assert refused == [200] * 4
    assert (fifth.status_code, sixth.status_code) == (429, 429)
    assert not is_in(client)
    until = timezone.localtime(AccessAttempt.objects.get().attempt_time + timedelta(minutes=15))
    with timezone.override(settings.LOCAL_TIME_ZONE):
        told = timezone.localtime(until).strftime("%H:%M")
    assert f"Riprova dopo le {told}" in sixth.content.decode()


def test_the_lock_opens_after_a_quarter_of_an_hour():
    make_person()
    client = Client()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(5):
            sign_in(client, password="sbagliata di proposito")
        clock.shift(timedelta(minutes=14))
        early = sign_in(client).status_code
        clock.shift(timedelta(minutes=2))
        late = sign_in(client)

    assert early == 429
    assert late.status_code == 302
    assert is_in(client)


def test_the_lock_is_for_that_address_on_the_net_alone():
    make_person()
    for _ in range(6):
        sign_in(Client(REMOTE_ADDR="192.0.2.66"), password="sbagliata di proposito")
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")

    assert sign_in(elsewhere).status_code == 302


def test_somebody_unknown_is_locked_out_alike():
    pages = {}
    make_person("known@example.it")
    with time_machine.travel(timezone.now(), tick=False):
        for email in ("known@example.it", "unknown@example.it"):
            client = Client()
            pages[email] = [sign_in(client, email, "sbagliata di proposito") for _ in range(6)]

    for known, unknown in zip(*pages.values(), strict=True):
        assert known.status_code == unknown.status_code
        assert without_tokens(known.content, "known@example.it") == without_tokens(
            unknown.content, "unknown@example.it"
        )


def test_a_mail_for_a_forgotten_password_is_answered_alike():
    make_person("known@example.it")
    answers = [
        Client().post("/users/password_reset/", {"email": email}, follow=True)
        for email in ("known@example.it", "unknown@example.it")
    ]

    assert [answer.redirect_chain for answer in answers] == [[("/users/password_reset/sent/", 302)]] * 2
    assert without_tokens(answers[0].content) == without_tokens(answers[1].content)
    assert [message.to for message in mail.outbox] == [["known@example.it"], ["unknown@example.it"]]
    assert "/users/password_reset/" in mail.outbox[0].body
    assert "/users/password_reset/" not in mail.outbox[1].body


def ask_for_a_new_password(email: str) -> None:
    cache.clear()  # of the limits
    assert Client().post("/users/password_reset/", {"email": email}).status_code == 302


@pytest.fixture
def addresses() -> list[str]:
    """Of somebody, of somebody who is disabled or never confirmed, of nobody."""
    make_person("known@example.it")
    make_person("disabled@example.it", is_active=False)
    CustomUser.objects.create_user("unconfirmed@example.it", PASSWORD)
    return [f"{name}@example.it" for name in ("known", "disabled", "unconfirmed", "unknown")]


def test_a_forgotten_password_asks_the_database_the_same_whoever_it_is(addresses):
    asked = []
    for email in addresses:
        with CaptureQueriesContext(connection) as captured:
            ask_for_a_new_password(email)
        asked.append([query["sql"].partition(" WHERE ")[0] for query in captured.captured_queries])

    assert len(asked[0]) == 1
    assert asked == asked[:1] * len(addresses)


def test_a_forgotten_password_is_answered_in_the_same_time_whoever_it_is(addresses):
    """By the clock of our own work, which a busy machine does not stretch; the test before is for the database's."""
    for email in addresses:
        ask_for_a_new_password(email)  # what is done once
    taken: dict[str, list[float]] = {email: [] for email in addresses}
    for _ in range(12):
        for email in addresses:
            began = time.thread_time()
            ask_for_a_new_password(email)
            taken[email].append(time.thread_time() - began)

    fastest = sorted(min(times) for times in taken.values())
    assert fastest[0] > fastest[-1] * 0.75, taken


def test_a_registration_of_a_known_address_is_answered_alike_and_told_by_mail():
    known = make_person("known@example.it")
    answers = [
        Client().post("/users/register/", private(email=email), follow=True)
        for email in (known.email, "unknown@example.it")
    ]

    assert [answer.redirect_chain for answer in answers] == [[("/users/verify/", 302)]] * 2
    assert without_tokens(answers[0].content, known.email) == without_tokens(answers[1].content, "unknown@example.it")
    assert CustomUser.objects.filter(email=known.email).count() == 1
    assert "un account ce l’ha già" in mail.outbox[0].body


@pytest.mark.parametrize("way", ["sign in", "register"])
def test_somebody_unknown_is_answered_in_about_the_same_time(way, settings):
    """Argon2 takes most of the time of both: an answer that skips it comes in a fraction."""
    settings.PASSWORD_HASHERS = ARGON2
    make_person("known@example.it")

    def seconds(email: str) -> float:
        began = time.perf_counter()
        if way == "sign in":
            sign_in(Client(REMOTE_ADDR="192.0.2.1"), email, "sbagliata di proposito")
        else:
            CustomUser.objects.filter(email="unknown@example.it").delete()
            Client().post("/users/register/", private(email=email))
        return time.perf_counter() - began

    taken: dict[str, list[float]] = {"known@example.it": [], "unknown@example.it": []}
    for _ in range(4):  # the fifth would be locked out
        for email in taken:
            taken[email].append(seconds(email))

    fast, slow = sorted(min(times) for times in taken.values())
    assert statistics.fmean([fast, slow]) > 0.01
    assert fast > slow / 2


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("undici-lett", "12"),
        ("1qaz2wsx3edc", "comune"),
        ("anna@example.it", "simile"),
        ("annarossi1985", "simile"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(password, said):
    page = Client().post("/users/register/", private(password1=password, password2=password)).content.decode()

    assert said in page
    assert not CustomUser.objects.exists()


def test_passwords_are_hashed_with_argon2(settings):
    settings.PASSWORD_HASHERS = ARGON2

    assert make_person().password.startswith("argon2$argon2id$")


def test_the_key_of_a_session_changes_at_sign_in():
    make_person()
    client = Client()
    client.get("/users/invitations/nobody/")
    client.session.save()
    session = client.session
    session["before"] = True
    session.save()
    before = session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = before

    sign_in(client)

    assert client.session.session_key != before
    assert is_in(client)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 192.0.2.8", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "not an address", UNKNOWN),
        (1, "", "192.0.2.1"),
    ],
)
def test_the_address_of_a_client_is_what_our_own_proxies_saw(rf, settings, proxies, forwarded, expected):
    settings.PROXY_COUNT = proxies
    request = rf.get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)

    assert client_ip(request) == expected


def test_a_wrong_address_in_a_header_does_not_escape_the_lock():
    make_person()
    for number in range(6):
        answer = sign_in(Client(), password="sbagliata di proposito", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")

    assert answer.status_code == 429
    assert sign_in(Client(), password=PASSWORD).status_code == 429
