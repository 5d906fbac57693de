"""What is wrong with a file, and in which line."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
NOT_FINITE: Final = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
MOST: Final = 1e9  # more than Italy draws in an hour, in kWh; more than any price or power
SHOWN: Final = 20
YEARS: Final = range(1900, 2201)  # another one is a slip of the pen


class Fault(NamedTuple):
    """One thing that is wrong."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


class Refused(ValueError):
    """A value that is not written as it must be, and why."""


class BadFile(Exception):
    """A case that cannot be calculated: every fault by file and line, the first of them where there are many."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


class Faults:
    """Collects what is wrong with the files of one folder."""

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def add(self, file: str, line: int, what: str) -> None:
        self._found.append(Fault(file, line, what))

    @property
    def are_many(self) -> bool:
        return len(self._found) >= SHOWN

    @property
    def any(self) -> bool:
        return bool(self._found)

    def refusal(self) -> BadFile:
        return BadFile(self._found)

    def stop_if_any(self) -> None:
        if self._found:
            raise self.refusal()


def number(text: str) -> float:
    """A decimal number as files write it; raises Refused with the reason."""
    text = text.strip()
    if NOT_FINITE.fullmatch(text):
        raise Refused(f"{text} non è un numero finito")
    if not NUMBER.fullmatch(text):
        comma = ": il separatore decimale è il punto" if "," in text else ""
        raise Refused(f"{text!r} non è un numero{comma}" if text else "manca un numero")
    value = float(text)
    if not math.isfinite(value) or abs(value) > MOST:
        raise Refused(f"{text} è un numero troppo grande")
    return value


def energy(text: str) -> float:
    """Energy in kWh; raises Refused with the reason."""
    value = number(text)
    if value < 0:
        raise Refused(f"{text.strip()} è negativa")
    return value + 0.0  # no minus before a zero


def instant(text: str) -> int:
    """A moment with its offset, in seconds since the epoch; raises Refused with the reason."""
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text!r} non è un istante ISO 8601, per esempio 2025-07-01T00:00:00+02:00") from None
    if moment.tzinfo is None:
        raise Refused(f"{text} è senza fuso: scrivi la differenza da UTC, per esempio +02:00")
    if moment.microsecond:
        raise Refused(f"{text} non è l'inizio di un'ora o di un quarto d'ora")
    if moment.year not in YEARS:
        raise Refused(f"{text} è fuori dal calendario")
    return int(moment.timestamp())


def written(epoch: int) -> str:
    """An instant as the results write it."""
    return datetime.fromtimestamp(epoch, UTC).isoformat()
