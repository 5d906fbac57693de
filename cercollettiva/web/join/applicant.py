"""Whose application a request is about: of whoever is signed in, or of whoever came by the link in a mail."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest

from cercollettiva.core.models import Application, CERConfiguration
from cercollettiva.users.models import CustomUser

SESSION: Final = "applications"  # community to application, for those who came by a link


def application_of(request: HttpRequest, community: CERConfiguration) -> Application | None:
    """The newest, in whatever state."""
    rows = Application.objects.filter(community=community).select_related(
        "community__organisation", "membership__user", "user"
    )
    user = request.user
    if isinstance(user, CustomUser):
        mine = rows.filter(user=user) | rows.filter(user__isnull=True, email=user.email)
        return mine.order_by("-pk").first()
    application = rows.filter(pk=request.session.get(SESSION, {}).get(str(community.pk), 0)).first()
    if application is None or must_sign_in(application):
        return None
    return application


def must_sign_in(application: Application) -> bool:
    """A link stands for an account only as long as nobody has chosen a password for it."""
    owner = application.user or CustomUser.objects.filter(email=application.email).first()
    return owner is not None and (owner.has_usable_password() or owner.is_staff or not owner.is_active)


def remember(request: HttpRequest, application: Application) -> None:
    request.session[SESSION] = {
        **request.session.get(SESSION, {}),
        str(application.community_id): application.pk,
    }
