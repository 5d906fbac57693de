"""Tokens of people: how far they reach, how long they last, that they are shown once; and how often one may call."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cercollettiva.core.models import Plant
from cercollettiva.users.models import ApiToken, AuditLine, IdempotentAnswer, Scope
from cercollettiva.users.tokens import MOST_OPEN
from tests.integration.api.scene import Api, bearer, client_of, make_api, token_of
from tests.integration.users.signing import PASSWORD as SIGNING_PASSWORD
from tests.integration.users.signing import make_person, signed_in

pytestmark = pytest.mark.django_db
PLANTS = "/api/energy/plants/"
NEW = {"name": "Casa nuova", "pod_code": "IT001E00009999", "plant_type": "PROSUMER"}


@pytest.fixture
def api() -> Api:
    return make_api()


def test_a_token_is_shown_once_and_only_its_hash_is_kept(api: Api):
    client = api.client("member")

    made = client.post(reverse("users:tokens"), {"name": "Casa", "scope": "read", "days": "30"})
    text = made.context["text"]
    later = client.get(reverse("users:tokens"))

    assert text.startswith("cer_")
    assert text in made.content.decode()
    assert text not in later.content.decode()
    assert "Casa" in later.content.decode()
    row = ApiToken.objects.get()
    assert text not in (row.token_hash, row.hint)
    assert timedelta(days=29) < row.expires_at - timezone.now() <= timedelta(days=30)
    assert AuditLine.objects.filter(action="TOKEN_CREATED").count() == 1
    assert Client().get("/api/cer-power/", **bearer(text)).status_code == 200


def test_a_token_is_made_after_saying_again_who_one_is(api: Api):
    person = make_person()
    client, address = signed_in(person), reverse("users:tokens")
    form = {"name": "Casa", "scope": "write", "days": "365"}

    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        read = client.get(address)
        refused = client.post(address, form)
        made_before = ApiToken.objects.filter(user=person).exists()
        made = client.post(refused["Location"], {"password": SIGNING_PASSWORD})

    assert read.status_code == 200
    assert (refused.status_code, refused["Location"].partition("?")[0]) == (302, "/users/confirm/")
    assert not made_before
    assert "cer_" in made.content.decode()
    assert ApiToken.objects.get(user=person).name == "Casa"


@pytest.mark.parametrize(
    ("scope", "feed", "read", "write"), [("feed", 200, 403, 403), ("read", 200, 200, 403), ("write", 200, 200, 201)]
)
def test_a_token_reaches_as_far_as_its_scope(scope: str, feed: int, read: int, write: int, api: Api):
    token = token_of(api.scene.a.member, Scope(scope))
    client = Client(enforce_csrf_checks=True)

    assert client.get("/api/feed/", **bearer(token)).status_code == feed
    assert client.get("/api/cer-power/", **bearer(token)).status_code == read
    assert client.get(PLANTS, **bearer(token)).status_code == read
    assert client.post(PLANTS, NEW, content_type="application/json", **bearer(token)).status_code == write


def test_a_token_sees_what_its_owner_sees_and_no_more(api: Api):
    token = token_of(api.scene.a.member)

    rows = Client().get(PLANTS, **bearer(token)).json()["results"]

    assert [row["id"] for row in rows] == [api.scene.a.plant.pk]
    assert Client().get(f"{PLANTS}{api.scene.b.plant.pk}/", **bearer(token)).status_code == 404


def test_a_token_that_expired_was_revoked_or_is_nobodys_is_401(api: Api):
    member = api.scene.a.member
    short, good, revoked = (token_of(member, lasts=timedelta(hours=hours)) for hours in (1, 48, 48))
    client = api.client("member")
    row = next(row for row in ApiToken.objects.all() if revoked.startswith(row.hint))
    assert client.post(reverse("users:revoke_token", args=[row.pk])).status_code == 302

    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        statuses = [
            Client().get("/api/feed/", **bearer(token)).status_code for token in (short, good, revoked, "cer_x")
        ]
    member.is_active = False
    member.save()

    assert statuses == [401, 200, 401, 401]
    assert Client().get("/api/feed/", **bearer(good)).status_code == 401
    assert AuditLine.objects.filter(action="TOKEN_REVOKED").count() == 1


def test_nobody_revokes_the_token_of_another(api: Api):
    token_of(api.scene.a.member)

    answer = api.client("admin").post(reverse("users:revoke_token", args=[ApiToken.objects.get().pk]))

    assert answer.status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_one_has_so_many_tokens_and_no_more(api: Api):
    for _ in range(MOST_OPEN):
        token_of(api.scene.a.member)

    answer = api.client("member").post(reverse("users:tokens"), {"name": "x", "scope": "feed", "days": "30"})

    assert ApiToken.objects.count() == MOST_OPEN
    assert answer.context["form"].errors


def test_the_token_of_an_administrator_without_a_second_factor_stops_after_the_grace(api: Api):
    admin = api.scene.a.admin
    token = token_of(admin, lasts=timedelta(days=30))
    admin.second_factor_due_at = timezone.now() - timedelta(minutes=1)
    admin.save()

    answer = Client().get("/api/cer-power/", **bearer(token))

    assert (answer.status_code, answer.json()["error"]) == (403, "second_factor_required")


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Basic eDp5", "Bearer \xff"])
def test_a_header_that_is_no_token_is_401(header: str, api: Api):
    assert Client().get("/api/cer-power/", headers={"Authorization": header}).status_code == 401


def test_a_session_needs_the_token_against_forgery(api: Api):
    client = Client(enforce_csrf_checks=True)
    client.force_login(api.scene.a.member, backend=django_settings.AUTHENTICATION_BACKENDS[0])

    answer = client.post(PLANTS, NEW, content_type="application/json")

    assert answer.status_code == 403
    assert not Plant.objects.filter(pod_code=NEW["pod_code"]).exists()


def limit(settings: Any, **rates: str) -> None:
    given = settings.REST_FRAMEWORK
    settings.REST_FRAMEWORK = {**given, "DEFAULT_THROTTLE_RATES": {**given["DEFAULT_THROTTLE_RATES"], **rates}}


def test_who_calls_too_often_is_told_when_to_come_back(api: Api, settings):
    limit(settings, caller="3/min")
    member, admin = api.client("member"), api.client("admin")

    statuses = [member.get("/api/cer-power/").status_code for _ in range(4)]
    refused = member.get(PLANTS)

    assert statuses == [200, 200, 200, 429]
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert admin.get("/api/cer-power/").status_code == 200


def test_an_address_is_counted_before_anybody_is_known(api: Api, settings):
    limit(settings, address="3/min")

    statuses = [Client().get("/api/cer-power/", **bearer("guess")).status_code for _ in range(5)]
    answer = api.client("member").get("/api/cer-power/")

    assert statuses == [401, 401, 401, 429, 429]
    assert (answer.status_code, answer.json()["error"]) == (429, "too_many_requests")


def test_writing_has_a_limit_of_its_own(api: Api, settings):
    limit(settings, write="1/min")
    client = api.client("member")

    statuses = [client.post(PLANTS, {}, content_type="application/json").status_code for _ in range(2)]

    assert statuses == [400, 429]
    assert client.get(PLANTS).status_code == 200


def test_the_same_key_gets_the_first_answer_again(api: Api):
    client = api.client("member")
    key = {"headers": {"Idempotency-Key": "abc"}}

    first = client.post(PLANTS, NEW, content_type="application/json", **key)
    again = client.post(PLANTS, dict(reversed(NEW.items())), content_type="application/json", **key)
    other = client.post(PLANTS, {**NEW, "name": "Altra"}, content_type="application/json", **key)
    another = {**NEW, "pod_code": "IT001E00009998"}
    foreign = api.client("admin").post(PLANTS, another, content_type="application/json", **key)

    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (201, 201, "true")
    assert again.json() == first.json()
    assert other.status_code == 409
    assert foreign.status_code == 201  # a key is its caller's own


def test_a_refusal_uses_no_key_up(api: Api):
    client = api.client("member")
    key = {"headers": {"Idempotency-Key": "abc"}}

    refused = client.post(PLANTS, {**NEW, "pod_code": "?"}, content_type="application/json", **key)
    taken = client.post(PLANTS, NEW, content_type="application/json", **key)

    assert (refused.status_code, taken.status_code) == (400, 201)


@pytest.mark.parametrize("key", ["", "x" * 101, "a b"])
def test_a_key_that_is_none_is_refused_by_its_name(key: str, api: Api):
    answer = api.client("member").post(PLANTS, NEW, content_type="application/json", headers={"Idempotency-Key": key})

    assert (answer.status_code, list(answer.json())) == (400, ["Idempotency-Key"])


def test_keys_are_forgotten_after_a_day(api: Api):
    client = api.client("member")
    client.post(PLANTS, NEW, content_type="application/json", headers={"Idempotency-Key": "old"})
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))

    client.post(
        PLANTS,
        {**NEW, "pod_code": "IT001E00009998"},
        content_type="application/json",
        headers={"Idempotency-Key": "new"},
    )

    assert list(IdempotentAnswer.objects.values_list("key", flat=True)) == ["new"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", ["the-same", None])
def test_fifty_equal_posts_at_once_have_one_effect(key: str | None):
    """With a key all are told of the one plant; without, the database keeps the POD to one."""
    api = make_api()
    headers = {"Idempotency-Key": key} if key else {}

    def call(_: int) -> tuple[int, Any]:
        try:
            client = client_of(api.scene.a.member)
            answer = client.post(PLANTS, NEW, content_type="application/json", headers=headers)
            return answer.status_code, answer.json()
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(call, range(50)))

    assert Plant.objects.filter(pod_code=NEW["pod_code"]).count() == 1
    if key:
        assert {status for status, _ in answers} == {201}
        assert len({answer["id"] for _, answer in answers}) == 1
    else:
        assert sorted(status for status, _ in answers) == [201] + [400] * 49
