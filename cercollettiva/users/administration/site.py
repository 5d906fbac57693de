"""The site of the administration: who comes in, under which content policy, in which time zone."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from zoneinfo import ZoneInfo

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.template.response import SimpleTemplateResponse
from django.utils import timezone
from unfold.sites import UnfoldAdminSite

from cercollettiva.users.names import without_decrypting

# Unfold's pages are built with Alpine, which evaluates what stands in attributes, and set styles in place: this policy
# is for these pages alone. What comes from elsewhere is refused here too.
CONTENT_POLICY: Final = {
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
}
View = Callable[..., HttpResponseBase]


class Administration(UnfoldAdminSite):  # type: ignore[misc]
    """For platform staff; for anybody else who is signed in it is not there. The second factor is the middleware's."""

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return bool(user.is_active and (user.is_staff or user.is_superuser))

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        inside = super().admin_view(view, cacheable)

        @csp_replace(CONTENT_POLICY)
        @wraps(inside)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), resolve_url(settings.LOGIN_URL))
            if not self.has_permission(request):
                raise Http404
            with timezone.override(ZoneInfo(settings.LOCAL_TIME_ZONE)), without_decrypting():
                answer: HttpResponseBase = inside(request, *args, **kwargs)
                if isinstance(answer, SimpleTemplateResponse):
                    answer = answer.render()
            return answer

        return guarded

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one door: the page where everybody signs in."""
        return redirect_to_login(resolve_url("admin:index"), resolve_url(settings.LOGIN_URL))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        return LogoutView.as_view()(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(resolve_url("users:password_change"))

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(resolve_url("users:profile"))
