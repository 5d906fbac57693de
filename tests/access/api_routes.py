"""The rows of the API: what each kind of user gets by each method. Signed out is 401 here, never a page."""

from __future__ import annotations

from typing import Any, Final

from tests.access.expectations import (
    BAD_REQUEST,
    MANAGERS,
    NOT_ALLOWED,
    NOT_FOUND,
    OK,
    Expected,
    Route,
    everybody,
    safe,
)
from tests.access.world import SIDES, Actor, Side, World

CREATED: Final = 201
NO_CONTENT: Final = 204
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
# Who sees a plant: its owner, and those who look after its community.
SEES_PLANTS: Final = frozenset({*MANAGERS, Actor.MEMBER_A, Actor.MEMBER_B})


def callers(status: int) -> Expected:
    """Whoever is signed in."""
    return lambda actor, side: UNAUTHORIZED if actor is Actor.ANONYMOUS else status


def seers(status: int) -> Expected:
    """Those who see the object; for the others it does not exist."""

    def expected(actor: Actor, side: Side) -> int:
        if actor is Actor.ANONYMOUS:
            return UNAUTHORIZED
        return status if actor in SEES_PLANTS and side in SIDES[actor] else NOT_FOUND

    return expected


def keepers(status: int) -> Expected:
    """Those who look after the device; whoever only sees it is refused; for the others it does not exist."""

    def expected(actor: Actor, side: Side) -> int:
        if actor is Actor.ANONYMOUS:
            return UNAUTHORIZED
        if side not in SIDES[actor]:
            return NOT_FOUND
        return status if actor in MANAGERS else FORBIDDEN

    return expected


def read(expected: Expected) -> dict[str, Expected]:
    return {**safe(expected), "OPTIONS": callers(OK)}


def plant(world: World, side: Side) -> list[Any]:
    return [world.side(side).plant.pk]


def device(world: World, side: Side) -> list[Any]:
    return [world.side(side).device.pk]


REFUSED: Final = callers(NOT_ALLOWED)
LIST: Final = Route(read(callers(OK)), otherwise=REFUSED)
WRITABLE_LIST: Final = Route({**read(callers(OK)), "POST": callers(BAD_REQUEST)}, otherwise=REFUSED)  # empty
BY_PLANT: Final = Route(read(seers(OK)), plant, otherwise=REFUSED)
ROUTER: Final = {
    "plant-list": WRITABLE_LIST,
    "plant-detail": Route(
        {**read(seers(OK)), "PUT": seers(BAD_REQUEST), "PATCH": seers(OK), "DELETE": seers(NO_CONTENT)},
        plant,
        otherwise=REFUSED,
    ),
    "plant-statistics": BY_PLANT,
    "plant-device-status": BY_PLANT,
    "plant-type": BY_PLANT,
    "device-list": WRITABLE_LIST,
    "device-detail": Route(
        {**read(seers(OK)), "PUT": keepers(BAD_REQUEST), "PATCH": keepers(OK), "DELETE": keepers(NO_CONTENT)},
        device,
        otherwise=REFUSED,
    ),
    "device-latest-measurement": Route(read(seers(OK)), device, otherwise=REFUSED),
    "device-token": Route(
        {"OPTIONS": callers(OK), "POST": keepers(CREATED), "DELETE": keepers(NO_CONTENT)}, device, otherwise=REFUSED
    ),
    "measurement-list": Route({**read(callers(OK)), "POST": everybody(UNAUTHORIZED)}, otherwise=REFUSED),
    "measurement-latest": LIST,
    "interval-list": Route(
        {**safe(callers(BAD_REQUEST)), "OPTIONS": callers(OK)}, otherwise=REFUSED
    ),  # of nobody in particular
    "aggregate-list": Route({**safe(callers(BAD_REQUEST)), "OPTIONS": callers(OK)}, otherwise=REFUSED),
}
CORE: Final = {
    "plant-data": BY_PLANT,
    "plant-measurements": BY_PLANT,
    "cer-power": LIST,
    "mqtt-status": BY_PLANT,
}
API_ROUTES: Final[dict[str, Route]] = {
    **{f"energy:{name}": route for name, route in ROUTER.items()},
    **{f"energy-api:{name}": route for name, route in ROUTER.items()},
    **{f"core-api:{name}": route for name, route in CORE.items()},
    **{f"core-api-again:{name}": route for name, route in CORE.items()},
    "energy:total-power": LIST,
    "energy:plants-mqtt-data": LIST,
    "energy:plant-mqtt-data": BY_PLANT,
    "api-feed": LIST,
    "api-schema": Route({**safe(everybody(OK)), "OPTIONS": everybody(OK)}, otherwise=everybody(NOT_ALLOWED)),
    "api-docs": Route(safe(everybody(OK))),
}
