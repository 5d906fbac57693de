"""Walks every address by every method by seven kinds of user (rows T1 and T3 of the threats)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from itertools import product

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.access.api_routes import API_ROUTES
from tests.access.expectations import METHODS, TO_LOGIN, Route
from tests.access.routes import ROUTES
from tests.access.world import SIDES, Actor, Side, World, make_world
from tests.support.standing import standing_rows

pytestmark = pytest.mark.django_db


Keys = dict[Actor, SimpleCookie]  # what opens the door to each of them


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker) -> Iterator[World]:
    with standing_rows(django_db_blocker):
        yield make_world()


@pytest.fixture
def keys(world: World) -> Keys:
    """Fresh: some pages ask whoever has not signed in just now to do so again."""
    return {actor: signed_in(world, actor).cookies for actor in Actor}


def names_of(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            namespace = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from names_of(pattern.url_patterns, namespace)
        else:
            if prefix == "admin:" and not pattern.name:
                continue  # where the addresses of old versions lead on
            assert pattern.name, f"the address {pattern.pattern} has no name, so no row can name it"
            yield f"{prefix}{pattern.name}"


def test_every_address_has_its_row_and_every_row_its_address():
    addresses = [name for name in names_of(get_resolver().url_patterns) if not name.startswith("admin:")]

    assert sorted(set(addresses)) == sorted(ROUTES | API_ROUTES)  # those of the API: test_api_matrix.py


def test_every_kind_of_user_is_asked_about():
    assert set(SIDES) == set(Actor)


@pytest.mark.parametrize("name", ROUTES)
def test_each_user_gets_what_the_row_says_and_nothing_of_another_community(name: str, world: World, keys: Keys):
    route = ROUTES[name]
    for actor, (side, method) in product(Actor, questions(route)):
        client = Client()
        client.cookies = keys[actor].copy()
        with undone():
            answer = client.generic(method, reverse(name, args=route.address_arguments(world, side)))

            expected = route.methods.get(method, route.otherwise)(actor, side)
            what = f"{method} {name} of {side} by {actor.value}"
            assert answer.status_code == expected, what
            assert not leaks(answer, world, actor, route), f"{what} tells of the other side"


def questions(route: Route) -> list[tuple[Side, str]]:
    """Every method; on both sides those of the row, once what only repeats them or is refused before it looks."""
    twice = route.methods.keys() - {"HEAD"}
    return [(side, method) for side in route.sides for method in METHODS if side == "b" or method in twice]


@contextmanager
def undone() -> Iterator[None]:
    """What happens in here is taken back: the next user meets the same world."""
    cache.clear()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("name", [name for name, route in ROUTES.items() if route.arguments and not route.is_published])
def test_what_one_may_not_see_answers_like_what_is_not_there(name: str, world: World):
    method = "POST" if set(ROUTES[name].methods) == {"POST"} else "GET"
    arguments = ROUTES[name].address_arguments(world, "b")
    hidden = ask(world, Actor.MEMBER_A, method, reverse(name, args=arguments))
    missing = ask(world, Actor.MEMBER_A, method, reverse(name, args=[999_999] * len(arguments)))

    assert hidden.status_code == missing.status_code == 404
    assert without_tokens(hidden.content) == without_tokens(missing.content)


def test_whoever_is_sent_to_sign_in_comes_back(world: World):
    address = reverse("core:plant", args=[world.a.plant.pk])

    answer = Client().get(address)

    assert (answer.status_code, answer["Location"]) == (TO_LOGIN, f"{reverse('users:login')}?next={address}")


def test_a_canary_would_be_found(world: World):
    """The scan itself: an answer that does hold the other side's name must count as a leak."""
    answer = signed_in(world, Actor.MEMBER_B).get(reverse("core:plant", args=[world.b.plant.pk]))

    assert leaks(answer, world, Actor.MEMBER_A)
    assert not leaks(answer, world, Actor.MEMBER_B)


def signed_in(world: World, actor: Actor) -> Client:
    client = Client()
    person = world.people[actor]
    if person is not None:
        client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def ask(world: World, actor: Actor, method: str, address: str):
    return signed_in(world, actor).generic(method, address)


def leaks(answer, world: World, actor: Actor, route: Route | None = None) -> bool:
    """Whether an answer, its headers included, holds a canary of a community the user does not belong to."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    told = (body + repr(dict(answer.items())).encode()).lower()
    foreign = [world.side(side) for side in ("a", "b") if side not in SIDES[actor]]
    if route is not None and route.is_published:
        for word in (word for community in foreign for word in community.published):
            told = told.replace(word.encode(), b"")
    return any(community.canary.lower().encode() in told for community in foreign)


def without_tokens(body: bytes) -> bytes:
    """A page without what differs at every request: its token against forgery, and the address it repeats."""
    lines = body.splitlines()
    return b"\n".join(line for line in lines if b"csrfmiddlewaretoken" not in line and b'name="next"' not in line)
