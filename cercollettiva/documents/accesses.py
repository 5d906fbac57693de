"""Who did what with a paper: its own list, and for papers of persons the audit log too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cercollettiva.documents import files
from cercollettiva.documents.models import AccessKind, Document, DocumentAccess
from cercollettiva.users.acting import address_of, current_request
from cercollettiva.users.audit import personal_data_read

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


def note(document: Document, kind: AccessKind, *, by: CustomUser | None) -> DocumentAccess:
    """Write down an access, with the network address of the request that is being answered."""
    return DocumentAccess.objects.create(document=document, user=by, kind=kind, address=address_of(current_request()))


def content_for(document: Document, *, by: CustomUser) -> bytes:
    """The file for a person who may see it; that they took it is written down first. Raises MissingFile."""
    note(document, AccessKind.DOWNLOADED, by=by)
    if document.owner_id and document.owner_id != by.pk:
        personal_data_read([document.owner_id], fields=["document"], purpose="download", actor=by)
    return files.read(document.file_id, document.file_key)


def seen(document: Document, *, by: CustomUser) -> None:
    """What was read from a paper, or its picture, was shown to a person who may see it."""
    note(document, AccessKind.SEEN, by=by)
    if document.owner_id and document.owner_id != by.pk:
        personal_data_read([document.owner_id], fields=["document"], purpose="reading", actor=by)


def published_content(document: Document) -> bytes:
    """Of a paper that a community shows to everybody: nobody is written down. Raises MissingFile."""
    return files.read(document.file_id, document.file_key)
