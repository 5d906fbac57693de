"""Who must prove twice who they are, since when, and what they may do until they can.

Administrators of a community and platform staff need a passkey or an app's codes; for everybody else it is a choice,
and who made it is asked at every sign-in (by allauth). Somebody who must but cannot yet has a grace that begins with
their first page: after it only the pages where a second factor is set up answer, and no socket and no API.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any, Final
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_used
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import Exists
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cercollettiva.users.models import CustomUser

PROVEN: Final = "second_factor_of"  # in a session: whose second factor it has seen
SECOND: Final = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)  # recovery codes only stand in for these
API_PATHS: Final = ("/api/", "/core/api/", "/energy/api/")
ALWAYS_OPEN: Final = frozenset(
    {
        "account_login",
        "account_logout",
        "account_reauthenticate",
        "monitoring:health",
        "set_language",
        "users:login",
        "users:logout",
        "users:privacy_policy",
        "web:home",
    }
)


class Standing(Enum):
    """How a signed-in person stands to the second factor."""

    FINE = "fine"  # proven, or not required
    GRACE = "grace"  # must set one up, and has time
    SET_UP = "set up"  # had time
    PROVE = "prove"  # has one, which this session has not seen


def is_required_of(user: CustomUser, now: datetime) -> bool:
    """Platform staff, and whoever administers a community now. At most one query."""
    if not settings.SECOND_FACTOR_REQUIRED:
        return False
    return is_required(user, administers=False) or bool(user.memberships.administering(at=now).exists())


def is_required(user: CustomUser, *, administers: bool) -> bool:
    """The same for whoever knows already whether the person administers a community."""
    return bool(settings.SECOND_FACTOR_REQUIRED) and (user.is_staff or user.is_superuser or administers)


def has_one(user: CustomUser) -> bool:
    found: bool = Authenticator.objects.filter(user=user, type__in=SECOND).exists()
    return found


def is_proven(session: SessionBase, user: CustomUser) -> bool:
    """Whether this session has seen the second factor of this person."""
    seen: object = session.get(PROVEN)
    return seen == user.pk


def standing_of(user: CustomUser, session: SessionBase, now: datetime) -> Standing:
    """No query where the session has the proof, else one. It changes nothing."""
    if is_proven(session, user):
        return Standing.FINE
    has = _has_what_is_required(user, now)
    if has is None:
        return Standing.FINE
    if has:
        return Standing.PROVE
    due = user.second_factor_due_at
    return Standing.GRACE if due is None or now < due else Standing.SET_UP


def may_go_on(user: CustomUser, session: SessionBase, now: datetime) -> bool:
    """Whether nothing is to be proven first."""
    return standing_of(user, session, now) in (Standing.FINE, Standing.GRACE)


def may_use_tokens(user: CustomUser, now: datetime) -> bool:
    """Whether what holds a token of this person may go on: a role that asks for a second factor asks for it here too.

    The token was made in a session that had proven it; a program cannot prove it again.
    """
    if _has_what_is_required(user, now) is not False:
        return True
    due = user.second_factor_due_at
    return due is None or now < due


def _has_what_is_required(user: CustomUser, now: datetime) -> bool | None:
    """Whether somebody who must have a second factor has one; None of whom it is a choice. One query at most."""
    if not settings.SECOND_FACTOR_REQUIRED:
        return None
    if is_required(user, administers=False):
        return has_one(user)
    having = Exists(Authenticator.objects.filter(user=user, type__in=SECOND))
    administering: bool | None = user.memberships.administering(at=now).values_list(having, flat=True).first()
    return administering


def begin_grace(user: CustomUser, now: datetime) -> None:
    """Once in a lifetime: a role that is lost and won again brings no new one."""
    fresh = CustomUser.objects.filter(pk=user.pk, second_factor_due_at__isnull=True)
    due = now + settings.SECOND_FACTOR_GRACE
    if fresh.update(second_factor_due_at=due):
        user.second_factor_due_at = due


class SecondFactorMiddleware:
    """Stands before every view; the sockets ask the same rule in `live`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        user = request.user
        if not isinstance(user, CustomUser) or self._is_open(request):
            return None
        now = timezone.now()
        standing = standing_of(user, request.session, now)
        if standing is Standing.GRACE:
            if user.second_factor_due_at is None:
                begin_grace(user, now)
            return None
        return None if standing is Standing.FINE else _refusal(request, standing)

    def _is_open(self, request: HttpRequest) -> bool:
        name = request.resolver_match.view_name if request.resolver_match else ""
        return name in ALWAYS_OPEN or name.startswith("mfa_")


def _refusal(request: HttpRequest, standing: Standing) -> HttpResponse:
    if request.path.startswith(API_PATHS):
        detail = _("Serve la verifica in due passaggi: accedi dalle pagine e completala.")
        return JsonResponse({"error": "second_factor_required", "detail": detail}, status=403)
    page = reverse("mfa_index" if standing is Standing.SET_UP else _confirmation_of(request.user))
    return HttpResponseRedirect(f"{page}?{urlencode({'next': request.get_full_path()})}")


def _confirmation_of(user: Any) -> str:
    """The page that takes what somebody has; whoever has only a passkey has no code to write."""
    by_code = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN)
    return "mfa_reauthenticate" if by_code.exists() else "mfa_reauthenticate_webauthn"


@receiver(user_logged_in)
def _begin(sender: Any, request: HttpRequest, user: CustomUser, **_: Any) -> None:
    now = timezone.now()
    if user.second_factor_due_at is None and standing_of(user, request.session, now) is Standing.GRACE:
        begin_grace(user, now)


@receiver(authenticator_added)
@receiver(authenticator_used)
def _remember(sender: Any, request: HttpRequest, user: CustomUser, **_: Any) -> None:
    """The session has seen it: somebody has just set it up, or used it to come in or to confirm."""
    request.session[PROVEN] = user.pk


@receiver(authenticator_removed)
def _forget(sender: Any, request: HttpRequest, user: CustomUser, **_: Any) -> None:
    """Without any, there is nothing that was proven."""
    if not has_one(user):
        request.session.pop(PROVEN, None)
