"""The door for papers: what comes in is checked, cleaned, encrypted and written down, or refused with a reason."""

from __future__ import annotations

import base64
import hashlib
import re
import tempfile
import unicodedata
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Sum

from cercollettiva.core.models import Application, CERConfiguration, Organisation, Plant
from cercollettiva.documents import files
from cercollettiva.documents.accesses import note
from cercollettiva.documents.child import in_child
from cercollettiva.documents.formats import ENDINGS, MOST_BYTES
from cercollettiva.documents.models import AccessKind, Document, Processing, keeping_of
from cercollettiva.documents.refusals import Reason, refusal
from cercollettiva.documents.types import READ_BY, DocumentType

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from cercollettiva.users.models import CustomUser

QUOTA_BYTES: Final = 200 * 1024 * 1024  # of one person's papers, and of one plant's
LONGEST_NAME: Final = 120
SUBJECTS: Final = ("owner", "plant", "community", "organisation", "application")
_BIDI: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Refused(ValueError):
    """The file is not taken, and why: `reasons.words_for` says it."""

    def __init__(self, refusal: str) -> None:
        self.refusal = refusal
        super().__init__(refusal)


class Duplicate(Refused):
    """The same content of the same subject is here already."""

    def __init__(self, document: Document) -> None:
        super().__init__(refusal(Reason.DUPLICATE))
        self.document = document


@dataclass(frozen=True)
class Subject:
    """What a paper is about."""

    owner: CustomUser | None = None
    plant: Plant | None = None
    community: CERConfiguration | None = None
    organisation: Organisation | None = None
    application: Application | None = None


def take_in(
    upload: UploadedFile[Any],
    *,
    kind: DocumentType,
    subject: Subject,
    by: CustomUser | None,
    notes: str = "",
    consent: str = "",
) -> Document:
    """Keep an uploaded file as a paper. Raises Refused; then nothing of it stays.

    The same content of the same subject is a duplicate: it is refused with the paper that is already here.
    """
    name = safe_name(upload.name or "")
    if not upload.size:
        raise Refused(refusal(Reason.EMPTY))
    if upload.size > MOST_BYTES:
        raise Refused(refusal(Reason.TOO_LARGE))
    media_type, content = _cleaned(upload, name)
    digest = hashlib.sha256(content).hexdigest()
    document = Document(
        type=kind,
        classification=keeping_of(kind).classification,
        owner=subject.owner,
        plant=subject.plant,
        community=subject.community,
        organisation=subject.organisation,
        application=subject.application,
        file_name=name,
        media_type=media_type,
        size=len(content),
        sha256=digest,
        file_key=files.new_key(),
        notes=notes,
        uploaded_by=by,
        consent_version=consent,
        processing=Processing.WAITING if kind in READ_BY else Processing.NONE,
    )
    _refuse_duplicate(document)
    _refuse_beyond_quota(document)
    files.write(document.file_id, document.file_key, content)
    try:
        with transaction.atomic():
            document.save()
            note(document, AccessKind.UPLOADED, by=by)
    except BaseException:  # whatever stopped it, a file without its row must not stay
        files.remove(document.file_id)
        raise
    return document


def safe_name(name: str) -> str:
    """The file's own name as a person may read it: no folder, no control or direction characters, not endless."""
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", name))[-1]
    last = "".join(letter for letter in _BIDI.sub("", last) if letter.isprintable()).strip(" .")
    stem, dot, ending = last.rpartition(".")
    if not dot:
        stem, ending = last, ""
    return f"{stem[: LONGEST_NAME - len(ending)]}{dot}{ending}" if last else "documento"


@contextmanager
def plain_copy(content: bytes) -> Iterator[Path]:
    """The content in a file that only we can read, for as long as a child reads it."""
    with tempfile.TemporaryDirectory(prefix="cercollettiva-") as folder:
        path = Path(folder) / uuid.uuid4().hex
        path.write_bytes(content)
        path.chmod(0o600)
        yield path


def _cleaned(upload: UploadedFile[Any], name: str) -> tuple[str, bytes]:
    with plain_copy(b"".join(upload.chunks())) as path:
        answer = in_child("clean", path)
    if "rejected" in answer:
        raise Refused(answer["rejected"])
    media_type = str(answer["media_type"])
    if not name.casefold().endswith(ENDINGS[media_type]):
        endings = " / ".join(ENDINGS[media_type])
        raise Refused(refusal(Reason.NAMED_OTHERWISE, endings))
    return media_type, base64.b64decode(answer["content"])


def _of_the_same(document: Document) -> dict[str, object]:
    return {name: getattr(document, name) for name in SUBJECTS}


def _refuse_duplicate(document: Document) -> None:
    copies = Document._meta.get_field("checksum").indexes_of(document.sha256)
    same = Document.objects.kept().filter(**_of_the_same(document), checksum__in=copies).first()
    if same is not None:
        raise Duplicate(same)


def _refuse_beyond_quota(document: Document) -> None:
    used = Document.objects.kept().filter(**_of_the_same(document)).aggregate(bytes=Sum("size"))["bytes"] or 0
    if used + document.size > QUOTA_BYTES:
        raise Refused(refusal(Reason.NO_ROOM))
