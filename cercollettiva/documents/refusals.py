"""Why a paper is not taken or cannot be read, as a code with what belongs to it; `reasons` has the words.

A refusal travels and is kept as one short text, `TOO_MANY_PAGES:51`: from the reader's process, which knows no Django,
to the row and to the page in whatever language it is read.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Reason(StrEnum):
    """The reasons; what follows the colon of a written one stands in the order that is given here."""

    EMPTY = "EMPTY"
    TOO_LARGE = "TOO_LARGE"
    UNKNOWN_KIND = "UNKNOWN_KIND"
    NAMED_OTHERWISE = "NAMED_OTHERWISE"  # the endings of what it is
    DUPLICATE = "DUPLICATE"
    NO_ROOM = "NO_ROOM"
    PICTURE_TOO_LARGE = "PICTURE_TOO_LARGE"  # width, height
    BROKEN_PICTURE = "BROKEN_PICTURE"
    NO_PDF = "NO_PDF"
    BROKEN = "BROKEN"
    LOCKED = "LOCKED"
    TOO_MANY_PAGES = "TOO_MANY_PAGES"  # pages
    TOO_MANY_PARTS = "TOO_MANY_PARTS"
    TWO_IN_ONE = "TWO_IN_ONE"
    BRINGS = "BRINGS"  # one of Cargo
    TOO_HARD = "TOO_HARD"
    SCAN = "SCAN"  # for a person to read
    SCANNED_ATTESTATION = "SCANNED_ATTESTATION"
    NOT_AN_ATTESTATION = "NOT_AN_ATTESTATION"
    EMPTY_ATTESTATION = "EMPTY_ATTESTATION"
    A_PICTURE = "A_PICTURE"
    MISSING = "MISSING"
    UNREADABLE = "UNREADABLE"


class Cargo(StrEnum):
    """What a PDF must not bring along."""

    SCRIPT = "SCRIPT"
    PROGRAM = "PROGRAM"
    DATA = "DATA"
    SENDING_FORM = "SENDING_FORM"
    OTHER_FILE = "OTHER_FILE"
    FILES = "FILES"
    FILM = "FILM"
    PROGRAM_FORM = "PROGRAM_FORM"


class Doubt(StrEnum):
    """What a person should look at in a field that was read; with the values that stand in this order."""

    SEVERAL = "SEVERAL"  # all that the paper gives
    MORE_THAN_APPARENT = "MORE_THAN_APPARENT"  # active power, apparent power
    MISREAD = "MISREAD"  # the value


LONGEST: Final = 300  # of a written one


class Refusal(NamedTuple):
    """A reason and what belongs to it."""

    reason: Reason
    given: tuple[str, ...] = ()

    @property
    def written(self) -> str:
        return ":".join((self.reason.value, *self.given))[:LONGEST]


def refusal(reason: Reason, *given: object) -> str:
    """As it is written."""
    return Refusal(reason, tuple(str(one) for one in given)).written


def as_refusal(written: str) -> Refusal | None:
    """What was written; None for nothing. What no reason of ours is, is unreadable."""
    if not written:
        return None
    name, *given = written.split(":")
    if name not in Reason.__members__:
        return Refusal(Reason.UNREADABLE)
    return Refusal(Reason(name), tuple(given))
