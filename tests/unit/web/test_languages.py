"""Two languages, whole: what the code says in Italian the catalogue says in English, and no page mixes them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation.template import templatize

from tests.unit.web.test_translations import MESSAGES, entries

ROOT = Path(settings.PACKAGE_DIR)
CALLS = {
    "_": 1,
    "gettext": 1,
    "gettext_lazy": 1,
    "gettext_noop": 1,
    "pgettext": 2,
    "pgettext_lazy": 2,
    "ngettext": 2,
    "ngettext_lazy": 2,
}
MARKED = re.compile(r"(?<![\w.])(" + "|".join(sorted(CALLS, key=len, reverse=True)) + r")\(")
# The same word in both languages: codes, names, and words that one borrowed from the other.
SAME = re.compile(
    r"(?:%\([a-z_]+\)[sd]|[\s·:,.()/–«»“”→-]|[A-Z]{2,}|[A-Za-z]*[0-9]+|CerCollettiva|GAUDÌ|POD|Home|Account|Privacy|"
    r"Email|email|password|Password|[Ff]irmware|[Ll]ogo|[Ff]ile|account|[Ss]erver|topic|[Bb]roker|Auto|Calabria|kWh?|WebSocket|English|Italiano|"
    r"prosumer|Prosumer|GSE|IBAN|PEC|[Nn]o|Sì|CSV|XLSX|byte|Dashboard|Browser|passkey|Passkey|[Tt]oken)+"
)
Text = tuple[str, str]  # context, words


def calls_of(source: str) -> Iterator[Text]:
    """The texts that are marked for translation; a call is read up to the bracket that makes it whole."""
    for found in MARKED.finditer(source):
        for end in (close.end() for close in re.finditer(r"\)", source[found.start() :])):
            try:
                call = ast.parse(source[found.start() : found.start() + end].strip(), mode="eval").body
            except SyntaxError:
                continue
            break
        else:
            continue
        given = [part.value for part in call.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if not given:
            continue  # a name, which was marked where it was written
        yield (given[0], given[1]) if found[1].startswith("pgettext") else ("", given[0])


def texts_of_the_code() -> set[Text]:
    texts: set[Text] = set()
    for path in ROOT.rglob("*"):
        if path.suffix == ".py" and "migrations" not in path.parts:
            tree = ast.parse(path.read_text())
            source = "\n".join(
                ast.unparse(node)
                for node in ast.walk(tree)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS
            )
            texts.update(calls_of(source))
        elif path.suffix in (".html", ".txt") and "templates" in path.parts:
            texts.update(calls_of(templatize(path.read_text())))
    return {(context, words) for context, words in texts if words.strip()}


@pytest.fixture(scope="module")
def catalogue() -> dict[Text, dict[str, str]]:
    read = entries((MESSAGES / "django.po").read_text())
    return {(entry.get("msgctxt", ""), entry["msgid"]): entry for entry in read}


def test_every_text_of_the_code_is_in_the_english_catalogue(catalogue):
    assert sorted(texts_of_the_code() - set(catalogue)) == []


def test_the_texts_are_found():
    texts = texts_of_the_code()

    assert len(texts) > 900
    assert {("", "comunità energetica"), ("", "Vai al contenuto"), ("", "Principale")} <= texts


def test_no_translation_is_a_guess():
    fuzzy = [
        line for line in (MESSAGES / "django.po").read_text().splitlines() if line.startswith("#,") and "fuzzy" in line
    ]

    assert fuzzy == []


def test_no_english_text_is_still_italian(catalogue):
    same = [words for (_, words), entry in catalogue.items() if entry.get("msgstr") == words]

    assert [words for words in same if not SAME.fullmatch(words)] == []


def test_what_is_filled_in_is_the_same_in_both(catalogue):
    names = re.compile(r"%\(([a-z_0-9]+)\)[-.0-9a-z]|\{([a-z_]*)\}")
    wrong = [
        words
        for (_, words), entry in catalogue.items()
        for key, text in entry.items()
        if key.startswith("msgstr")
        and not key.endswith("[0]")
        and set(names.findall(text)) != set(names.findall(words))
    ]

    assert [words for words in wrong if "msgid_plural" not in catalogue["", words]] == []
