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
    role = _leading_role(user)
    entries = [
        _entry(request, _("Cruscotto"), reverse("web:dashboard"), "dashboard"),
        _entry(request, _("Home"), reverse("web:home"), "home"),
    ]
    groups = [{"label": "", "entries": entries}]
    if role in (MemberRole.ADMIN, MemberRole.TECHNICAL) or user.is_staff or user.is_superuser:
        meters = _entry(request, _("Misuratori"), reverse("meters:meters"), "meter")
        meters["current"] = request.path.startswith(("/energy/devices/", "/energy/unknown/"))
        groups.append({"label": _("Energia"), "entries": [meters]})
    return {
        "navigation": groups,
        "layout": "top" if role is MemberRole.MEMBER else "rail",
        "who": {"name": user.get_full_name() or user.email, "role_label": role.label if role else _("piattaforma")},
    }


def _leading_role(user: CustomUser) -> MemberRole | None:
    """The heaviest of the roles somebody has now; None for staff without any."""
    memberships: Any = CERMembership.objects
    roles = memberships.active_at(timezone.now()).filter(user=user).values_list("role", flat=True)
    return min((MemberRole(role) for role in roles), key=_WEIGHTS.__getitem__, default=None)


def _entry(request: HttpRequest, label: str, url: str, icon: str) -> dict[str, Any]:
    return {"label": label, "url": url, "icon": icon, "current": request.path == url, "phone_only": False}
