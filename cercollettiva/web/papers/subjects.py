"""What a paper may be about: oneself, a plant, a community or its body; what somebody may hand in for each."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _

from cercollettiva.core.models import CERConfiguration, CERMembership, Organisation, Plant
from cercollettiva.core.models.communities import CLOSED
from cercollettiva.documents.intake import Subject
from cercollettiva.documents.models import Document
from cercollettiva.users.models import CustomUser

MOST_LISTED: Final = 200  # of plants in a list to choose from; one that was asked for by its address is added
MINE: Final = "me"


def choices_for(user: CustomUser, wanted: str = "") -> list[tuple[str, Any]]:
    """For a select, in groups: what this user may hand papers in for."""
    mine = [
        (MINE, _("me, e vede solo chi li chiede")),
        *((f"me-{one.pk}", _for(one)) for one in _own_communities(user)),
    ]
    groups: list[tuple[str, Any]] = [(_("Di me"), mine)]
    plants = [(f"plant-{one.pk}", str(one)) for one in Plant.objects.writable_by(user).order_by("name")[:MOST_LISTED]]
    if wanted.startswith("plant-") and wanted not in dict(plants) and (subject := subject_of(user, wanted)):
        plants.insert(0, (wanted, str(subject.plant)))
    communities = CERConfiguration.objects.administered_by(user).select_related("organisation").order_by("name")
    listed = list(communities[:MOST_LISTED])
    organisations = {one.organisation_id: one.organisation for one in listed}
    if plants:
        groups.append((_("Di un impianto"), plants))
    if listed:
        groups.append((_("Di una comunità"), [(f"community-{one.pk}", one.name) for one in listed]))
        groups.append((_("Di un ente"), [(f"organisation-{key}", str(one)) for key, one in organisations.items()]))
    return groups


def subject_of(user: CustomUser, choice: str) -> Subject | None:
    """What was chosen, where this user may hand papers in for it; None where not."""
    kind, _dash, written = choice.partition("-")
    if kind == MINE and not written:
        return Subject(owner=user)
    if not (written.isascii() and written.isdigit() and len(written) < 18):
        return None
    key = int(written)
    if kind == MINE:
        community = _own_communities(user).filter(pk=key).first()
        return Subject(owner=user, community=community) if community else None
    if kind == "plant":
        plant = Plant.objects.writable_by(user).filter(pk=key).first()
        return Subject(plant=plant) if plant else None
    administered = CERConfiguration.objects.administered_by(user)
    if kind == "community":
        community = administered.filter(pk=key).first()
        return Subject(community=community) if community else None
    if kind == "organisation":
        organisation = Organisation.objects.filter(pk=key, pk__in=administered.values("organisation")).first()
        return Subject(organisation=organisation) if organisation else None
    return None


def about(document: Document) -> str:
    """Whose a paper is, for a list."""
    if document.plant:
        return document.plant.name
    if document.owner and document.community:
        return f"{document.owner} · {document.community}"
    if document.owner or document.community or document.organisation:
        return str(document.owner or document.community or document.organisation)
    return document.application.shown_name if document.application else ""


def _for(community: CERConfiguration) -> str:
    return _("me, per %(community)s") % {"community": community.name}


def _own_communities(user: CustomUser) -> Any:
    """Those one is in, or has asked to enter."""
    mine = CERMembership.objects.filter(user=user, active_to=None).exclude(state__in=CLOSED)
    return CERConfiguration.objects.filter(pk__in=mine.values("community")).order_by("name")
