"""Which papers a community needs of somebody, which are here, and which of those were verified."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Q

from cercollettiva.core.models import Application, CERMembership
from cercollettiva.core.papers import Owed, papers_needed
from cercollettiva.documents.models import Document, DocumentQuerySet
from cercollettiva.documents.types import DocumentType

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class Standing(NamedTuple):
    """One paper that is needed, and what came of it, the newest first."""

    owed: Owed
    documents: list[Document]

    @property
    def is_here(self) -> bool:
        return bool(self.documents)

    @property
    def is_verified(self) -> bool:
        return any(document.verified_at for document in self.documents)


def papers_of_application(application: Application) -> list[Standing]:
    """For the applicant, and for the desk that reads the application."""
    person, role = application.answer("person"), application.answer("role")
    needed = papers_needed(person.get("legal_type", "PRIVATE"), role.get("member_type", ""))
    return _standing(needed, handed_in_with(application))


def papers_of_member(membership: CERMembership) -> list[Standing]:
    """For somebody who is in, and whoever administers the community."""
    needed = papers_needed(membership.user.legal_type, membership.member_type)
    return _standing(needed, handed_in_by(membership))


def handed_in_with(application: Application) -> DocumentQuerySet:
    if application.membership is not None:
        return handed_in_by(application.membership) | Document.objects.kept().filter(application=application)
    return Document.objects.kept().filter(application=application)


def handed_in_by(membership: CERMembership) -> DocumentQuerySet:
    """With the application, for the community, or at one's own plant there."""
    user, community = membership.user_id, membership.community_id
    return Document.objects.kept().filter(
        Q(application__membership=membership)
        | Q(owner=user, community=community)
        | Q(type=DocumentType.GAUDI, plant__owner=user, plant__cer_configuration=community)
    )


def complete_with(document: Document, *, by: CustomUser, at: datetime) -> None:
    """With the last of the papers that are needed, the membership's papers are verified."""
    memberships = CERMembership.objects.filter(documents_verified_at=None, active_to=None).exclude(member_type="")
    of_it = Q(application=document.application_id) if document.application_id else Q()
    if document.owner_id and document.community_id:
        of_it |= Q(user=document.owner_id, community=document.community_id)
    if document.plant and document.plant.owner_id:
        of_it |= Q(user=document.plant.owner_id, community=document.plant.cer_configuration_id)
    for membership in memberships.filter(of_it).select_related("user") if of_it else ():
        if all(standing.is_verified for standing in papers_of_member(membership)):
            membership.documents_verified_at, membership.documents_verified_by = at, by
            membership.save(update_fields=["documents_verified_at", "documents_verified_by"])


def _standing(needed: list[Owed], documents: DocumentQuerySet) -> list[Standing]:
    by_type: dict[str, list[Document]] = {}
    for document in documents.order_by("-uploaded_at", "-pk").distinct():
        by_type.setdefault(document.type, []).append(document)
    return [Standing(owed, by_type.get(owed.paper.value, [])) for owed in needed]
