"""Pages for those who look after plants: for anybody else they are not there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse

from cercollettiva.core.models import CERConfiguration

View = Callable[..., HttpResponse]


def managers_only(view: View) -> View:
    """Administrators and technicians of some community, and platform staff."""

    @wraps(view)
    def for_managers(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        if not (user.is_staff or user.is_superuser) and not CERConfiguration.objects.managed_by(user).exists():
            raise Http404
        return view(request, *args, **kwargs)

    return login_required(for_managers)


def proven_anew(view: Callable[..., Any]) -> Callable[..., Any]:
    """Whoever is signed in says again who they are, unless they did a moment ago; inside `login_required`."""
    guarded: Callable[..., Any] = reauthentication_required(view)
    return guarded


def proven_anew_to_post(view: Callable[..., Any]) -> Callable[..., Any]:
    """The same where only a form changes something: it waits for the proof, and is carried out then."""
    guarded: Callable[..., Any] = reauthentication_required(view, enabled=lambda request: request.method == "POST")
    return guarded
