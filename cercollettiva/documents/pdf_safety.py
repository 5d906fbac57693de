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
from cercollettiva.documents.refusals import Cargo, Reason, refusal

MOST_PAGES: Final = 50
MOST_OBJECTS: Final = 20_000
_ACTIONS: Final = {
    "/JavaScript": Cargo.SCRIPT,
    "/Launch": Cargo.PROGRAM,
    "/ImportData": Cargo.DATA,
    "/SubmitForm": Cargo.SENDING_FORM,
    "/GoToR": Cargo.OTHER_FILE,
    "/GoToE": Cargo.FILES,
    "/Rendition": Cargo.FILM,
    "/RichMediaExecute": Cargo.FILM,
}
_KEYS: Final = {
    "/JS": Cargo.SCRIPT,
    "/JavaScript": Cargo.SCRIPT,
    "/EmbeddedFiles": Cargo.FILES,
    "/EF": Cargo.FILES,
    "/RichMedia": Cargo.FILM,
    "/XFA": Cargo.PROGRAM_FORM,
}


class UnsafePdf(ValueError):
    """The PDF is refused, and why."""

    def __init__(self, reason: Reason, *given: object) -> None:
        self.refusal = refusal(reason, *given)
        super().__init__(self.refusal)


def refuse_unsafe_pdf(path: Path) -> None:
    """Raises UnsafePdf with the reason. Nothing in the file is carried out."""
    if path.stat().st_size > MOST_BYTES:
        raise UnsafePdf(Reason.TOO_LARGE)
    with path.open("rb") as file:
        if not re.match(rb"\s{0,16}%PDF-\d\.\d", file.read(1024)):
            raise UnsafePdf(Reason.NO_PDF)
    try:
        _refuse_parts(PdfReader(path))
    except UnsafePdf:
        raise
    except (PyPdfError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, OSError) as error:
        raise UnsafePdf(Reason.BROKEN) from error  # a reader of broken files fails in any of these ways


def _refuse_parts(reader: PdfReader) -> None:
    if reader.is_encrypted:
        raise UnsafePdf(Reason.LOCKED)
    pages = len(reader.pages)
    if not pages:
        raise UnsafePdf(Reason.BROKEN)
    if pages > MOST_PAGES:
        raise UnsafePdf(Reason.TOO_MANY_PAGES, pages)
    for entries in _dictionaries_of(reader):
        _refuse_entries(entries)


def _refuse_entries(entries: DictionaryObject) -> None:
    brings = next((what for key, what in _KEYS.items() if key in entries), None) or _ACTIONS.get(
        str(entries.raw_get("/S")) if "/S" in entries else ""
    )
    if brings:
        raise UnsafePdf(Reason.BRINGS, brings)


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
            raise UnsafePdf(Reason.TOO_MANY_PARTS)
        if isinstance(item, DictionaryObject):
            yield item
            waiting += [item.raw_get(key) for key in item]
        elif isinstance(item, ArrayObject):
            waiting += list(item)
