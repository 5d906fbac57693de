"""Every reason for which a paper is not taken or not read has words of its own for whoever sent it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import cercollettiva.documents
from cercollettiva.documents.pdf_safety import _ACTIONS, _KEYS
from cercollettiva.web.papers import reasons

BEGINS = re.compile(r"(The|This|There|Something) (file|kind|PDF|picture|name|attestation|is no|follows)")
ROOM = Path(cercollettiva.documents.__file__).parent
SAID_OTHERWISE = {
    "The file of document 7 is missing or was changed.",  # for the log: the page says that it is missing
    "This file is already here: 7 of 7.",  # the page names the paper: words_of
    "There is no file 7.",  # of the command, not of a page
}


def text_of(node: ast.AST) -> str | None:
    """A text of the source; what is filled in stands there as 7."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "7" for part in node.values)
    return None


def reasons_of_the_room() -> set[str]:
    found = set()
    for source in ROOM.rglob("*.py"):
        tree = ast.parse(source.read_text())
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            text = text_of(node) if id(node) not in docstrings | parts else None
            if text and BEGINS.match(text):
                found.add(text)
    return found


def test_the_reasons_are_found():
    assert len(reasons_of_the_room()) >= 15


def test_no_reason_is_told_as_something_else():
    known = reasons_of_the_room() - SAID_OTHERWISE
    known = {reason for reason in known if not reason.startswith("The PDF brings")}
    known |= {f"The PDF brings {what} along: print it" for what in (*_ACTIONS.values(), *_KEYS.values())}

    told_as_anything = {reason for reason in known if reasons.words_for(reason) == str(reasons._ELSE)}

    assert told_as_anything == set()
    assert reasons_of_the_room() >= SAID_OTHERWISE


def test_what_nobody_foresaw_still_says_what_to_do():
    assert "salvalo di nuovo" in reasons.words_for("Nobody foresaw this.")
    assert reasons.words_for("") == ""
