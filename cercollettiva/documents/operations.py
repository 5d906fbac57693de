"""What people do with papers that are here: verify them, hold them for the law, hand them over to an account."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from cercollettiva.core.models import Application, Plant
from cercollettiva.documents import owed, retention
from cercollettiva.documents.accesses import note
from cercollettiva.documents.models import AccessKind, Document
from cercollettiva.users.audit import Action, record

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class Gone(ValueError):
    """The paper was deleted meanwhile."""


@transaction.atomic
def verify(document: Document, *, by: CustomUser, at: datetime) -> Document:
    """Somebody has looked at it and found it right: from now on its shorter term counts. Twice is once. Raises Gone."""
    fresh = _locked(document)
    if fresh.verified_at is None:
        fresh.verified_at, fresh.verified_by = at, by
        fresh.save(update_fields=["verified_at", "verified_by"])
        note(fresh, AccessKind.VERIFIED, by=by)
        owed.complete_with(fresh, by=by, at=at)
    return fresh


@transaction.atomic
def hold(document: Document, *, reason: str, by: CustomUser) -> Document:
    """Keep it whatever its term, for a law or a dispute. Raises Gone."""
    fresh = _locked(document)
    fresh.legal_hold, fresh.legal_hold_reason = True, reason
    fresh.save(update_fields=["legal_hold", "legal_hold_reason"])
    note(fresh, AccessKind.HELD, by=by)
    return fresh


@transaction.atomic
def release(document: Document, *, by: CustomUser) -> Document:
    """Let its term count again. Raises Gone."""
    fresh = _locked(document)
    if fresh.legal_hold:
        fresh.legal_hold, fresh.legal_hold_reason = False, ""
        fresh.save(update_fields=["legal_hold", "legal_hold_reason"])
        note(fresh, AccessKind.RELEASED, by=by)
    return fresh


@transaction.atomic
def belongs_to(document: Document, plant: Plant, *, confirmed: dict[str, Any], at: datetime) -> Document:
    """The attestation is of this plant, with the values that a person confirmed beside those that were read."""
    fresh = _locked(document)
    fresh.plant, fresh.owner = plant, plant.owner
    kept = {**fresh.fields_read, "confirmed": confirmed, "confirmed_at": at.isoformat()}
    fresh.read_json = json.dumps(kept, ensure_ascii=False, default=str)
    fresh.save(update_fields=["plant", "owner", "read_json"])
    return fresh


def handed_in_for(document: Document, *, by: CustomUser) -> None:
    """Somebody who may took it in for the person whose it is: a line that the person finds among their own."""
    details = {"document": document.pk, "type": document.type}
    record(Action.PAPER_HANDED_IN, actor=by, subject=document.owner, details=details)


def hand_over(application: Application) -> int:
    """The papers that came before there was an account become the applicant's."""
    return int(Document.objects.kept().filter(application=application, owner=None).update(owner=application.user))


def forget_with(applications: Any, *, at: datetime) -> int:
    """Destroy the papers of applications that are about to be forgotten; how many. What a law holds stays."""
    gone = 0
    for document in Document.objects.kept().filter(application__in=applications, legal_hold=False):
        retention.delete(document, by=None, at=at)
        gone += 1
    return gone


def _locked(document: Document) -> Document:
    fresh = Document.objects.kept().select_for_update().filter(pk=document.pk).first()
    if fresh is None:
        raise Gone
    return fresh
