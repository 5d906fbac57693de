"""Whether a caller may call at all; which rows it then finds is for `visible_to` to say."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from cercollettiva.energy.models import DeviceToken
from cercollettiva.users.models import ApiToken, Scope


class MayCall(BasePermission):
    """Somebody signed in, by a session or by a token whose scope reaches as far as the call."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        if not isinstance(request.auth, ApiToken):
            return True
        needed = getattr(view, "scope", Scope.READ) if request.method in SAFE_METHODS else Scope.WRITE
        return request.auth.reaches(needed)


class IsDevice(BasePermission):
    """A device with its own token."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.auth, DeviceToken)
