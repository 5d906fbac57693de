"""The bytes of papers as answers: an attachment that no browser runs, and the picture of a page."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from cercollettiva.documents.models import Document

SANDBOX: Final = "sandbox; default-src 'none'; frame-ancestors 'none'"


def attachment(document: Document, content: bytes) -> HttpResponse:
    """The file under its own name. Whatever it holds, it is saved and not opened here."""
    answer = _locked_up(content, document.media_type)
    name = content_disposition_header(as_attachment=True, filename=document.file_name)
    answer["Content-Disposition"] = name or "attachment"
    return answer


def picture(content: bytes) -> HttpResponse:
    """A picture that we drew."""
    return _locked_up(content, "image/png" if content.startswith(b"\x89PNG") else "image/jpeg")


def _locked_up(content: bytes, media_type: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=media_type)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = SANDBOX
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["Cache-Control"] = "private, no-store"
    return answer
