"""How long somebody stays signed in, and on which devices and by which programs.

The expiry of a session's row is the whole rule: it moves on with each request and never beyond the absolute limit. The
sockets ask the same row, so they close when it ends, and ending a session is deleting it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from cercollettiva.users import signals
from cercollettiva.users.models import ApiToken, CustomUser

STARTED: Final = "signed_in_at"  # [s] since the epoch
TOUCHED: Final = "seen_at"
TOUCH_EVERY: Final = 60  # [s] a session is written once a minute, however many pages are read


class SessionLimits:
    """Ends what has lasted too long, and moves on what is used."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            self._keep(request, timezone.now())
        return self.get_response(request)

    def _keep(self, request: HttpRequest, now: datetime) -> None:
        moment = int(now.timestamp())
        started = request.session.get(STARTED, moment)
        left = int(settings.SESSION_ABSOLUTE_AGE.total_seconds()) - (moment - started)
        if left <= 0:
            logout(request)
        elif moment - request.session.get(TOUCHED, 0) >= TOUCH_EVERY:
            request.session[STARTED] = started
            request.session[TOUCHED] = moment
            request.session.set_expiry(min(settings.SESSION_COOKIE_AGE, left))
            request.session.save()
            UserSession.objects.create_from_request(request)


@receiver(user_logged_in)
def _begin(sender: Any, request: HttpRequest, user: CustomUser, **_: Any) -> None:
    """The absolute limit counts from here; the key was changed by Django's `login` a moment before."""
    request.session[STARTED] = request.session[TOUCHED] = int(timezone.now().timestamp())
    request.session.set_expiry(settings.SESSION_COOKIE_AGE)


def devices_of(user: CustomUser, *, now: datetime) -> list[UserSession]:
    """The sessions of a person that still stand, the last used first. Two queries."""
    known = list(UserSession.objects.filter(user=user).order_by("-last_seen_at"))
    keys = [device.session_key for device in known]
    standing = set(
        Session.objects.filter(session_key__in=keys, expire_date__gt=now).values_list("session_key", flat=True)
    )
    return [device for device in known if device.session_key in standing]


def end_session(device: UserSession, *, by: CustomUser, at: datetime) -> None:
    _end([device], user=device.user, by=by, at=at)


@transaction.atomic
def end_sessions(user: CustomUser, *, by: CustomUser, at: datetime, but: str | None = None) -> int:
    """End all the sessions of a person, except the one of this key, and their tokens; how many sessions there were."""
    revoke_tokens(user, by=by, at=at)
    return _end(UserSession.objects.filter(user=user).exclude(session_key=but), user=user, by=by, at=at)


@transaction.atomic
def revoke_tokens(user: CustomUser, *, by: CustomUser, at: datetime) -> int:
    """Whatever program calls in somebody's name is refused from the next call on; how many tokens there were."""
    count = ApiToken.objects.open_at(at).filter(user=user).update(revoked_at=at)
    if count:
        signals.tokens_revoked.send(CustomUser, user=user, by=by, at=at, count=count)
    return count


@receiver((password_changed, password_reset, password_set))
def _password_is_new(sender: Any, user: CustomUser, **_: Any) -> None:
    """Django ends the sessions by itself; whoever knew the old password may have made tokens."""
    revoke_tokens(user, by=user, at=timezone.now())


@transaction.atomic
def _end(devices: Iterable[UserSession], *, user: CustomUser, by: CustomUser, at: datetime) -> int:
    devices = list(devices)
    Session.objects.filter(session_key__in=[device.session_key for device in devices]).delete()
    UserSession.objects.filter(pk__in=[device.pk for device in devices]).delete()
    signals.sessions_ended.send(CustomUser, user=user, by=by, at=at, count=len(devices))
    return len(devices)
