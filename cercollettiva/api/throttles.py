"""How often somebody may call: by network address before anybody is known, then by who it is.

The counts are in the cache, so they are one for all processes where REDIS_URL is set.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle

from cercollettiva.energy.models import DeviceToken
from cercollettiva.users.addresses import client_ip


class Throttle(SimpleRateThrottle):
    """A rate that is read when it is asked for, so that settings may change it."""

    def get_rate(self) -> str | None:
        rate: str | None = api_settings.DEFAULT_THROTTLE_RATES.get(self.scope)
        return rate

    def get_ident(self, request: Request) -> str:
        return client_ip(request._request)

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        who = self.who(request)
        return None if who is None else f"throttle:{self.scope}:{who}"

    def who(self, request: Request) -> str | None:
        raise NotImplementedError


class AddressThrottle(Throttle):
    """Everybody behind one address; asked before the token or the session is looked at."""

    scope = "address"

    def who(self, request: Request) -> str | None:
        return self.get_ident(request)


class CallerThrottle(Throttle):
    """One person, by whatever session or token."""

    scope = "caller"

    def who(self, request: Request) -> str | None:
        return str(request.user.pk) if request.user.is_authenticated else None


class WriteThrottle(CallerThrottle):
    scope = "write"

    def who(self, request: Request) -> str | None:
        return None if request.method in ("GET", "HEAD", "OPTIONS") else super().who(request)


class DeviceThrottle(Throttle):
    """One device that speaks HTTP."""

    scope = "device"

    def who(self, request: Request) -> str | None:
        return str(request.auth.device_id) if isinstance(request.auth, DeviceToken) else None


def counts_as_too_many(scope: str, who: str, rate: tuple[int, int], *, count: bool = True) -> bool:
    """Count a failure of somebody, or only look; whether there were more than `rate` (so many, in so many seconds)."""
    most, seconds = rate
    key = f"throttle:{scope}:{hashlib.sha256(who.encode('utf-8', 'replace')).hexdigest()}"
    if not count:
        return bool(cache.get(key, 0) >= most)
    cache.add(key, 0, seconds)
    try:
        return bool(cache.incr(key) > most)
    except ValueError:  # its time ended in between
        return False
