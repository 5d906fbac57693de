"""One notification to one browser, through the service of the browser's maker, who cannot read it.

The browser told us the address: it counts as typed in by a stranger. Only https on its usual port to public addresses,
looked at before the connection and not left to the name again; a redirect is not followed, and all of it has an end.
"""

from __future__ import annotations

import base64
import http.client
import json
import logging
import socket
import ssl
import time
from collections.abc import Mapping
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from cercollettiva.monitoring.reach import Network, Unreachable, may_be_reached, opened, within

if TYPE_CHECKING:
    from cercollettiva.monitoring.models import PushSubscription

logger = logging.getLogger(__name__)

PORT: Final = 443
WITHIN_SECONDS: Final = 10.0
KEPT_SECONDS: Final = 12 * 3600  # by the service, for a device that is off; then the mail has to do
LONGEST_ENDPOINT: Final = 2000
POINT_BYTES, SECRET_BYTES = 65, 16
ALLOWED: tuple[Network, ...] = ()  # addresses that may be reached though they are not public: none
OVER: Final = (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.GONE)


class NotAPushAddress(ValueError):
    """No browser's maker has such an address, or such keys."""


class NotDelivered(Exception):
    """The service did not take it; the reason is for the log."""


class Gone(NotDelivered):
    """The browser does not want anything any more, or is no more."""


class _Answer(NamedTuple):
    """What pywebpush asks of an answer."""

    status_code: int
    reason: str
    text: str = ""
    headers: Mapping[str, str] = {}


def application_key() -> str:
    """Whose notifications a browser is asked to take: our public key. Empty where nothing is configured."""
    return _public_key(settings.VAPID_PRIVATE_KEY) if settings.VAPID_PRIVATE_KEY else ""


def check(endpoint: str, p256dh: str, auth: str) -> None:
    """Refuse with NotAPushAddress what cannot be a subscription; where its name leads is looked at when it is used."""
    if len(endpoint) > LONGEST_ENDPOINT or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        raise NotAPushAddress
    _parts(endpoint)
    if len(_decoded(p256dh)) != POINT_BYTES or len(_decoded(auth)) != SECRET_BYTES:
        raise NotAPushAddress


def deliver(subscription: PushSubscription, note: Mapping[str, Any]) -> None:
    """Hand a note to the browser's service, or raise Gone or NotDelivered, within ten seconds."""
    try:
        within(WITHIN_SECONDS, lambda: _post(subscription, json.dumps(note)), name="push")
    except (OSError, ValueError, http.client.HTTPException, Unreachable) as error:
        raise NotDelivered(type(error).__name__) from error


def _post(subscription: PushSubscription, content: str) -> None:
    from pywebpush import WebPushException, webpush  # slow to import, and only who sends needs it

    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    try:
        webpush(
            {"endpoint": subscription.endpoint, "keys": keys},
            content,
            vapid_private_key=_vapid(settings.VAPID_PRIVATE_KEY),
            vapid_claims={"sub": _subject(), "aud": _audience(subscription.endpoint)},
            ttl=KEPT_SECONDS,
            headers={"urgency": "high"},
            requests_session=_Line(),
        )
    except WebPushException as error:
        status = error.status_code
        if status in OVER:
            raise Gone(status) from error
        raise NotDelivered(status or "a key is not one") from error


class _Line:
    """What pywebpush posts through: a line that `reach` has looked at, used once."""

    def post(self, endpoint: str, *, timeout: Any, data: bytes, headers: Mapping[str, str]) -> _Answer:
        parts, deadline = _parts(endpoint), time.monotonic() + WITHIN_SECONDS
        host = parts.hostname or ""
        with opened(host, PORT, allowed=ALLOWED, deadline=deadline, tls=ssl.create_default_context()) as line:
            connection = http.client.HTTPConnection(host, PORT)
            connection.sock = _limited(line, deadline)
            path = parts.path or "/"
            address = f"{path}?{parts.query}" if parts.query else path
            connection.request("POST", address, body=data, headers={**headers, "Host": parts.netloc})
            answer = connection.getresponse()
            return _Answer(answer.status, answer.reason)  # what it says besides is of no use


def _limited(line: socket.socket, deadline: float) -> socket.socket:
    line.settimeout(max(deadline - time.monotonic(), 0.01))
    return line


def _parts(endpoint: str) -> SplitResult:
    """The parts of an address that may be one; a host that is an address must be public."""
    try:
        parts = urlsplit(endpoint)
        port, host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise NotAPushAddress from error
    if parts.scheme != "https" or not host or parts.username is not None or port not in (None, PORT):
        raise NotAPushAddress
    try:
        address = ip_address(host)
    except ValueError:
        return parts
    if not may_be_reached(address, ALLOWED):
        raise NotAPushAddress
    return parts


def _audience(endpoint: str) -> str:
    return f"https://{_parts(endpoint).netloc}"


def _subject() -> str:
    """Whom the service may ask about us: the site."""
    site = settings.SITE_URL.rstrip("/")
    return site if site.startswith("https://") else "mailto:noreply@localhost.localdomain"


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise NotAPushAddress from error


@cache
def _vapid(key: bytes) -> Any:
    from py_vapid import Vapid02

    return Vapid02.from_raw(base64.urlsafe_b64encode(key).rstrip(b"="))


@cache
def _public_key(key: bytes) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = ec.derive_private_key(int.from_bytes(key), ec.SECP256R1()).public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()
