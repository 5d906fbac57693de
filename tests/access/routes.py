"""The rows of the access matrix: one for each address of the site. A new address without its row fails the tests.

A row says, for each method that is answered, what each kind of user gets. Methods it does not name get 405 from those
who may look at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.access.world import SIDES, Actor, Side, World

OK: Final = 200
TO_LOGIN: Final = 302  # to users/login/, with the way back
MOVED: Final = 302
BAD_REQUEST: Final = 400
NOT_FOUND: Final = 404
NOT_ALLOWED: Final = 405

METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
Expected = Callable[[Actor, Side], int]


def everybody(status: int) -> Expected:
    return lambda actor, side: status


NOT_FOR_ANYBODY: Final = everybody(NOT_ALLOWED)


def signed_in(status: int) -> Expected:
    """Whoever is signed in; the others are sent to the page where one signs in."""
    return lambda actor, side: TO_LOGIN if actor is Actor.ANONYMOUS else status


def insiders(status: int) -> Expected:
    """Those who belong to the object's community; for the others it does not exist."""
    return lambda actor, side: TO_LOGIN if actor is Actor.ANONYMOUS else status if side in SIDES[actor] else NOT_FOUND


MANAGERS: Final = frozenset({Actor.ADMIN_A, Actor.ADMIN_B, Actor.TECHNICIAN_A, Actor.STAFF})


def managers(status: int) -> Expected:
    """Administrators and technicians of the object's community; for everybody else it does not exist."""

    def expected(actor: Actor, side: Side) -> int:
        if actor is Actor.ANONYMOUS:
            return TO_LOGIN
        return status if actor in MANAGERS and side in SIDES[actor] else NOT_FOUND

    return expected


def any_manager(status: int) -> Expected:
    """Administrators and technicians of any community; each finds what is of their own."""
    return lambda actor, side: TO_LOGIN if actor is Actor.ANONYMOUS else status if actor in MANAGERS else NOT_FOUND


def visitors(status: int, *, others: int) -> Expected:
    """Whoever is not signed in; the others get another answer."""
    return lambda actor, side: status if actor is Actor.ANONYMOUS else others


def safe(expected: Expected) -> dict[str, Expected]:
    """A page that is only read."""
    return {"GET": expected, "HEAD": expected}


@dataclass(frozen=True)
class Route:
    """One address: how its arguments are found in the world, and who gets what by which method."""

    methods: dict[str, Expected]
    arguments: Callable[[World, Side], list[Any]] | None = None  # None: the address names no object
    otherwise: Expected = NOT_FOR_ANYBODY  # methods that are not named

    @property
    def sides(self) -> tuple[Side, ...]:
        """Whose objects are asked for."""
        return ("a", "b") if self.arguments else ("b",)

    def address_arguments(self, world: World, side: Side) -> list[Any]:
        return self.arguments(world, side) if self.arguments else []


ROUTES: Final[dict[str, Route]] = {
    "web:home": Route(safe(everybody(OK))),
    "web:dashboard": Route(safe(signed_in(OK)), otherwise=signed_in(NOT_ALLOWED)),
    "core:community": Route(
        safe(insiders(OK)), lambda world, side: [world.side(side).cer.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "core:plant": Route(
        safe(insiders(OK)), lambda world, side: [world.side(side).plant.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "meters:meters": Route(safe(any_manager(OK)), otherwise=any_manager(NOT_ALLOWED)),
    "meters:meter": Route(
        safe(managers(OK)), lambda world, side: [world.side(side).device.pk], otherwise=any_manager(NOT_ALLOWED)
    ),
    "meters:strangers": Route(safe(any_manager(OK)), otherwise=any_manager(NOT_ALLOWED)),
    "meters:stranger": Route(
        {**safe(managers(OK)), "POST": managers(OK)},  # empty: the form comes back with what is missing
        lambda world, side: [world.side(side).stranger.pk],
        otherwise=any_manager(NOT_ALLOWED),
    ),
    "core:community-history": Route(
        safe(insiders(OK)), lambda world, side: [world.side(side).cer.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "core:plant-history": Route(
        safe(insiders(OK)), lambda world, side: [world.side(side).plant.pk], otherwise=signed_in(NOT_ALLOWED)
    ),
    "users:login": Route(
        {
            "GET": visitors(OK, others=MOVED),
            "HEAD": visitors(OK, others=MOVED),
            "POST": visitors(OK, others=MOVED),  # empty: the form comes back with what is missing
            "PUT": visitors(OK, others=MOVED),  # Django reads a PUT of a form as a POST
            "OPTIONS": visitors(OK, others=MOVED),
        },
        otherwise=visitors(NOT_ALLOWED, others=MOVED),
    ),
    "users:logout": Route({"POST": everybody(MOVED), "OPTIONS": everybody(OK)}),
    "set_language": Route(
        {method: everybody(MOVED) for method in METHODS},  # back to the page one came from, whatever the method
    ),
    "monitoring:health": Route(safe(everybody(OK))),
}
