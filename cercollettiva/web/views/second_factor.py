"""The page of the second factor, and what stands before allauth's pages of single passkeys."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base.views import IndexView
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import EditWebAuthnView, RemoveWebAuthnView
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from cercollettiva.users import second_factor


class Index(IndexView):  # type: ignore[misc]  # allauth's views are dynamic
    """GET users/second_factor/: what one has, what can be added, until when one must."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        request, now = self.request, timezone.now()
        standing = second_factor.standing_of(request.user, request.session, now)
        if standing is second_factor.Standing.GRACE:
            second_factor.begin_grace(request.user, now)
        wanted = request.GET.get("next", "")
        is_ours = url_has_allowed_host_and_scheme(
            wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )
        may_go_on = second_factor.may_go_on(request.user, request.session, now)
        return {
            **super().get_context_data(**kwargs),
            "standing": standing.value,
            "due_at": request.user.second_factor_due_at,
            "next": wanted if is_ours and may_go_on else "",
        }


@login_required
@require_http_methods(("GET", "HEAD", "POST"))
def rename_passkey(request: HttpRequest, pk: int) -> HttpResponseBase:
    """GET and POST users/second_factor/passkeys/<pk>/edit/: the name by which one knows one's own again."""
    get_object_or_404(Authenticator, pk=pk, user=request.user, type=Authenticator.Type.WEBAUTHN)
    response: HttpResponseBase = EditWebAuthnView.as_view()(request, pk=pk)
    return response


@login_required
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponseBase:
    """GET and POST users/second_factor/passkeys/<pk>/remove/: one's own; of others it is not told whether it exists."""
    get_object_or_404(Authenticator, pk=pk, user=request.user, type=Authenticator.Type.WEBAUTHN)
    response: HttpResponseBase = RemoveWebAuthnView.as_view()(request, pk=pk)
    return response
