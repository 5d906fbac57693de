"""What the documents room holds of a person: their papers, and who looked at them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext_lazy

from cercollettiva.core.rights import applications_of
from cercollettiva.documents import files, retention
from cercollettiva.documents.accesses import content_for
from cercollettiva.documents.models import Document, DocumentAccess
from cercollettiva.users.datamap import Term
from cercollettiva.users.models import CustomUser
from cercollettiva.users.rights.holdings import Fate, File, Holding, Part

HELD: Final = gettext_lazy("conservazione obbligata: si distrugge quando l’obbligo finisce")
SECRET: Final = gettext_lazy("è un segreto")
_TEXTS: Final = ("file_name", "notes", "read_json", "legal_hold_reason", "sha256", "file_key")


def papers_of(user: CustomUser) -> Any:
    """Those that hold the person's data, those of their plants that hold nobody else's, those they applied with."""
    return Document.objects.filter(Q(owner=user) | Q(owner__isnull=True, plant__owner=user) | _handed_in(user))


def _handed_in(user: CustomUser) -> Q:
    """With an application, before there was an account to own them."""
    return Q(owner__isnull=True, application__in=applications_of(user).values("pk"))


def _held(user: CustomUser) -> Any:
    return papers_of(user).filter(legal_hold=True, deleted_at__isnull=True)


def _free(user: CustomUser) -> Any:
    return papers_of(user).exclude(legal_hold=True, deleted_at__isnull=True)


def _before(user: CustomUser, *, by: CustomUser | None, at: datetime) -> None:
    """Destroy what no law holds. The files go when all of the erasure is committed.

    What came with an application gets its owner: the row, and what a law holds, outlast a draft.
    """
    Document.objects.filter(_handed_in(user)).update(owner=user)
    for document in _free(user).filter(deleted_at__isnull=True):
        retention.delete(document, by=by, at=at)


def destroy_released(now: datetime) -> int:
    """Papers of people who were erased, once a legal hold has ended; how many."""
    left = Document.objects.kept().filter(legal_hold=False)
    released = left.filter(
        Q(owner__erased_at__isnull=False) | Q(owner__isnull=True, plant__owner__erased_at__isnull=False)
    )
    count = 0
    for document in released:
        retention.delete(document, by=None, at=now)
        Document.objects.filter(pk=document.pk).update(legal_hold_reason="")
        count += 1
    return count


def _files(user: CustomUser) -> Iterable[File]:
    for document in papers_of(user).filter(deleted_at__isnull=True).order_by("pk"):
        yield File(f"documenti/{document.pk}-{document.file_name}", partial(_content, document, user))


def _content(document: Document, user: CustomUser) -> Iterator[bytes]:
    """Opened for the person, as a download of theirs is; one that is not there does not keep the rest back."""
    try:
        yield content_for(document, by=user)
    except files.MissingFile:
        yield b"Il file non si trova sul disco: chiedilo a chi gestisce la piattaforma.\n"


RIGHTS: Final = Part(
    before=_before,
    files=_files,
    holds=lambda user: bool(_held(user).exists()),
    holdings=(
        Holding(
            "documents.DocumentAccess",
            lambda user: DocumentAccess.objects.filter(user=user),
            Fate.EMPTIED,
            why=gettext_lazy("chi ha consultato un documento, e quando"),
            term=Term.TEN_YEARS,
            emptied={"address": None},
            read_of=lambda user: DocumentAccess.objects.filter(document__in=papers_of(user).values("pk")),
            shown=lambda row, user: {
                "document": row.document_id,
                "kind": row.kind,
                "at": row.at,
                "by_me": row.user_id == user.pk,
                "address": row.address if row.user_id == user.pk else None,
            },
        ),
        Holding(
            "documents.Document",
            _held,
            Fate.KEPT,
            why=HELD,
            stays=dict.fromkeys(_TEXTS, HELD),
            withheld={
                "file_key": SECRET,
                "legal_hold_reason": gettext_lazy("è di chi l’ha scritto"),
            },
        ),
        Holding(
            "documents.Document",
            _free,
            Fate.EMPTIED,
            why=gettext_lazy("la prova che il documento c’era e che è stato distrutto"),
            term=Term.TEN_YEARS,
            emptied=dict.fromkeys(_TEXTS, ""),
            takes_along=("accesses",),
            withheld={"file_key": SECRET},
        ),
    ),
)
