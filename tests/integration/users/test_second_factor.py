"""Who must prove twice who they are: on pages, on API paths, on sockets; and how long they may wait."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in
from django.core.cache import cache
from django.http import JsonResponse
from django.test import Client, override_settings
from django.urls import include, path
from django.utils import timezone

from cercollettiva.core.models import MemberRole
from cercollettiva.users import second_factor
from tests.integration.core.scene import join, make_community
from tests.integration.users.signing import PASSWORD, add_app, code_of, make_person, sign_in, signed_in

pytestmark = pytest.mark.django_db

urlpatterns = [
    path("", include("cercollettiva.urls")),
    path("api/anything/", lambda request: JsonResponse({}), name="anything"),
]


@pytest.fixture
def clock():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        yield clock


def make_administrator(email: str = "anna@example.it"):
    user = make_person(email)
    join(user, make_community("A"), MemberRole.ADMIN)
    return user


def test_a_sign_in_without_a_second_factor_leads_to_where_it_is_set_up_and_on():
    make_administrator()
    client = Client()

    answer = sign_in(client)
    page = client.get(answer["Location"]).content.decode()

    assert answer["Location"] == "/users/second_factor/?next=%2Fdashboard%2F"
    assert "Hai tempo fino al" in page
    assert 'href="/dashboard/"' in page
    assert client.get("/dashboard/").status_code == 200


def test_after_the_grace_only_the_set_up_the_way_out_and_static_pages_answer(clock):
    make_administrator()
    client = Client()
    sign_in(client)
    clock.shift(timedelta(days=7, seconds=1))
    client = Client()
    sign_in(client)

    answers = {
        address: client.get(address)
        for address in ("/dashboard/", "/users/profile/", "/users/second_factor/", "/", "/users/privacy_policy/")
    }

    assert answers["/dashboard/"]["Location"] == "/users/second_factor/?next=%2Fdashboard%2F"
    assert answers["/users/profile/"].status_code == 302
    assert [answers[address].status_code for address in list(answers)[2:]] == [200] * 3
    assert 'href="/dashboard/"' not in answers["/users/second_factor/"].content.decode().split("<main")[1]
    assert client.post("/users/logout/").status_code == 302


def test_the_grace_begins_once_in_a_lifetime(clock):
    user = make_administrator()
    signed_in(user)
    user.refresh_from_db()
    first = user.second_factor_due_at
    membership = user.memberships.get()
    clock.shift(timedelta(days=3))
    membership.leave(at=timezone.now())
    clock.shift(timedelta(days=30))
    join(user, make_community("B"), MemberRole.ADMIN)

    client = Client()
    sign_in(client)

    user.refresh_from_db()
    assert user.second_factor_due_at == first
    assert client.get("/dashboard/").status_code == 302


@override_settings(ROOT_URLCONF="tests.integration.users.test_second_factor")
def test_an_api_path_answers_in_its_own_way_after_the_grace(clock):
    user = make_administrator()
    client = Client()
    sign_in(client)
    within = client.get("/api/anything/").status_code
    clock.shift(timedelta(days=8))
    sign_in(client, user.email)

    late = client.get("/api/anything/")

    assert within == 200
    assert late.status_code == 403
    assert late.json()["error"] == "second_factor_required"


@pytest.mark.parametrize("role", [MemberRole.MEMBER, MemberRole.TECHNICAL])
def test_for_members_and_technicians_it_is_a_choice(clock, role):
    user = make_person()
    join(user, make_community("A"), role)
    client = Client()

    assert sign_in(client)["Location"] == "/dashboard/"
    clock.shift(timedelta(days=400))
    sign_in(client)

    assert client.get("/dashboard/").status_code == 200


def test_platform_staff_must_have_one(clock):
    make_person(is_staff=True)
    sign_in(Client())
    clock.shift(timedelta(days=8))
    client = Client()
    sign_in(client)

    assert client.get("/users/management/").status_code == 302


def test_whoever_has_an_app_is_asked_for_its_code_and_comes_in_with_it():
    user = make_administrator()
    secret = add_app(user)
    client = Client()

    first = sign_in(client)
    half = client.get("/dashboard/")
    second = client.post("/users/second_factor/verify/", {"code": code_of(secret)})

    assert first["Location"] == "/users/second_factor/verify/"
    assert half["Location"].startswith("/users/login/")
    assert second["Location"] == "/dashboard/"
    assert client.get("/dashboard/").status_code == 200


def test_a_code_is_taken_once():
    secret = add_app(make_administrator())
    code = code_of(secret)
    for expected in ("/dashboard/", None):
        client = Client()
        sign_in(client)
        answer = client.post("/users/second_factor/verify/", {"code": code})
        assert answer.headers.get("Location") == expected


def test_wrong_codes_run_into_a_limit():
    add_app(make_administrator())
    client = Client()
    sign_in(client)
    cache.clear()

    pages = [client.post("/users/second_factor/verify/", {"code": "000000"}).content.decode() for _ in range(21)]

    assert "non corrisponde" in pages[0]
    assert "Troppi tentativi" in pages[-1]


def test_the_secret_of_an_app_is_not_readable_in_the_database():
    secret = add_app(make_administrator())

    assert secret not in str(Authenticator.objects.get().data)


def test_a_session_from_before_the_factor_was_added_elsewhere_must_prove_it(clock):
    user = make_administrator()
    old = signed_in(user)
    add_app(user)

    answer = old.get("/dashboard/")

    assert answer["Location"] == "/users/second_factor/confirm/?next=%2Fdashboard%2F"


def test_the_last_second_factor_of_an_administrator_cannot_be_taken_off():
    user = make_administrator()
    secret = add_app(user)
    client = Client()
    sign_in(client)
    client.post("/users/second_factor/verify/", {"code": code_of(secret)})

    page = client.post("/users/second_factor/app/deactivate/")

    assert Authenticator.objects.filter(user=user, type="totp").exists()
    assert page.status_code == 200


@pytest.mark.django_db(transaction=True)
def test_setting_up_an_app_ends_the_grace_and_gives_recovery_codes(clock):
    user = make_administrator()
    signed_in(user)
    clock.shift(timedelta(days=8))
    client = Client()
    sign_in(client)
    page = client.get("/users/second_factor/app/activate/")
    secret = page.context["form"].secret

    done = client.post("/users/second_factor/app/activate/", {"code": code_of(secret)})
    codes = client.get(done["Location"]).context["unused_codes"]

    assert len(codes) == 10
    assert client.get("/dashboard/").status_code == 200
    other = Client()
    sign_in(other)
    assert other.post("/users/second_factor/verify/", {"code": codes[0]})["Location"] == "/dashboard/"
    again = Client()
    sign_in(again)
    assert again.post("/users/second_factor/verify/", {"code": codes[0]}).status_code == 200


def test_where_the_settings_make_it_a_choice_nobody_is_held_up(clock, settings):
    """The demo: its administrator has a printed password, and nobody to protect."""
    settings.SECOND_FACTOR_REQUIRED = False
    make_administrator()
    client = Client()

    assert sign_in(client)["Location"] == "/dashboard/"
    clock.shift(timedelta(days=400))
    sign_in(client)

    assert client.get("/dashboard/").status_code == 200


def test_a_page_asks_one_query_more_and_none_of_whoever_has_proven(django_assert_num_queries):
    member, administrator, now = make_person("member@example.it"), make_administrator(), timezone.now()
    of_member, of_administrator = signed_in(member).session, signed_in(administrator).session
    of_member.keys(), of_administrator.keys()  # read

    with django_assert_num_queries(1):
        assert second_factor.standing_of(member, of_member, now) is second_factor.Standing.FINE
    with django_assert_num_queries(1):
        assert second_factor.standing_of(administrator, of_administrator, now) is second_factor.Standing.GRACE
    of_administrator[second_factor.PROVEN] = administrator.pk
    with django_assert_num_queries(0):
        assert second_factor.standing_of(administrator, of_administrator, now) is second_factor.Standing.FINE


def test_a_recent_sign_in_counts_as_a_confirmation_and_an_old_one_does_not(clock):
    client = signed_in(make_person())
    fresh = client.get("/users/second_factor/app/activate/").status_code
    for _ in range(2):
        clock.shift(timedelta(minutes=4))
        client.get("/dashboard/")

    old = client.get("/users/second_factor/app/activate/")

    assert fresh == 200
    assert old["Location"].startswith("/users/confirm/")
    assert client.post(old["Location"], {"password": PASSWORD})["Location"] == "/users/second_factor/app/activate/"


def test_django_tells_of_each_sign_in_once():
    told = []

    def listen(sender, user, **_):
        told.append(user)

    user_logged_in.connect(listen)
    try:
        user = make_person()
        signed_in(user)
    finally:
        user_logged_in.disconnect(listen)

    assert told == [user]
