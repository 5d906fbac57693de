"""What the page of an attestation shows beside its picture."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.documents.models import Document, Processing
from cercollettiva.documents.reasons import doubt_in, doubt_words, words_for
from cercollettiva.documents.refusals import Reason, as_refusal
from cercollettiva.documents.types import DocumentType
from cercollettiva.domain.identifiers import InvalidIdentifier, pod_key
from cercollettiva.users.models import CustomUser
from cercollettiva.web.papers.attestation import (
    COLUMNS,
    GROUPS,
    Difference,
    PlantFromAttestationForm,
    differences_between,
    differences_to,
    label_of,
    place_of,
    shown,
    zones_of,
)
from cercollettiva.web.papers.contradictions import Contradiction, against_bill

SURE: Final = 0.9  # below it a person is asked to look
NOT_ONE: Final = (Reason.NOT_AN_ATTESTATION, Reason.EMPTY_ATTESTATION)
READ_ONLY: Final = ("grid_operator", "producer_name", "producer_vat", "plant_type", "expected_operation_date")
# The field of the form beside which the attestation's own is told.
_BESIDE: Final = {column: name for name, column in COLUMNS.items()} | {
    "address": "address",
    "source": "plant_type",
}


def is_readable(document: Document) -> bool:
    """Whether its fields may be confirmed: read, or typed by a person from a scan or a photograph."""
    if document.processing == Processing.FAILED:
        refused = as_refusal(document.processing_error)
        return refused is None or refused.reason not in NOT_ONE
    return document.processing == Processing.DONE


def may_confirm(document: Document, plant: Plant | None, user: CustomUser) -> bool:
    """Whoever may change the plant; where there is none, whose paper it is and who is in a community."""
    if plant is not None:
        return Plant.objects.writable_by(user).filter(pk=plant.pk).exists()
    is_theirs = user.pk in (document.owner_id, document.uploaded_by_id)
    return is_theirs and CERConfiguration.objects.visible_to(user).exists()


def differences_of(document: Document, user: CustomUser, plant: Plant | None) -> list[Difference]:
    """To what we hold, and to the attestation before this one."""
    read = document.fields_read
    found = differences_to(read, plant) if plant is not None else []
    earlier = _others(document, user, plant, DocumentType.GAUDI)
    before = next((one for one in earlier if one.fields_read), None)
    if before is not None:
        number = before.fields_read.get("version_number")
        where = _("l’attestato versione %(number)s") % {"number": number} if number else _("l’attestato di prima")
        found += differences_between(read, before.fields_read, where=where)
    return found


def context_of(
    document: Document, user: CustomUser, *, plant: Plant | None, form: PlantFromAttestationForm | None
) -> dict[str, Any]:
    read = document.fields_read
    waits = document.processing in (Processing.WAITING, Processing.RUNNING)
    return {
        "document": document,
        "plant": plant,
        "waits": waits,
        "failed": document.processing == Processing.FAILED,
        "reason": words_for(document.processing_error),
        "is_readable": is_readable(document),
        "form": form,
        "groups": _groups(form, read) if form is not None else [],
        "others": [
            *((label_of(name), shown(name, read[name])) for name in READ_ONLY if read.get(name) is not None),
            *zones_of(place_of(read.get("address")).get("region", "")),
        ],
        "lines": [] if form is not None else _lines(read),
        "differences": differences_of(document, user, plant) if read else [],
        "contradictions": _contradictions(document, user, plant) if read else [],
        "warnings": _warnings(read),
        "matching": None if plant is not None or not read else _matching(read, user),
        "confirmed_at": read.get("confirmed_at"),
        "versions": _others(document, user, plant, DocumentType.GAUDI),
        "older": _is_older(read, plant),
    }


def _groups(form: PlantFromAttestationForm, read: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of the form in their groups, each with what the paper says and how sure the reader is."""
    sure = read.get("confidence", {})
    groups = []
    for title, names in GROUPS:
        rows = [
            {"field": form[name], **_said(read, sure, name)}
            for name in names
            if name in form.fields and (name != "power_is_right" or form.power_was_doubted)
        ]
        groups.append({"title": title, "rows": rows})
    return groups


def _said(read: dict[str, Any], sure: dict[str, float], column: str) -> dict[str, Any]:
    name = _BESIDE.get(column, "")
    if not name or read.get(name) is None:
        return {"said": ""}
    confidence = sure.get(name, 1.0)
    return {"said": shown(name, read[name]), "confidence": round(confidence * 100), "is_sure": confidence >= SURE}


def _lines(read: dict[str, Any]) -> list[dict[str, Any]]:
    """What was read, for whoever may only look."""
    sure = read.get("confidence", {})
    names = [name for name in (*COLUMNS, "address") if read.get(name) is not None]
    return [
        {"label": label_of(name), "value": shown(name, read[name]), "confidence": round(sure.get(name, 1.0) * 100)}
        for name in names
    ]


def _warnings(read: dict[str, Any]) -> list[str]:
    """The fields that do not fit together, or were read with doubts."""
    told = []
    for warning in read.get("warnings", []):
        name, doubt = doubt_in(warning)
        if name in COLUMNS or name in (*READ_ONLY, "address"):
            told.append(doubt_words(label_of(name), doubt))
    return list(dict.fromkeys(told))


def _matching(read: dict[str, Any], user: CustomUser) -> Plant | None:
    """A plant with the POD of the paper, which one may change."""
    try:
        key = pod_key(str(read.get("pod_code") or ""))
    except InvalidIdentifier:
        return None
    return Plant.objects.writable_by(user).filter(pod_key=key, active_to=None).first()


def _others(document: Document, user: CustomUser, plant: Plant | None, kind: str) -> list[Document]:
    """Other papers of this kind of the same plant, or of the same person where there is no plant; newest first."""
    visible = Document.objects.visible_to(user).kept().filter(type=kind).exclude(pk=document.pk)
    if plant is not None:
        owner = {"owner": plant.owner_id} if plant.owner_id else None
        of_it = visible.filter(plant=plant)
        rows = of_it | visible.filter(**owner) if owner and kind == DocumentType.BILL else of_it
    elif document.owner_id and kind == DocumentType.BILL:
        rows = visible.filter(owner=document.owner_id)
    else:
        rows = visible.none()
    return list(rows.order_by("-uploaded_at", "-pk")[:20])


def _contradictions(document: Document, user: CustomUser, plant: Plant | None) -> list[Contradiction]:
    bills = [one for one in _others(document, user, plant, DocumentType.BILL) if one.processing == Processing.DONE]
    return [Contradiction(words, bill) for bill in bills for words in against_bill(document.fields_read, bill)]


def _is_older(read: dict[str, Any], plant: Plant | None) -> bool:
    """Whether we hold a newer version than this paper is."""
    version = read.get("version_number")
    return bool(plant and plant.gaudi_version and version and version < plant.gaudi_version)
