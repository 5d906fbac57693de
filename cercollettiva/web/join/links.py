"""The link that opens an application without an account, and the mark by which a form knows whose it was.

Both are signed, expire, and name one application with its key: a new link revokes those before.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core import signing
from django.urls import reverse

from cercollettiva.core.models import Application, CERConfiguration

LINK_LASTS: Final = timedelta(days=14)
FORM_LASTS: Final = timedelta(days=1)
_LINK: Final = "cercollettiva.join.link"
_FORM: Final = "cercollettiva.join.form"


def link_to(application: Application) -> str:
    """The whole address, for a mail."""
    token = signing.dumps([application.pk, application.link_key], salt=_LINK)
    return address_of("communities:join-resume", application.community_id, token)


def application_behind(token: str, community: CERConfiguration) -> Application | None:
    return _opened(token, community, salt=_LINK, lasts=LINK_LASTS)


def form_mark(application: Application) -> str:
    """Stands in each form: what was typed is kept even if the session has ended since."""
    return signing.dumps([application.pk, application.link_key], salt=_FORM)


def application_of_form(mark: str, community: CERConfiguration) -> Application | None:
    return _opened(mark, community, salt=_FORM, lasts=FORM_LASTS)


def address_of(name: str, *arguments: object) -> str:
    return settings.SITE_URL.rstrip("/") + reverse(name, args=arguments)


def _opened(token: str, community: CERConfiguration, *, salt: str, lasts: timedelta) -> Application | None:
    try:
        pk, key = signing.loads(token, salt=salt, max_age=lasts)
    except (signing.BadSignature, ValueError):  # expired is a bad signature too
        return None
    rows = Application.objects.select_related("community__organisation", "membership", "user")
    return rows.filter(pk=pk, link_key=key, community=community).first()
