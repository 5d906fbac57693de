"""How long each type of paper is kept, changed by platform staff: what a new one would delete, then the term."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction
from django.utils import timezone

from cercollettiva.documents.models import Document, RetentionTerm, all_keepings, keeping_of
from cercollettiva.documents.retention import TOLD_BEFORE
from cercollettiva.documents.types import USUAL_TERMS, DocumentType, Keeping
from cercollettiva.users.audit import Action, record

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class Effect(NamedTuple):
    """What a term would do to the papers that are here. Nothing is changed to know it."""

    papers: int
    going: list[Document]  # past the new term: the next night takes them
    soon: int  # of the others, those that go within a month
    held: int  # past the new term, and kept by a legal hold


class Kept(NamedTuple):
    """A type of paper as it is kept now."""

    kind: DocumentType
    keeping: Keeping
    is_usual: bool


def all_terms() -> list[Kept]:
    keepings = all_keepings()
    return [Kept(kind, keepings[kind], keepings[kind] == USUAL_TERMS[kind]) for kind in DocumentType]


def effect_of(kind: DocumentType, *, days: int, after_verification: int | None, today: date) -> Effect:
    """A dry run of a term."""
    keeping = _keeping(kind, days, after_verification)
    going, soon, held, papers = [], 0, 0, 0
    for document in Document.objects.kept().filter(type=kind).order_by("uploaded_at", "pk").iterator():
        papers += 1
        term = document.term(keeping)
        if term >= today:
            soon += term <= today + TOLD_BEFORE
        elif document.legal_hold:
            held += 1
        else:
            going.append(document)
    return Effect(papers, going, soon, held)


@transaction.atomic
def change_term(
    kind: DocumentType, *, days: int, after_verification: int | None, by: CustomUser, at: datetime
) -> Effect:
    """Keep papers of this type for so long from now on, those that are here too; what the next night takes is returned.

    A term that is the usual one again needs no row. Who was told that a paper goes, and now it stays, is told anew.
    """
    RetentionTerm.objects.select_for_update().filter(type=kind).first()
    before, keeping = keeping_of(kind), _keeping(kind, days, after_verification)
    if keeping == USUAL_TERMS[kind]:
        RetentionTerm.objects.filter(type=kind).delete()
    else:
        columns = {"days": days, "days_after_verification": after_verification}
        RetentionTerm.objects.update_or_create(type=kind, defaults=columns)
    for document in Document.objects.kept().filter(type=kind).iterator():
        term = document.term(keeping)
        if term != document.retention_until:
            told = None if term > document.retention_until else document.expiry_told_at
            Document.objects.filter(pk=document.pk).update(retention_until=term, expiry_told_at=told)
    effect = effect_of(kind, days=days, after_verification=after_verification, today=timezone.localdate(at))
    details = {
        "type": kind.value,
        "days_before": before.days,
        "days": days,
        "after_verification_before": before.days_after_verification,
        "after_verification": after_verification,
        "going": len(effect.going),
    }
    record(Action.TERM_CHANGED, actor=by, subject=(RetentionTerm._meta.label_lower, None), details=details, at=at)
    return effect


def _keeping(kind: DocumentType, days: int, after_verification: int | None) -> Keeping:
    return Keeping(days, after_verification, USUAL_TERMS[kind].classification)
