"""What a row of the access matrix is made of: for each kind of user, what an address answers by each method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.access.world import SIDES, Actor, Side, World

OK: Final = 200
TO_LOGIN: Final = 302  # to users/login/, with the way back
MOVED: Final = 302
BAD_REQUEST: Final = 400
UNAUTHORIZED: Final = 401
NOT_FOUND: Final = 404
NOT_ALLOWED: Final = 405

METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
Expected = Callable[[Actor, Side], int]


def everybody(status: int) -> Expected:
    return lambda actor, side: status


def administrators(status: int) -> Expected:
    """Those who administer the object's community; for the others it does not exist."""
    inside = {(Actor.ADMIN_A, "a"), (Actor.ADMIN_B, "b"), (Actor.STAFF, "a"), (Actor.STAFF, "b")}
    return lambda actor, side: (
        TO_LOGIN if actor is Actor.ANONYMOUS else status if (actor, side) in inside else NOT_FOUND
    )


def administrators_alone(status: int) -> Expected:
    """The same where visitors are not asked to sign in: a screen has no keyboard."""
    expected = administrators(status)
    return lambda actor, side: NOT_FOUND if actor is Actor.ANONYMOUS else expected(actor, side)


def owner(status: int) -> Expected:
    """The person whose it is, a member; for the others, staff too, it does not exist."""
    inside = {(Actor.MEMBER_A, "a"), (Actor.MEMBER_B, "b")}
    return lambda actor, side: (
        TO_LOGIN if actor is Actor.ANONYMOUS else status if (actor, side) in inside else NOT_FOUND
    )


def plant_owners(status: int) -> Expected:
    """The two members, who own a plant; the others have none, and for them nothing is there."""
    return with_a_passkey(status, others=NOT_FOUND)


def staff(status: int) -> Expected:
    """Platform staff; for the others it does not exist."""
    return lambda actor, side: TO_LOGIN if actor is Actor.ANONYMOUS else status if actor is Actor.STAFF else NOT_FOUND


def staff_alone_with_401(status: int) -> Expected:
    """The same for a client that is no browser: it is told that it must sign in, not led anywhere."""
    expected = staff(status)
    return lambda actor, side: UNAUTHORIZED if actor is Actor.ANONYMOUS else expected(actor, side)


def with_a_passkey(status: int, *, others: int) -> Expected:
    """The members, who have one; the others who are signed in get another answer."""
    members = (Actor.MEMBER_A, Actor.MEMBER_B)
    return lambda actor, side: TO_LOGIN if actor is Actor.ANONYMOUS else status if actor in members else others


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


ADMINISTRATORS: Final = frozenset({Actor.ADMIN_A, Actor.ADMIN_B, Actor.STAFF})


def any_administrator(status: int, *, others: int = NOT_FOUND) -> Expected:
    """Administrators of any community; each finds what is of their own."""
    return lambda actor, side: TO_LOGIN if actor is Actor.ANONYMOUS else status if actor in ADMINISTRATORS else others


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
    is_published: bool = False  # whether it tells everybody a community's name and description

    @property
    def sides(self) -> tuple[Side, ...]:
        """Whose objects are asked for."""
        return ("a", "b") if self.arguments else ("b",)

    def address_arguments(self, world: World, side: Side) -> list[Any]:
        return self.arguments(world, side) if self.arguments else []


FORM_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "OPTIONS")


def form(expected: Expected, *, others: Expected | None = None) -> Route:
    """A class-based form: an empty one comes back with what is missing, and a PUT is read as a POST."""
    methods = dict.fromkeys(FORM_METHODS, expected)
    return Route(methods, otherwise=others or signed_in(NOT_ALLOWED))


def page(expected: Expected, **rest: Any) -> Route:
    """A function that reads and takes a form; other methods are refused after the door."""
    return Route({**safe(expected), "POST": expected}, **rest)
