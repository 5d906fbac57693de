"""Where one can go from every page, by role."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cercollettiva.core.models import CERMembership, MemberRole
from cercollettiva.monitoring.models import Alert, AlertState
from cercollettiva.users.models import CustomUser

MOST_COUNTED: Final = 100
# The role that decides the shape of the pages, where somebody has several.
_WEIGHTS = {MemberRole.ADMIN: 0, MemberRole.TECHNICAL: 1, MemberRole.MEMBER: 2}


# The phone's bar, by role: addresses and their icons. Alerts are one tap away on every page, in the masthead.
_LOOKS_AFTER = (("web:dashboard", "dashboard"), ("desk:desk", "members"), ("communities:list", "community"))
_BAR: dict[MemberRole | None, tuple[tuple[str, str], ...]] = {
    MemberRole.ADMIN: _LOOKS_AFTER,
    MemberRole.TECHNICAL: (("web:dashboard", "dashboard"), ("visits:visits", "place"), ("meters:meters", "meter")),
    MemberRole.MEMBER: (("web:dashboard", "today"), ("web:my-energy", "energy"), ("register:me", "person")),
    None: _LOOKS_AFTER,  # platform staff; whoever is in no community yet has what of it there is
}


class Place(NamedTuple):
    """A role in a community."""

    role: MemberRole
    community: int
    name: str
    is_member: bool


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The context that the layout needs; two queries for whoever is signed in, none for visitors.

    Pages that are yet to come join the groups of their role here.
    """
    user = getattr(request, "user", None)  # a failure may come before the session was read
    if user is None or not user.is_authenticated:
        return {}
    places = places_of(request)
    role = min((place.role for place in places), key=_WEIGHTS.__getitem__, default=None)
    entries = _first_entries(request, role, places)
    groups: list[dict[str, Any]] = [{"label": "", "entries": entries}]
    if any(place.is_member for place in places):
        entries.append(_entry(request, _("La mia pagina"), reverse("register:me")))
    papers = _entry(request, _("Documenti"), reverse("documents:list"))
    papers["current"] = request.path.startswith("/documents/")
    entries.append(papers)
    waiting = _waiting_alerts(user)
    groups.append({"label": _("Energia"), "entries": _energy_entries(request, waiting)})
    people = _people_entries(request, user, places)
    if people:
        groups.append({"label": _("Persone"), "entries": people})
    _fill_the_bar(request, role, groups)
    return {
        "navigation": groups,
        "waiting_alerts": waiting,
        "layout": "top" if role is MemberRole.MEMBER else "rail",
        "who": {"name": user.get_full_name() or user.email, "role_label": role.label if role else _("piattaforma")},
    }


def _waiting_alerts(user: CustomUser) -> int:
    """How many alerts that one may see wait for somebody; nobody counts further than a hundred."""
    waiting = Alert.objects.visible_to(user).filter(state__in=(AlertState.OPEN, AlertState.ESCALATED))
    return waiting.order_by().values("pk")[:MOST_COUNTED].count()


def _fill_the_bar(request: HttpRequest, role: MemberRole | None, groups: list[dict[str, Any]]) -> None:
    """Three places of the phone's bar are what a role does most; the fourth leads to all the others."""
    icons = {reverse(name): icon for name, icon in _BAR[role]}
    for entry in (entry for group in groups for entry in group["entries"]):
        entry["icon"] = icons.get(entry["url"], "")
    more = _entry(request, _("Altro"), reverse("web:more"), "more")
    groups[-1]["entries"].append(more | {"phone_only": True})


def _first_entries(request: HttpRequest, role: MemberRole | None, places: list[Place]) -> list[dict[str, Any]]:
    """A member's day and energy; to the others the communities now, and what each shares hour by hour."""
    home = _entry(request, _("Home"), reverse("web:home"))
    if role is MemberRole.MEMBER:
        day = _entry(request, _("Oggi"), reverse("web:dashboard"))
        day["current"] = request.path in (reverse("web:dashboard"), reverse("web:today"))
        return [day, _entry(request, _("Energia"), reverse("web:my-energy")), home]
    entries = [_entry(request, _("Cruscotto"), reverse("web:dashboard"))]
    entries.append(_entry(request, _("Comunità"), reverse("communities:list")))
    managed = [place for place in places if place.role is not MemberRole.MEMBER]
    for place in managed:
        label = _("Condivisione oraria") if len(managed) == 1 else f"{_('Condivisione')}: {place.name}"
        entries.append(_entry(request, label, reverse("core:sharing", args=[place.community])))
    return [*entries, home]


