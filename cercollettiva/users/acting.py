"""Whose request is being answered, for what is written down far from the view: the audit log."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

from cercollettiva.users.addresses import UNKNOWN, client_ip

_request: ContextVar[HttpRequest | None] = ContextVar("request being answered", default=None)


class ActingMiddleware:
    """Stands after AuthenticationMiddleware: the person is asked of the request only when something is recorded."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _request.set(request)
        try:
            return self.get_response(request)
        finally:
            _request.reset(token)


def current_request() -> HttpRequest | None:
    """None outside a request: a command, a job, the ingestor."""
    return _request.get()


def person_of(request: HttpRequest | None) -> int | None:
    """The key of who is signed in, if anybody is."""
    user = getattr(request, "user", None)
    return user.pk if user is not None and user.is_authenticated else None


def address_of(request: HttpRequest | None) -> str | None:
    """The network address of the other side as the server tells it, in the one form that databases keep as it is."""
    told = client_ip(request) if request is not None else UNKNOWN
    if told == UNKNOWN:
        return None
    address = ipaddress.ip_address(told.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
