"""How often strangers may ask for what costs something: counted in the cache, as the limits of sign-in are."""

from __future__ import annotations

from typing import Final

from allauth.core.internal import ratelimit
from django.http import HttpRequest

RATES: Final = {
    "join-link": "20/h/ip,4/h/key",  # a mail to an address that somebody typed
    "join-step": "300/h/ip",
    "join-submit": "30/h/ip,10/d/key",
    "broker-test": "5/m/key",
    "push-device": "30/h/key",
    "join-check": "120/h/ip",
    "paper": "600/h/ip,120/h/key",  # each is read in a process of its own
}


def is_too_often(request: HttpRequest, action: str, *, key: str = "") -> bool:
    """Count this request; whether it is one too many."""
    return ratelimit.consume(request, app="cercollettiva", action=action, config=RATES, key=key or "-") is None
