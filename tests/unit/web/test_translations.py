"""The English texts: the compiled catalogue that is committed says what the readable one says."""

from __future__ import annotations

import ast
import gettext
from collections.abc import Iterator
from pathlib import Path

import pytest

import cercollettiva

MESSAGES = Path(cercollettiva.__file__).parent / "locale" / "en" / "LC_MESSAGES"


def entries(text: str) -> Iterator[dict[str, str]]:
    """The entries of a .po file: keyword to text, such as msgid, msgid_plural, msgstr[0]."""
    for block in text.split("\n\n"):
        entry: dict[str, str] = {}
        keyword = ""
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if not line.startswith('"'):
                keyword, _, line = line.partition(" ")
            entry[keyword] = entry.get(keyword, "") + ast.literal_eval(line)
        if entry.get("msgid"):
            yield entry


@pytest.fixture(scope="module")
def readable() -> list[dict[str, str]]:
    return list(entries((MESSAGES / "django.po").read_text()))


def test_every_text_is_translated(readable):
    empty = [entry["msgid"] for entry in readable if not all(entry[key] for key in entry if key.startswith("msgstr"))]

    assert empty == []


def test_the_compiled_catalogue_is_up_to_date(readable):
    """After a change: make messages."""
    with (MESSAGES / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    for entry in readable:
        context = entry.get("msgctxt")
        for number in (0, 1):
            key = f"msgstr[{number}]" if "msgid_plural" in entry else "msgstr"
            if "msgid_plural" in entry:
                found = compiled.ngettext(entry["msgid"], entry["msgid_plural"], 1 if number == 0 else 2)
            elif context:
                found = compiled.pgettext(context, entry["msgid"])
            else:
                found = compiled.gettext(entry["msgid"])
            assert found == entry[key], entry["msgid"]
