"""The lock on the door: after too many wrong passwords nobody is asked for another for a while."""

from __future__ import annotations

from typing import Any

from axes.backends import AxesBackend
from django.http import HttpRequest


class LockoutBackend(AxesBackend):  # type: ignore[misc]  # axes has no types
    """Refuses whoever is locked out; it lets nobody in by itself.

    A call without a request is our own code's, which has no client to lock out.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        if request is not None:
            super().authenticate(request, **credentials)


def username_tried(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """The address somebody tried to sign in with, in the form under which attempts are counted."""
    given = credentials or {}
    form = request.POST if request is not None else {}
    tried = given.get("email") or given.get("username") or form.get("username") or ""
    return str(tried).strip().lower()
