"""The codes that name places on the Italian grid, read as people write them.

A POD (punto di prelievo, the connection point) is `IT`, three digits of the distributor, `E`, eight characters and
sometimes a ninth control character that says nothing: two PODs are the same when their first 14 characters are.
A primary substation (cabina primaria) is `AC`, three digits of the distributor, `E` and five digits.
"""

from __future__ import annotations

import re
from typing import Final

POD_EXAMPLE: Final = "IT001E12345678"
POD_KEY_LENGTH: Final = 14
POD_PATTERN: Final = re.compile(r"IT[0-9]{3}E[0-9A-Z]{8}[0-9A-Z]?")

SUBSTATION_EXAMPLE: Final = "AC001E00001"
SUBSTATION_PATTERN: Final = re.compile(r"AC[0-9]{3}E[0-9]{5}")


class InvalidIdentifier(ValueError):
    """A code that cannot be right; its text says to a person what is wrong and shows a good one."""


def pod_key(text: str) -> str:
    """The 14 characters on which PODs are compared."""
    return pod_as_written(text)[:POD_KEY_LENGTH]


def pod_as_written(text: str) -> str:
    """The POD with its control character if it was given, in upper case and without spaces."""
    pod = _compact(text)
    if POD_PATTERN.fullmatch(pod):
        return pod
    raise InvalidIdentifier(_what_is_wrong(pod, _POD_SHAPE))


def primary_substation_code(text: str) -> str:
    """The code of a primary substation, in upper case and without spaces."""
    code = _compact(text)
    if SUBSTATION_PATTERN.fullmatch(code):
        return code
    raise InvalidIdentifier(_what_is_wrong(code, _SUBSTATION_SHAPE))


class _Shape:
    """What a code looks like, to tell a person where theirs departs from it."""

    def __init__(
        self, *, name: str, lengths: tuple[int, ...], example: str, rules: tuple[tuple[str, str], ...]
    ) -> None:
        self.name = name
        self.lengths = lengths
        self.example = example
        self.rules = rules  # a pattern for the beginning of the code, and what to say when it does not match


_POD_SHAPE = _Shape(
    name="Il POD",
    lengths=(14, 15),
    example=POD_EXAMPLE,
    rules=(
        (r"IT", "comincia con IT"),
        (r"IT[0-9]{3}", "ha tre cifre dopo IT (il distributore)"),
        (r"IT[0-9]{3}E", "ha una E al sesto posto"),
        (r"IT[0-9]{3}E[0-9A-Z]{8,9}\Z", "ha solo lettere e cifre dopo la E"),
    ),
)
_SUBSTATION_SHAPE = _Shape(
    name="Il codice della cabina primaria",
    lengths=(11,),
    example=SUBSTATION_EXAMPLE,
    rules=(
        (r"AC", "comincia con AC"),
        (r"AC[0-9]{3}", "ha tre cifre dopo AC (il distributore)"),
        (r"AC[0-9]{3}E", "ha una E al sesto posto"),
        (r"AC[0-9]{3}E[0-9]{5}\Z", "ha solo cifre dopo la E"),
    ),
)


def _compact(text: str) -> str:
    return "".join(text.split()).upper()


def _what_is_wrong(code: str, shape: _Shape) -> str:
    for_example = f"per esempio {shape.example}."
    if not code:
        return f"{shape.name} manca: {for_example}"
    if len(code) not in shape.lengths:
        needed = " o ".join(str(length) for length in shape.lengths)
        return f"{_you_wrote(len(code))}, ne servono {needed}: {for_example}"
    broken = next(words for pattern, words in shape.rules if not re.match(pattern, code))
    return f"{shape.name} {broken}: {for_example}"


def _you_wrote(characters: int) -> str:
    return "Ne hai scritto 1" if characters == 1 else f"Ne hai scritti {characters}"
