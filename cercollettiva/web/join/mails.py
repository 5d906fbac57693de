"""The mails about applications: one template each, written with what they tell (`users/outbox.py`).

To who applies in the language in which they began, to administrators in the platform's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from cercollettiva.core.models import Application, CERMembership
from cercollettiva.users import outbox
from cercollettiva.web.join.links import LINK_LASTS, address_of, link_to


def tell_applicant(application: Application, name: str, **context: Any) -> None:
    """The link opens the application, unless there is an account with a password: then one signs in."""
    has_password = application.user is not None and application.user.has_usable_password()
    address = address_of("communities:join", application.community_id) if has_password else link_to(application)
    given = {
        "url": address,
        "days": LINK_LASTS.days,
        "has_password": has_password,
        "password_url": address_of("account_reset_password"),
        "login_url": address_of("users:login"),
        **context,
    }
    to = application.user.email if application.user is not None else application.email  # it may have changed since
    _send(application, name, to, application.language, given)


def tell_administrators(application: Application, name: str, *, at: datetime, **context: Any) -> None:
    """Each gets a mail of their own: nobody reads the addresses of the others."""
    memberships: Any = CERMembership.objects
    working = memberships.administering(at=at).filter(community=application.community_id, user__is_active=True)
    address = address_of("desk:application", application.pk)
    for email in working.order_by("user__email").values_list("user__email", flat=True).distinct():
        _send(application, name, email, settings.LANGUAGE_CODE, {"url": address, **context})


def _send(application: Application, name: str, to: str, language: str, context: dict[str, Any]) -> None:
    given = {
        "community": application.community.name,
        "name": application.shown_name,
        "site": settings.SITE_URL,
        **context,
    }
    outbox.post(to, f"join/mail/{name}.txt", given, at=timezone.now(), language=language)
