"""What can be watched, and the codes that sockets are closed with."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The word in the address of a socket."""

    PLANT = "plants"
    COMMUNITY = "cer"
    MANAGED = "cer-managed"  # has no address: a community as those see it who look after it


class Topic(NamedTuple):
    """A plant, or a community as its people or its managers see it: everybody who watches it gets the same frames."""

    kind: Kind
    pk: int


class CloseCode(IntEnum):
    """Why we closed a socket. 4403 is final until somebody signs in again; after the others the browser may return."""

    TRY_AGAIN = 1013  # the trouble is ours: the database is away, or worse
    NO_LONGER_ALLOWED = 4403  # not signed in, or no longer; or the right to look at it was lost
    NOT_FOUND = 4404  # it does not exist, or is not for these eyes: nobody can tell which
    TOO_MANY = 4429  # the same person opened another: the oldest goes
