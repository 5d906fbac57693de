"""The one password of the demo's people: made at random for each state folder, kept there, easy to type."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final, NamedTuple

CONSONANTS: Final = "bdfglmnprstvz"
VOWELS: Final = "aeiou"
WORDS: Final = 4
SYLLABLES: Final = 3  # of a word; in all 12 syllables of 65, some 72 bits


class Password(NamedTuple):
    """The password, and whether it was made just now."""

    text: str
    is_new: bool


def kept_password(path: Path) -> Password:
    """The password in this file, which only its owner reads; made when there is none."""
    try:
        text = path.read_text().strip()
    except FileNotFoundError:
        text = ""
    if text:
        return Password(text, is_new=False)
    text = invented()
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{text}\n")
    return Password(text, is_new=True)


def invented() -> str:
    """Four words that mean nothing, such as `ravopi-lunemo-tesadi-gobave`."""
    return "-".join("".join(_syllable() for _ in range(SYLLABLES)) for _ in range(WORDS))


def _syllable() -> str:
    return secrets.choice(CONSONANTS) + secrets.choice(VOWELS)
