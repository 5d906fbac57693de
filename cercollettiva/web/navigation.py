"""Where one can go from every page, by role."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cercollettiva.core.models import CERMembership, MemberRole
from cercollettiva.users.models import CustomUser

# The role that decides the shape of the pages, where somebody has several.
_WEIGHTS = {MemberRole.ADMIN: 0, MemberRole.TECHNICAL: 1, MemberRole.MEMBER: 2}


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The context that the layout needs; one query for whoever is signed in, none for visitors.

    Pages that are yet to come join the groups of their role here.
    """
    user = getattr(request, "user", None)  # a failure may come before the session was read
    if user is None or not user.is_authenticated:
        return {}
    places = _places(user)
    role = min((role for role, _community in places), key=_WEIGHTS.__getitem__, default=None)
    entries = [
        _entry(request, _("Cruscotto"), reverse("web:dashboard"), "dashboard"),
        _entry(request, _("Home"), reverse("web:home"), "home"),
    ]
    groups = [{"label": "", "entries": entries}]
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


def _people_entries(
    request: HttpRequest, user: CustomUser, places: list[tuple[MemberRole, int]]
) -> list[dict[str, Any]]:
    """The pages about other people: the roles of the one community somebody administers, all accounts for staff."""
    entries = []
    administered = [community for role, community in places if role is MemberRole.ADMIN]
    if len(administered) == 1:  # where there are several, each community's page leads to its own
        icon = "" if user.is_staff or user.is_superuser else "community"  # the phone's bar has four places
        entries.append(_entry(request, _("Ruoli"), reverse("core:roles", args=administered), icon))
    if user.is_staff or user.is_superuser:
        entries.append(_entry(request, _("Persone"), reverse("users:management"), "members"))
    return entries


def _places(user: CustomUser) -> list[tuple[MemberRole, int]]:
    """The roles somebody has now, with their communities."""
    memberships: Any = CERMembership.objects
    active = memberships.active_at(timezone.now()).filter(user=user).order_by("pk")
    return [(MemberRole(role), community) for role, community in active.values_list("role", "community_id")]


def _entry(request: HttpRequest, label: str, url: str, icon: str) -> dict[str, Any]:
    return {"label": label, "url": url, "icon": icon, "current": request.path == url, "phone_only": False}
