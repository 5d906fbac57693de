"""Every address of the administration, by seven kinds of user; the matrix has a row for each other one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, reverse

import cercollettiva.urls  # noqa: F401  # the pages register themselves when the addresses are read
from tests.access.test_matrix import leaks, names_of, signed_in
from tests.access.world import Actor, World, make_world

pytestmark = pytest.mark.django_db

ROOT = "/ceradmin/"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OPEN = {"admin:login", "admin:logout"}  # they lead to the one door, and out of it


@pytest.fixture
def world() -> World:
    return make_world()


def addresses() -> Iterator[tuple[str, str]]:
    """Each name with an address; of rows that are not there, where it names one."""
    for name in sorted(set(names_of(admin.site.urls[0], "admin:"))):
        for arguments in ([], [1], ["core"], [1, 1], ["nothing-here"]):
            try:
                yield name, reverse(name, args=arguments)
            except NoReverseMatch:
                continue
            break
        else:
            raise AssertionError(f"no address for {name}")


def test_every_model_with_a_page_has_an_address():
    names = {name for name, _ in addresses()}

    assert len(names) > 80
    for model in admin.site._registry:
        assert f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist" in names


SAMPLES = ("", "users/customuser/", "users/customuser/1/change/", "core/plant/export/", "core/plant/import/", "search/")


def test_an_administrator_of_a_community_finds_nothing_at_any_address(world: World):
    client = signed_in(world, Actor.ADMIN_A)

    found = [(name, client.get(address).status_code) for name, address in addresses() if name not in OPEN]

    assert [each for each in found if each[1] != 404] == []


def test_every_kind_of_user_but_staff_is_refused_by_every_method(world: World):
    for actor in (actor for actor in Actor if actor is not Actor.STAFF):
        client = signed_in(world, actor)
        expected = 302 if actor is Actor.ANONYMOUS else 404
        for address in SAMPLES:
            for method in METHODS:
                answer = client.generic(method, f"{ROOT}{address}")

                assert answer.status_code == expected, f"{method} {address} by {actor.value}"
                assert expected == 404 or answer["Location"].startswith(reverse("users:login"))
                assert not leaks(answer, world, actor)


def test_whoever_signs_in_through_it_comes_through_the_door_of_all(world: World):
    answer = Client().get(f"{ROOT}login/")

    assert answer["Location"] == f"{reverse('users:login')}?next={ROOT}"
    assert Client().post(f"{ROOT}login/", {"username": "x", "password": "y"}).status_code == 302


def test_staff_opens_every_list_and_every_row(world: World):
    client = signed_in(world, Actor.STAFF)

    for model, page in admin.site._registry.items():
        listed = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert client.get(listed).status_code == 200, listed
        if page.search_fields:
            assert client.get(f"{listed}?q=a1b2").status_code == 200, listed
        row = model._base_manager.first()
        if row is None:
            continue
        for view in ("change", "history"):
            address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=[row.pk])
            assert client.get(address).status_code == 200, address
    assert client.get(ROOT).status_code == 200


def test_without_the_second_factor_that_is_due_nobody_comes_in(world: World, settings):
    staff = world.people[Actor.STAFF]
    staff.second_factor_due_at = "2026-01-01T00:00Z"
    staff.save()

    answer = signed_in(world, Actor.STAFF).get(ROOT)

    assert answer.status_code == 302
    assert reverse("mfa_index") in answer["Location"]
