"""Who signs in by address and password; after too many wrong ones nobody is asked for another for a while."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from axes.backends import AxesBackend
from django.http import HttpRequest

from cercollettiva.users.models import CustomUser


class LockoutBackend(AxesBackend):  # type: ignore[misc]  # axes has no types
    """Refuses whoever is locked out; it lets nobody in by itself.

    A call without a request is our own code's, which has no client to lock out.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        if request is not None:
            super().authenticate(request, **credentials)


class SignInBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth's bases are dynamic
    """Allauth's, with one question to the database for every address.

    Allauth looks among the confirmed addresses, and only for those it does not find among the accounts too: whoever
    measures how long a refusal takes would learn who has an account. Ours have one address each, in their own row.
    """

    def _authenticate_by_email(self, email: str, password: str) -> CustomUser | None:
        user = CustomUser.objects.filter(email=email.strip().lower()).first()
        known: CustomUser | None = self._check_password(user, password)
        return known


def username_tried(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """The address somebody tried to sign in with, in the form under which attempts are counted."""
    given = credentials or {}
    form = request.POST if request is not None else {}
    tried = given.get("email") or given.get("username") or form.get("username") or ""
    return str(tried).strip().lower()