def _energy_entries(request: HttpRequest, waiting: int) -> list[dict[str, Any]]:
    """The pages about plants and what they measure; about meters, for whoever looks after them; `waiting` alerts."""
    now = _entry(request, _("Adesso"), reverse("meters:energy"))
    now["current"] = request.path.startswith(("/energy/plants/", "/energy/measurements/", "/energy/settings/")) or (
        request.path == "/energy/"
    )
    plants = _entry(request, _("Impianti"), reverse("core:plants"))
    plants["current"] = request.path.startswith("/plants/")
    entries = [now, plants]
    if looks_after(request):
        meters = _entry(request, _("Misuratori"), reverse("meters:meters"))
        meters["current"] = request.path.startswith(("/energy/devices/", "/energy/unknown/"))
        visits = _entry(request, _("Interventi"), reverse("visits:visits"))
        visits["current"] = request.path.startswith(reverse("visits:visits"))
        entries += [meters, visits]
    alerts = _entry(request, _("Avvisi"), reverse("alerts:alerts"))
    alerts["current"], alerts["count"] = request.path.startswith("/avvisi/"), waiting
    return [*entries, alerts]


def _people_entries(request: HttpRequest, user: CustomUser, places: list[Place]) -> list[dict[str, Any]]:
    """The pages about other people: the roles of the communities somebody administers, all accounts for staff."""
    entries = []
    is_staff = user.is_staff or user.is_superuser
    administered = [place for place in places if place.role is MemberRole.ADMIN]
    if administered or is_staff:
        desk = _entry(request, _("Domande"), reverse("desk:desk"))
        desk["current"] = request.path.startswith(reverse("desk:desk"))
        entries.append(desk)
    for place in administered:
        label = _("Ruoli") if len(administered) == 1 else f"{_('Ruoli')}: {place.name}"
        entries.append(_entry(request, label, reverse("core:roles", args=[place.community])))
        entries += _desk_entries(request, place, alone=len(administered) == 1)
        label = _("Schermo pubblico") if len(administered) == 1 else f"{_('Schermo pubblico')}: {place.name}"
        entries.append(_entry(request, label, reverse("core:screen", args=[place.community])))
    if administered or is_staff:
        entries.append(_entry(request, _("Registro dei trattamenti"), reverse("users:processing")))
    if is_staff:
        entries.append(_entry(request, _("Persone"), reverse("users:management")))
        entries.append(_entry(request, _("Amministrazione"), reverse("admin:index")))
        entries.append(_entry(request, _("Stato del sistema"), reverse("web:status")))
    return entries


def _desk_entries(request: HttpRequest, place: Place, *, alone: bool) -> list[dict[str, Any]]:
    """The members' desk of one community."""
    pages = ((_("Libro soci"), "registry"), (_("Quote"), "fees"), (_("Impostazioni"), "settings"))
    labels = [(label if alone else f"{label}: {place.name}", name) for label, name in pages]
    return [_entry(request, label, reverse(f"register:{name}", args=[place.community])) for label, name in labels]


def places_of(request: HttpRequest) -> list[Place]:
    """The roles that who is signed in has now, with their communities: asked once for a request."""
    known: list[Place] | None = getattr(request, "_places", None)
    if known is None:
        known = _places(request.user)
        request._places = known  # type: ignore[attr-defined]
    return known


def looks_after(request: HttpRequest) -> bool:
    """Whether who is signed in looks after communities, as an administrator, a technician or for the platform."""
    user = request.user
    roles = {place.role for place in places_of(request)}
    return user.is_staff or user.is_superuser or bool(roles & {MemberRole.ADMIN, MemberRole.TECHNICAL})


def _places(user: CustomUser | AnonymousUser) -> list[Place]:
    memberships: Any = CERMembership.objects
    active = memberships.active_at(timezone.now()).filter(user=user).order_by("community__name")
    rows = active.values_list("role", "community_id", "community__name", "member_type")
    return [Place(MemberRole(role), community, name, kind != "") for role, community, name, kind in rows]


def _entry(request: HttpRequest, label: str, url: str, icon: str = "") -> dict[str, Any]:
    return {"label": label, "url": url, "icon": icon, "current": request.path == url, "phone_only": False, "count": 0}
