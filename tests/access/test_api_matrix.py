"""Walks the addresses of the API, with everything they can be asked, by seven kinds of user: nothing of the other side.

Each call that may change something is taken back, so that one pair of communities serves them all. `make probes` asks
everything, more than ten thousand questions; a run of all the tests asks every row and a part of the rest.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from itertools import islice, product
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.access.api_routes import API_ROUTES
from tests.access.expectations import METHODS
from tests.access.test_matrix import leaks
from tests.access.world import SIDES, Actor, Side, World, make_world

pytestmark = pytest.mark.django_db

ALL = bool(os.environ.get("CER_ALL_PROBES"))
PROBES = 10_000 if ALL else 3_000
EVERY = 1 if ALL else 6  # one question in so many
CHANGING = ("POST", "PUT", "PATCH", "DELETE")
ALIASES = ("energy:plant-", "energy:device-", "core-api-again:")  # the same views at other addresses
FORMATS = ("json", "csv", "csv-en", "xlsx")
PERIODS = ("15M", "1H", "1D", "1W", "1M", "1Y")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of refusals are meant, and need no line in the log each."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(autouse=True)
def _no_second_factor(settings):
    """That is for the tests of people; here it would be a fifth of the time."""
    settings.SECOND_FACTOR_REQUIRED = False
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"


@pytest.fixture(autouse=True)
def _often(settings):
    """How often one may call is for other tests."""
    rates = dict.fromkeys(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"])
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}


def clients_of(world: World) -> dict[Actor, Client]:
    clients = {}
    for actor, person in world.people.items():
        clients[actor] = Client()
        if person is not None:
            clients[actor].force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return clients


def ask(client: Client, method: str, address: str, body: Any = None) -> tuple[int, Any]:
    """The answer, and whatever it did taken back."""
    data = json.dumps(body) if body is not None else ""
    with transaction.atomic():
        answer = client.generic(method, address, data, content_type="application/json")
        if method in CHANGING:
            transaction.set_rollback(True)
    return answer.status_code, answer


def test_no_question_tells_anybody_of_the_other_side():
    """What the rows say, by every method; what has parameters, with many; lists and searches."""
    world = make_world()
    count = told = 0

    for actor, client in clients_of(world).items():
        count += walk_the_rows(world, actor, client)
        for method, address, body, foreign in islice(questions(world, actor), None, None, EVERY):
            status, answer = ask(client, method, address, body)

            count += 1
            told += status == 200
            what = f"{method} {address} {body} by {actor.value}: {status}"
            assert status < 500, what
            assert not leaks(answer, world, actor), what
            if foreign:
                assert status in (400, 401, 403, 404, 405), what
                assert (status == 401) == (actor is Actor.ANONYMOUS), what
        for address in LISTS:
            status, answer = ask(client, "GET", address)

            count += 1
            assert not leaks(answer, world, actor), f"{address} by {actor.value}"

    assert count >= PROBES, count
    assert told > count / 10, "hardly anything was answered: the scan proves nothing"


def walk_the_rows(world: World, actor: Actor, client: Client) -> int:
    """Every address by every method; how many calls that was."""
    count = 0
    for (name, route), method in product(API_ROUTES.items(), METHODS):
        if method != "GET" and name.startswith(ALIASES) and not ALL:
            continue
        for side in route.sides:
            status, answer = ask(client, method, reverse(name, args=route.address_arguments(world, side)))

            count += 1
            expected = route.methods.get(method, route.otherwise)(actor, side)
            assert status == expected, f"{method} {name} of {side} by {actor.value}"
            assert not leaks(answer, world, actor), f"{method} {name} of {side} tells {actor.value}"
    return count


def questions(world: World, actor: Actor) -> Iterator[tuple[str, str, Any, bool]]:
    """Method, address, body, and whether it names something of a side that is not the user's."""
    for side in ("a", "b"):
        foreign = side not in SIDES[actor]
        for prefix in ("/api/energy", "/api/energy/api", "/energy/api"):
            yield from ((*one, foreign) for one in _of_the_router(world, side, prefix))
        for prefix in ("", "/core"):
            yield from ((*one, foreign) for one in _of_the_core(world, side, prefix))


def _of_the_router(world: World, side: Side, prefix: str) -> Iterator[tuple[str, str, Any]]:
    there = world.side(side)
    other = world.side("b" if side == "a" else "a")
    plant, device, cer = there.plant.pk, there.device.pk, there.cer.pk
    for action in ("", "statistics/", "device_status/", "type/"):
        for method in ("GET", "HEAD"):
            yield method, f"{prefix}/plants/{plant}/{action}", None
    for action in ("", "latest_measurement/"):
        for method in ("GET", "HEAD"):
            yield method, f"{prefix}/devices/{device}/{action}", None
    for name in ("name", "address", "city", "zip_code", "province", "nominal_power", "is_active", "owner", "id"):
        yield (
            "PATCH",
            f"{prefix}/plants/{plant}/",
            {name: None if name == "nominal_power" else there.canary[:2].upper()},
        )
    for name in ("vendor", "model", "is_active", "plant", "device_id", "mqtt_topic_template", "last_seen"):
        yield "PATCH", f"{prefix}/devices/{device}/", {name: other.plant.pk if name == "plant" else "x"}
    for query in (f"device={device}", f"device_id={there.device.device_id}", f"plant={plant}"):
        for order, size in product(("timestamp", "-timestamp", "power", "-power", "voltage", "current"), (1, 5, 100)):
            yield "GET", f"{prefix}/measurements/?{query}&ordering={order}&page_size={size}", None
    yield "GET", f"{prefix}/measurements/latest/?device_id={there.device.device_id}", None
    kinds = (("device", device), ("plant", plant), ("community", cer))
    for path, (kind, key), period in product(("intervals", "aggregates"), kinds, PERIODS):
        for form in FORMATS if prefix == "/api/energy" else ("json", "csv"):
            yield (
                "GET",
                f"{prefix}/{path}/?{kind}={key}&period={period}&format={form}&from=2026-11-01&to=2026-11-02",
                None,
            )


def _of_the_core(world: World, side: Side, prefix: str) -> Iterator[tuple[str, str, Any]]:
    plant = world.side(side).plant.pk
    for hours in (1, 2, 6, 12, 24, 36, 48):
        for interval in (60, 600, 900, 3600):
            yield "GET", f"{prefix}/api/plants/{plant}/data/?hours={hours}&interval={interval}", None
        yield "GET", f"{prefix}/api/plants/{plant}/measurements/?hours={hours}", None
    yield "GET", f"{prefix}/api/mqtt/status/{plant}/", None


LISTS = [
    *("/api/cer-power/", "/api/feed/", "/energy/api/total-power/", "/energy/api/plants/mqtt-data/"),
    *(f"/api/energy/plants/?search={word}" for word in ("", "CANARY", "B", "IT001E", "plant")),
    *(f"/api/energy/plants/?cer_configuration={number}" for number in range(1, 6)),
    *(f"/api/energy/devices/?search={word}" for word in ("", "CANARY", "B", "IT001E", "device")),
    *(f"/api/energy/devices/?plant={number}" for number in range(1, 6)),
    *("/api/energy/measurements/", "/api/energy/measurements/latest/", "/api/energy/measurements/?ordering=power"),
]
