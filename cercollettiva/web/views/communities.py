"""The communities as anybody may see them, and the list of one's own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cercollettiva.core.models import Application, CERConfiguration, CERMembership, MemberRole, Plant
from cercollettiva.core.models.communities import CLOSED
from cercollettiva.documents.models import Document, DocumentQuerySet
from cercollettiva.documents.types import PUBLISHED, Classification
from cercollettiva.users.models import CustomUser


@require_safe
def public(request: HttpRequest, pk: int) -> HttpResponse:
    """GET cer/<pk>/public/: what a community tells of itself, and the way in."""
    return _public_page(request, get_object_or_404(_with_counts(CERConfiguration.objects.with_public_page()), pk=pk))


@require_safe
def public_by_slug(request: HttpRequest, slug: str) -> HttpResponse:
    """GET cer/<slug>/: the same, under an address that one can say aloud."""
    return _public_page(
        request, get_object_or_404(_with_counts(CERConfiguration.objects.with_public_page()), slug=slug)
    )


@require_safe
def communities(request: HttpRequest) -> HttpResponse:
    """GET cer/: one's communities and applications, and those that anybody may find."""
    user, now = request.user, timezone.now()
    context: dict[str, Any] = {"mine": [], "applications": [], "listed": listed_communities()}
    if isinstance(user, CustomUser):
        memberships: Any = CERMembership.objects
        mine = memberships.active_at(now).filter(user=user).select_related("community").order_by("community__name")
        context["mine"] = mine
        sent = Application.objects.filter(user=user).exclude(membership__state__in=("APPROVED", *CLOSED))
        context["applications"] = sent.select_related("community", "membership")
    return render(request, "communities/list.html", context)


@login_required
@require_POST
def public_settings(request: HttpRequest, pk: int) -> HttpResponse:
    """POST cer/<pk>/public/settings/: whether it is in the list, and whether it takes applications."""
    community = get_object_or_404(CERConfiguration.objects.administered_by(request.user), pk=pk)
    community.is_listed = "is_listed" in request.POST
    community.accepts_applications = "accepts_applications" in request.POST
    community.save(update_fields=["is_listed", "accepts_applications", "updated_at"])
    messages.success(request, _("Pagina pubblica aggiornata."))
    return redirect("core:community", pk=pk)


def listed_communities() -> list[dict[str, Any]]:
    """The rows of the public list, as the home shows them too; one query, however many there are."""
    rows: Any = _with_counts(CERConfiguration.objects.listed())  # with the numbers that it adds
    return [
        {
            "name": one.name,
            "url": reverse("communities:slug", args=[one.slug]),
            "place": one.organisation.city,
            "members_count": one.members_count,
            "plants_count": one.plants_count,
        }
        for one in rows
    ]


def page_there(path: str) -> str:
    """The address, if a page of this site answers to it; empty if not."""
    try:
        resolve(path)
    except Resolver404:
        return ""
    return path


def published_by(community: CERConfiguration) -> DocumentQuerySet:
    """The papers that a community shows to everybody, the newest first."""
    rows = Document.objects.kept().filter(community=community, owner=None, type__in=PUBLISHED)
    return rows.filter(classification=Classification.PUBLIC).order_by("-uploaded_at", "-pk")


def _with_counts(rows: QuerySet[CERConfiguration]) -> QuerySet[CERConfiguration]:
    """With the numbers of members and plants: each counted by itself, for one times the other would be many rows."""
    now = timezone.now()
    memberships: Any = CERMembership.objects
    members = memberships.active_at(now).members().filter(community=OuterRef("pk"))
    plants = Plant.objects.active_at(now).filter(cer_configuration=OuterRef("pk"))
    return rows.select_related("organisation").annotate(
        members_count=_number_of(members, "community"), plants_count=_number_of(plants, "cer_configuration")
    )


def _number_of(rows: QuerySet[Any], by: str) -> Coalesce:
    counted = rows.order_by().values(by).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _public_page(request: HttpRequest, community: CERConfiguration) -> HttpResponse:
    user = request.user
    membership = None
    if isinstance(user, CustomUser):
        memberships: Any = CERMembership.objects
        membership = memberships.active_at(timezone.now()).filter(user=user, community=community).first()
    return render(
        request,
        "communities/public.html",
        {"community": community, "membership": membership, "published": published_by(community)},
    )


def people_of(community: CERConfiguration, user: Any) -> dict[str, Any]:
    """What the page of a community tells of its people; more to those who administer it."""
    now = timezone.now()
    rows: Any = CERMembership.objects
    active = rows.active_at(now).filter(community=community).select_related("user")
    administrators = active.filter(role=MemberRole.ADMIN).order_by("user__last_name", "user__email")
    is_admin = CERConfiguration.objects.administered_by(user, at=now).filter(pk=community.pk).exists()
    context = {
        "community": community,
        "is_admin": is_admin,
        "membership": active.filter(user=user).first(),
        "administrators": [one.user for one in administrators],
        "members_count": active.members().count(),
        "registry_url": page_there(f"/cer/{community.pk}/registry/") if is_admin else "",
        "fees_url": page_there(f"/cer/{community.pk}/fees/") if is_admin else "",
        "settings_url": page_there(f"/cer/{community.pk}/settings/") if is_admin else "",
        "card_url": page_there(f"/cer/{community.pk}/card/"),
    }
    if is_admin:
        context["waiting"] = Application.objects.filter(community=community).waiting().count()
    return context
