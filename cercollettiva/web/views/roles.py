"""Who has which role in a community, and the invitations to take one. For its administrators alone."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cercollettiva.core import roles
from cercollettiva.core.models import (
    CERConfiguration,
    CERMembership,
    Invitation,
    MemberRole,
    MemberType,
    RoleChange,
)
from cercollettiva.users import outbox
from cercollettiva.users.models import CustomUser
from cercollettiva.web.views.accounts import link_gone

PAGE = ("GET", "HEAD", "POST")


class InvitationForm(forms.Form):
    """One role for one address."""

    email = forms.EmailField(
        label=gettext_lazy("Email"), widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"})
    )
    role = forms.ChoiceField(label=gettext_lazy("Ruolo"), choices=MemberRole.choices, initial=MemberRole.TECHNICAL)
    member_type = forms.ChoiceField(
        label=gettext_lazy("Tipo di socio"),
        choices=[("", gettext_lazy("non è socio")), *MemberType.choices],
        required=False,
        help_text=gettext_lazy("Chi amministra o assiste può non essere socio; un socio ha sempre un tipo."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("role") == MemberRole.MEMBER and not cleaned.get("member_type"):
            self.add_error("member_type", _("Un socio è produttore, consumatore o prosumer: scegli quale."))
        return cleaned


@never_cache
@login_required
@require_http_methods(PAGE)
def community_roles(request: HttpRequest, pk: int) -> HttpResponse:
    """GET and POST cer/<pk>/roles/: roles with their dates; give, end, invite."""
    community = get_object_or_404(CERConfiguration.objects.administered_by(request.user), pk=pk)
    form = InvitationForm(request.POST if request.POST.get("action") == "invite" else None)
    if request.method == "POST":
        if request.POST.get("action") != "invite":
            _act(request, community)
            return redirect("core:roles", pk=community.pk)
        if form.is_valid():
            _invite(request, community, form.cleaned_data)
            return redirect("core:roles", pk=community.pk)
    now = timezone.now()
    active = CERMembership.objects.active_at(now).filter(community=community).select_related("user")
    changes = RoleChange.objects.filter(membership__community=community).select_related("membership__user", "by")
    context = {
        "community": community,
        "form": form,
        "working": active.exclude(role=MemberRole.MEMBER).order_by("role", "user__last_name", "user__email"),
        "members": active.filter(role=MemberRole.MEMBER).order_by("user__last_name", "user__first_name", "user__email"),
        "invitations": Invitation.objects.open_at(now).filter(community=community),
        "changes": changes.order_by("-at")[:50],
    }
    return render(request, "users/roles.html", context)


def _act(request: HttpRequest, community: CERConfiguration) -> None:
    """Give or end a role, or take an invitation back; a refusal is said in words."""
    by, now, action = _person(request), timezone.now(), request.POST.get("action")
    if action == "revoke":
        invitation = get_object_or_404(Invitation, community=community, pk=_number(request, "invitation"))
        roles.revoke(invitation, by=by, at=now)
        messages.success(request, _("Invito ritirato."))
        return
    membership = get_object_or_404(CERMembership, community=community, pk=_number(request, "membership"))
    role = request.POST.get("role", "")
    try:
        if action == "end":
            roles.end_role(membership, by=by, at=now)
        elif action == "grant" and role in (MemberRole.ADMIN, MemberRole.TECHNICAL):
            roles.grant_role(membership, MemberRole(role), by=by, at=now)
        else:
            messages.error(request, _("Questa azione non c’è."))
            return
    except roles.LastAdministrator:
        messages.error(request, _("È l’ultimo amministratore: prima dai il ruolo a un’altra persona."))
    except roles.NoRole:
        messages.error(request, _("Questa persona non ha più un ruolo da togliere."))
    else:
        messages.success(request, _("Ruolo cambiato."))


@transaction.atomic
def _invite(request: HttpRequest, community: CERConfiguration, asked: dict[str, Any]) -> None:
    role, now = MemberRole(asked["role"]), timezone.now()
    sent = roles.invite(community, asked["email"], role, member_type=asked["member_type"], by=_person(request), at=now)
    url = settings.SITE_URL.rstrip("/") + reverse("users:invitation", args=[sent.token])
    context = {"community": community.name, "role": role.label, "url": url, "site": settings.SITE_URL}
    outbox.post(sent.invitation.email, "users/mail/invitation.txt", context, at=now)
    messages.success(request, _("Invito mandato a %(email)s: vale sette giorni.") % {"email": sent.invitation.email})


@never_cache
@require_http_methods(PAGE)
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """GET and POST users/invitations/<token>/: what one is invited to, and the button that accepts it."""
    now = timezone.now()
    try:
        found = roles.invitation_of(token, at=now)
        user = request.user
        if not isinstance(user, CustomUser):  # whoever opens the link reads that mailbox: no code is needed again
            get_adapter().stash_verified_email(request, found.email)
        elif request.method == "POST" and user.email == found.email:
            roles.accept(token, user, at=now)
            messages.success(request, _("Benvenuto in %(community)s.") % {"community": found.community})
            return redirect("web:dashboard")
    except roles.InvitationGone:
        return link_gone(request)
    is_for_user = request.user.is_authenticated and request.user.email == found.email
    return render(request, "users/invitation.html", {"invitation": found, "is_for_user": is_for_user})


def _number(request: HttpRequest, name: str) -> int:
    value = request.POST.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 18 else 0


def _person(request: HttpRequest) -> CustomUser:
    user = request.user
    assert isinstance(user, CustomUser)  # noqa: S101  # login_required
    return user
