"""What a PDF must not bring along: scripts, programs to start, files inside, a password, too many pages (T8)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from cercollettiva.documents.formats import MOST_BYTES

MOST_PAGES: Final = 50
MOST_OBJECTS: Final = 20_000
_LOCKED: Final = "The PDF is locked by a password: save a copy without it."
_BROKEN: Final = "The file is broken, or is no PDF."
_ACTIONS: Final = {
    "/JavaScript": "a script",
    "/Launch": "a program to start",
    "/ImportData": "data to load from elsewhere",
    "/SubmitForm": "a form that sends itself away",
    "/GoToR": "a jump into another file",
    "/GoToE": "a jump into a file inside",
    "/Rendition": "a film",
    "/RichMediaExecute": "a film",
}
_KEYS: Final = {
    "/JS": "a script",
    "/JavaScript": "a script",
    "/EmbeddedFiles": "files inside",
    "/EF": "files inside",
    "/RichMedia": "a film",
    "/XFA": "a form with a program",
}


class UnsafePdf(ValueError):
    """The PDF is refused; its text says why."""


def refuse_unsafe_pdf(path: Path) -> None:
    """Raises UnsafePdf with the reason. Nothing in the file is carried out."""
    if path.stat().st_size > MOST_BYTES:
        raise UnsafePdf("The file is larger than 10 MB.")
    with path.open("rb") as file:
        if not re.match(rb"\s{0,16}%PDF-\d\.\d", file.read(1024)):
            raise UnsafePdf("The file is no PDF.")
    try:
        _refuse_parts(PdfReader(path))
    except UnsafePdf:
        raise
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, OSError) as error:
        raise UnsafePdf(_BROKEN) from error  # a reader of broken files fails in any of these ways


def _refuse_parts(reader: PdfReader) -> None:
    if reader.is_encrypted:
        raise UnsafePdf(_LOCKED)
    pages = len(reader.pages)
    if not pages:
        raise UnsafePdf(_BROKEN)
    if pages > MOST_PAGES:
        raise UnsafePdf(f"The PDF has {pages} pages, and {MOST_PAGES} are the most.")
    for entries in _dictionaries_of(reader):
        _refuse_entries(entries)


def _refuse_entries(entries: DictionaryObject) -> None:
    brings = next((what for key, what in _KEYS.items() if key in entries), None) or _ACTIONS.get(
        str(entries.raw_get("/S")) if "/S" in entries else ""
    )
    if brings:
        raise UnsafePdf(f"The PDF brings {brings} along: print it into a new PDF and send that one.")


def _dictionaries_of(reader: PdfReader) -> Iterator[DictionaryObject]:
    """Every dictionary that can be reached from the trailer, each once."""
    waiting: list[Any] = [reader.trailer]
    seen: set[tuple[int, int]] = set()
    visited = 0
    while waiting:
        item = waiting.pop()
        if isinstance(item, IndirectObject):
            if (item.idnum, item.generation) in seen:
                continue
            seen.add((item.idnum, item.generation))
            item = item.get_object()
        visited += 1
        if visited > MOST_OBJECTS:
            raise UnsafePdf("The PDF is made of too many parts.")
        if isinstance(item, DictionaryObject):
            yield item
            waiting += [item.raw_get(key) for key in item]
        elif isinstance(item, ArrayObject):
            waiting += list(item)
