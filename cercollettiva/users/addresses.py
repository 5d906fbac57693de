"""The network address that a request comes from, behind as many proxies as the settings say."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "0.0.0.0"  # noqa: S104  # no address: nothing listens here


def client_ip(request: HttpRequest) -> str:
    """The address that the outermost of our own proxies saw; what clients themselves write is not believed."""
    told = request.META.get("REMOTE_ADDR", "")
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if settings.PROXY_COUNT and len(forwarded) >= settings.PROXY_COUNT:
        told = forwarded[-settings.PROXY_COUNT]
    try:
        return str(ipaddress.ip_address(told))
    except ValueError:  # a socket of this machine has none
        return UNKNOWN
