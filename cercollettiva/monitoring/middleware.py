"""Probes come before everything that asks the database: whoever sends a cookie with one waits for nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

PROBES: Final = ("/monitoring/health/", "/monitoring/live/", "/monitoring/ready/", "/monitoring/metrics/")


class ProbesWithoutCookies:
    """Stands before the session: to a probe nobody is signed in, so no session is looked up for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(PROBES):
            request.META.pop("HTTP_COOKIE", None)
        return self.get_response(request)
