"""The papers that a community needs of whoever enters, by legal form and by what they do with energy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models.communities import MemberType
from cercollettiva.users.models import LegalType


class Paper(models.TextChoices):
    """A kind of paper; the codes are those of the documents that are filed."""

    ID_DOC = "ID_DOC", _("documento d’identità")
    BILL = "BILL", _("bolletta dell’energia")
    GAUDI = "GAUDI", _("attestato GAUDÌ")
    REGISTRATION = "REGISTRATION", _("visura camerale")
    BYLAWS = "BYLAWS", _("atto costitutivo o statuto")
    POWERS = "POWERS", _("delibera o delega di chi firma")


class Owed(NamedTuple):
    """A paper and why it is needed."""

    paper: Paper
    why: Promise


_WHY: Final = {
    Paper.ID_DOC: _("Fronte e retro, di chi firma la domanda."),
    Paper.BILL: _("Una degli ultimi sei mesi: ci sono il POD e l’intestatario."),
    Paper.GAUDI: _("Dell’impianto, dal portale di Terna: lo chiede il GSE."),
    Paper.REGISTRATION: _("Degli ultimi sei mesi."),
    Paper.BYLAWS: _("Dice chi può firmare."),
    Paper.POWERS: _("L’atto che autorizza l’adesione."),
}
_OF_A_BODY: Final = {
    LegalType.BUSINESS: (Paper.REGISTRATION,),
    LegalType.ASSOCIATION: (Paper.BYLAWS,),
    LegalType.CHURCH: (Paper.BYLAWS, Paper.POWERS),
    LegalType.PUBLIC: (Paper.POWERS,),
}


def papers_needed(legal_type: str, member_type: str) -> list[Owed]:
    """What somebody of this legal form and type of member must hand in, in the order in which it is asked for."""
    wanted = [Paper.ID_DOC, Paper.BILL, *_OF_A_BODY.get(LegalType(legal_type), ())]
    if member_type in (MemberType.PRODUCER, MemberType.PROSUMER):
        wanted.append(Paper.GAUDI)
    return [Owed(paper, _WHY[paper]) for paper in wanted]


def papers_owed(legal_type: str, member_type: str, *, handed_in: Iterable[str] = ()) -> list[Owed]:
    """The needed ones without those that were handed in, by their codes."""
    there = set(handed_in)
    return [owed for owed in papers_needed(legal_type, member_type) if owed.paper not in there]
