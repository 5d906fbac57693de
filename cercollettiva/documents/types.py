"""The kinds of paper, what they hold and who deals with them."""

from __future__ import annotations

from typing import Final, NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _


class DocumentType(models.TextChoices):
    ID_DOC = "ID_DOC", _("documento d'identità")
    BILL = "BILL", _("bolletta")
    GSE_DOC = "GSE_DOC", _("documento del GSE")
    SYSTEM_CERT = "SYSTEM_CERT", _("certificazione dell'impianto")
    PANELS_PHOTO = "PANELS_PHOTO", _("foto dei pannelli")
    INVERTER_PHOTO = "INVERTER_PHOTO", _("foto dell'inverter")
    PANELS_LIST = "PANELS_LIST", _("elenco dei pannelli")
    GAUDI = "GAUDI", _("attestato GAUDÌ")
    STATUTE = "STATUTE", _("statuto")
    REGULATION = "REGULATION", _("regolamento")
    REGISTRATION = "REGISTRATION", _("visura camerale")
    BYLAWS = "BYLAWS", _("atto costitutivo o statuto")
    POWERS = "POWERS", _("delibera o delega di chi firma")
    OTHER = "OTHER", _("altro")


class Classification(models.TextChoices):
    PUBLIC = "PUBLIC", _("pubblico")
    INTERNAL = "INTERNAL", _("interno")
    CONFIDENTIAL = "CONFIDENTIAL", _("riservato")
    PERSONAL = "PERSONAL", _("personale")


class Keeping(NamedTuple):
    """How long a paper is kept: so many days at most, and fewer once it has been verified."""

    days: int
    days_after_verification: int | None
    classification: Classification


YEAR: Final = 365.2425
_TEN, _FIVE, _TWO = (round(YEAR * years) for years in (10, 5, 2))

# The first platform's terms. An administrator of the platform may change them (`RetentionTerm`).
USUAL_TERMS: Final[dict[DocumentType, Keeping]] = {
    DocumentType.ID_DOC: Keeping(_TWO, 90, Classification.PERSONAL),
    DocumentType.BILL: Keeping(_TEN, None, Classification.PERSONAL),
    DocumentType.GSE_DOC: Keeping(_TEN, None, Classification.CONFIDENTIAL),
    DocumentType.SYSTEM_CERT: Keeping(_TEN, None, Classification.INTERNAL),
    DocumentType.PANELS_PHOTO: Keeping(_FIVE, None, Classification.INTERNAL),
    DocumentType.INVERTER_PHOTO: Keeping(_FIVE, None, Classification.INTERNAL),
    DocumentType.PANELS_LIST: Keeping(_TEN, None, Classification.INTERNAL),
    DocumentType.GAUDI: Keeping(_TEN, None, Classification.CONFIDENTIAL),
    DocumentType.STATUTE: Keeping(_TEN, None, Classification.PUBLIC),
    DocumentType.REGULATION: Keeping(_TEN, None, Classification.PUBLIC),
    DocumentType.REGISTRATION: Keeping(_TEN, None, Classification.PERSONAL),
    DocumentType.BYLAWS: Keeping(_TEN, None, Classification.PERSONAL),
    DocumentType.POWERS: Keeping(_TEN, None, Classification.PERSONAL),
    DocumentType.OTHER: Keeping(_TWO, None, Classification.PERSONAL),
}
# What a technician of the community needs, too; the rest is for the owner and the administrators.
TECHNICAL: Final = (
    DocumentType.SYSTEM_CERT,
    DocumentType.PANELS_PHOTO,
    DocumentType.INVERTER_PHOTO,
    DocumentType.PANELS_LIST,
    DocumentType.GAUDI,
)
# What a community publishes of itself: of no person and of no plant.
PUBLISHED: Final = (DocumentType.STATUTE, DocumentType.REGULATION)
# What can be read, and the child's job that reads it.
READ_BY: Final = {DocumentType.GAUDI: "gaudi", DocumentType.BILL: "bill"}
