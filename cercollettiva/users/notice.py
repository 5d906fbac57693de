"""The privacy notice has a new version: whoever accepted an older one is asked at the next visit.

It is asked once, when somebody signs in, and the answer stands in the session: no page costs a query for it. Meanwhile
one may read the notice, see and take one's data, ask to be erased and sign out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from cercollettiva.users import second_factor
from cercollettiva.users.consents import PRIVACY, PRIVACY_VERSION
from cercollettiva.users.models import Consent, CustomUser

OWED: Final = "notice_owed"  # in a session
OPEN: Final = second_factor.ALWAYS_OPEN | {
    "account_email_verification_sent",
    "account_inactive",
    "users:accept_privacy",
    "users:delete_account",
    "users:export",
    "users:export_file",
    "users:privacy",
    "users:sessions",
    "web:manifest",
    "web:offline",
    "web:service-worker",
}


def is_owed_by(user: CustomUser) -> bool:
    """Whether somebody accepted the notice once, and not in its present version. At most two queries."""
    versions = Consent.objects.filter(user=user, document=PRIVACY)
    return versions.exists() and not versions.in_force().filter(version=PRIVACY_VERSION).exists()


def forget(session: SessionBase) -> None:
    session.pop(OWED, None)


class NoticeMiddleware:
    """Leads a page that is opened to the notice; forms that were begun, files and programs go on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if request.method != "GET" or not request.user.is_authenticated or not request.session.get(OWED):
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in OPEN or name.startswith("mfa_") or request.path.startswith(second_factor.API_PATHS):
            return None
        return HttpResponseRedirect(f"{reverse('users:accept_privacy')}?{urlencode({'next': request.get_full_path()})}")


@receiver(user_logged_in)
def _ask(sender: Any, request: HttpRequest, user: CustomUser, **_: Any) -> None:
    if is_owed_by(user):
        request.session[OWED] = True
