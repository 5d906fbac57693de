"""What every view of the API has in common."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, ClassVar

import orjson
from django.http import HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from cercollettiva.api import errors
from cercollettiva.api.throttles import AddressThrottle
from cercollettiva.users.tokens import Scope


class ApiView(APIView):
    """Counts the address before it looks at who calls, answers errors as JSON, and gives what is polled an ETag."""

    scope: ClassVar[Scope] = Scope.READ  # what a token must reach to read here
    polled: ClassVar[Iterable[str] | None] = None  # the keys that change by themselves; None: no ETag

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.now = timezone.now()
        self._refuse_where_too_often([AddressThrottle()], request)
        super().initial(request, *args, **kwargs)

    def get_throttles(self) -> list[BaseThrottle]:
        return [throttle for throttle in super().get_throttles() if not isinstance(throttle, AddressThrottle)]

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        self.request.accepted_renderer = JSONRenderer()  # an error is no spreadsheet
        self.request.accepted_media_type = JSONRenderer.media_type
        return response

    def finalize_response(
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_vary_headers(response, ["Authorization", "Cookie"])
        response.setdefault("Cache-Control", "private, no-cache")
        keys = self.polled_keys()
        if keys is None or request.method not in ("GET", "HEAD") or response.status_code != 200:
            return response
        return _unless_unchanged(request, response, keys)

    def polled_keys(self) -> Iterable[str] | None:
        return self.polled

    def _refuse_where_too_often(self, throttles: Iterable[BaseThrottle], request: Request) -> None:
        for throttle in throttles:
            if not throttle.allow_request(request, self):
                self.throttled(request, throttle.wait())


class CoreView(ApiView):
    """A view of the core JSON API: its errors are `{"error", "detail"}`."""

    def get_exception_handler(self) -> Any:
        return errors.core_handler


def _unless_unchanged(request: Request, response: Any, changing: Iterable[str]) -> HttpResponseBase:
    """304 where the client has all of it but the times, which pass by themselves."""
    if not isinstance(response, Response):
        return response
    told = response.data
    if isinstance(told, dict):
        told = {name: value for name, value in told.items() if name not in changing}
    etag = f'W/"{hashlib.blake2b(orjson.dumps(told, default=str), digest_size=12).hexdigest()}"'
    held = {part.strip() for part in request.headers.get("If-None-Match", "").split(",")}
    if etag in held:
        unchanged: HttpResponse = HttpResponseNotModified()
        for name in ("Vary", "Cache-Control"):
            unchanged[name] = response[name]
        unchanged["ETag"] = etag
        return unchanged
    response["ETag"] = etag
    return response
