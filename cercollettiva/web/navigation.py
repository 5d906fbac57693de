"""Where one can go from every page, by role."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cercollettiva.core.models import CERMembership, MemberRole
from cercollettiva.users.models import CustomUser

# The role that decides the shape of the pages, where somebody has several.
_WEIGHTS = {MemberRole.ADMIN: 0, MemberRole.TECHNICAL: 1, MemberRole.MEMBER: 2}


class Place(NamedTuple):
    """A role in a community."""

    role: MemberRole
    community: int
    name: str


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The context that the layout needs; one query for whoever is signed in, none for visitors.

    Pages that are yet to come join the groups of their role here.
    """
    user = getattr(request, "user", None)  # a failure may come before the session was read
    if user is None or not user.is_authenticated:
        return {}
    places = _places(user)
    role = min((place.role for place in places), key=_WEIGHTS.__getitem__, default=None)
    groups = [{"label": "", "entries": _first_entries(request, role, places)}]
    if role in (MemberRole.ADMIN, MemberRole.TECHNICAL) or user.is_staff or user.is_superuser:
        meters = _entry(request, _("Misuratori"), reverse("meters:meters"), "meter")
        meters["current"] = request.path.startswith(("/energy/devices/", "/energy/unknown/"))
        groups.append({"label": _("Energia"), "entries": [meters]})
    people = _people_entries(request, user, places)
    if people:
        groups.append({"label": _("Persone"), "entries": people})
    return {
        "navigation": groups,
        "layout": "top" if role is MemberRole.MEMBER else "rail",
        "who": {"name": user.get_full_name() or user.email, "role_label": role.label if role else _("piattaforma")},
    }


def _first_entries(request: HttpRequest, role: MemberRole | None, places: list[Place]) -> list[dict[str, Any]]:
    """A member's day and energy; to the others the communities now, and what each shares hour by hour."""
    home = _entry(request, _("Home"), reverse("web:home"), "home")
    if role is MemberRole.MEMBER:
        day = _entry(request, _("Oggi"), reverse("web:dashboard"), "today")
        day["current"] = request.path in (reverse("web:dashboard"), reverse("web:today"))
        return [day, _entry(request, _("Energia"), reverse("web:my-energy"), "energy"), home]
    entries = [_entry(request, _("Cruscotto"), reverse("web:dashboard"), "dashboard")]
    managed = [place for place in places if place.role is not MemberRole.MEMBER]
    for place in managed:
        label = _("Condivisione oraria") if len(managed) == 1 else f"{_('Condivisione')}: {place.name}"
        entries.append(_entry(request, label, reverse("core:sharing", args=[place.community]), ""))
    return [*entries, home]


def _people_entries(request: HttpRequest, user: CustomUser, places: list[Place]) -> list[dict[str, Any]]:
    """The pages about other people: the roles of the communities somebody administers, all accounts for staff."""
    entries = []
    is_staff = user.is_staff or user.is_superuser
    administered = [place for place in places if place.role is MemberRole.ADMIN]
    for number, place in enumerate(administered):
        label = _("Ruoli") if len(administered) == 1 else f"{_('Ruoli')}: {place.name}"
        icon = "community" if number == 0 and not is_staff else ""  # the phone's bar has four places
        entries.append(_entry(request, label, reverse("core:roles", args=[place.community]), icon))
    if is_staff:
        entries.append(_entry(request, _("Persone"), reverse("users:management"), "members"))
    return entries


def _places(user: CustomUser) -> list[Place]:
    """The roles somebody has now, with their communities."""
    memberships: Any = CERMembership.objects
    active = memberships.active_at(timezone.now()).filter(user=user).order_by("community__name")
    rows = active.values_list("role", "community_id", "community__name")
    return [Place(MemberRole(role), community, name) for role, community, name in rows]


def _entry(request: HttpRequest, label: str, url: str, icon: str) -> dict[str, Any]:
    return {"label": label, "url": url, "icon": icon, "current": request.path == url, "phone_only": False}
