"""The papers that somebody owes as pages show them: what is missing, what arrived, what was read from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from cercollettiva.documents.models import Document, Processing
from cercollettiva.documents.owed import Standing
from cercollettiva.documents.reasons import words_for
from cercollettiva.documents.types import DocumentType
from cercollettiva.web.papers.attestation import shown


def rows_of(standings: Iterable[Standing]) -> list[dict[str, Any]]:
    """One row for each paper that is needed, with the files that came for it."""
    return [
        {
            "owed": standing.owed,
            "is_here": standing.is_here,
            "is_verified": standing.is_verified,
            "files": [_file(document) for document in standing.documents],
        }
        for standing in standings
    ]


def documents_of(standings: Iterable[Standing]) -> list[Document]:
    return [document for standing in standings for document in standing.documents]


def are_being_read(standings: Iterable[Standing]) -> bool:
    """Whether the page should look again."""
    states = {document.processing for document in documents_of(standings)}
    return bool(states & {Processing.WAITING, Processing.RUNNING})


def _file(document: Document) -> dict[str, Any]:
    return {
        "document": document,
        "read": read_words(document),
        "reason": words_for(document.processing_error),
        "waits": document.processing in (Processing.WAITING, Processing.RUNNING),
    }


def read_words(document: Document) -> str:
    """The most telling of what was read, in one line."""
    if document.processing != Processing.DONE:
        return ""
    read = document.fields_read
    if document.type == DocumentType.BILL:
        found = [*read.get("pods", []), *read.get("fiscal_codes", [])]
        return ", ".join(found) or _("né POD né codice fiscale")
    power = read.get("active_power_kw")
    said = (
        read.get("pod_code"),
        read.get("producer_name"),
        read.get("address"),
        f"{shown('active_power_kw', power)} kW" if power is not None else None,
    )
    return " · ".join(str(one) for one in said if one)
