"""What a paper may be about: oneself, a plant, a community or its body; what somebody may hand in for each."""

from __future__ import annotations

from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from cercollettiva.core.models import CERConfiguration, CERMembership, Organisation, Plant
from cercollettiva.core.models.communities import CLOSED
from cercollettiva.documents.intake import Subject
from cercollettiva.documents.models import Document
from cercollettiva.users.models import CustomUser

MOST_LISTED: Final = 200  # of plants and of members to choose from; one that an address asks for is added
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
    people = _people(user, wanted)
    if plants:
        groups.append((_("Di un impianto"), plants))
    if people:
        groups.append((_("Di un socio, che l’ha portato su carta"), people))
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
    if kind == "member":
        membership = _member(user, choice)
        return Subject(owner=membership.user, community=membership.community) if membership else None
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


def _people(user: CustomUser, wanted: str) -> list[tuple[str, str]]:
    """The members one may take papers in for."""
    by_name = ("user__last_name", "user__first_name", "pk")
    members = _members_of(user).select_related("user", "community").order_by(*by_name)
    people = [(f"member-{one.pk}", _of_member(one)) for one in members[:MOST_LISTED]]
    if wanted.startswith("member-") and wanted not in dict(people) and (one := _member(user, wanted)) is not None:
        people.insert(0, (wanted, _of_member(one)))
    return people


def _of_member(membership: CERMembership) -> str:
    return _("%(person)s, per %(community)s") % {"person": membership.user, "community": membership.community.name}


def _members_of(user: CustomUser) -> Any:
    """The others who are in a community that somebody administers: who was in, or asks to be, is not among them."""
    memberships: Any = CERMembership.objects
    administered = CERConfiguration.objects.administered_by(user).values("pk")
    return memberships.active_at(timezone.now()).members().filter(community__in=administered).exclude(user=user)


def _member(user: CustomUser, choice: str) -> CERMembership | None:
    written = choice.partition("-")[2]
    if not (written.isascii() and written.isdigit() and len(written) < 18):
        return None
    found: CERMembership | None = _members_of(user).select_related("user", "community").filter(pk=int(written)).first()
    return found


def _own_communities(user: CustomUser) -> Any:
    """Those one is in, or has asked to enter."""
    mine = CERMembership.objects.filter(user=user, active_to=None).exclude(state__in=CLOSED)
    return CERConfiguration.objects.filter(pk__in=mine.values("community")).order_by("name")
