"""Lines to addresses that somebody typed in or a browser told us, without becoming a way into the network around us.

The name is resolved once; every address must be public, or on the operator's list; the connection goes to the address
that was looked at, never to the name again. Whatever goes wrong with a broker that is tried, the answer is the same. No
user logs in there: where each user is one client that would throw out whoever works under that name.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread
from typing import Any, Final, NamedTuple, TypeVar

from cercollettiva.monitoring.broker import greets

logger = logging.getLogger(__name__)

PORTS: Final = (1883, 8883)
WITHIN_SECONDS: Final = 3.0
_EMBEDDING: Final = (  # IPv6 networks that carry an IPv4 address which a gateway would reach
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),
    (ipaddress.IPv6Network("64:ff9b:1::/48"), 0),
    (ipaddress.IPv6Network("::/96"), 0),
    (ipaddress.IPv6Network("2002::/16"), 80),
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[..., list[Any]]
T = TypeVar("T")


class Target(NamedTuple):
    """A broker as its row says it is."""

    host: str
    port: int
    uses_tls: bool
    ca_certificate: str = ""


class Unreachable(Exception):
    """The one answer to whatever went wrong; the reason is for the log of the operator."""


def reach(target: Target, *, allowed: Sequence[Network], resolve: Resolver = socket.getaddrinfo) -> None:
    """Return where an MQTT broker answers within three seconds; else Unreachable."""
    try:
        within(WITHIN_SECONDS, lambda: _ask(target, allowed, resolve), name="broker test")
    except (OSError, ValueError, Unreachable) as error:
        logger.info("The test of a broker's connection failed: %s", type(error).__name__)
        raise Unreachable from error


def within(seconds: float, ask: Callable[[], T], *, name: str) -> T:
    """What `ask` answers, or TimeoutError: what hangs costs a thread, not whoever asks."""
    answer: Future[T] = Future()

    def asked() -> None:
        try:
            answer.set_result(ask())
        except Exception as error:  # it travels to whoever waits
            answer.set_exception(error)

    Thread(target=asked, name=name, daemon=True).start()
    return answer.result(timeout=seconds)


@contextmanager
def opened(
    host: str,
    port: int,
    *,
    allowed: Sequence[Network],
    deadline: float,
    tls: ssl.SSLContext | None = None,
    resolve: Resolver = socket.getaddrinfo,
) -> Iterator[socket.socket]:
    """An open line to a host that may be reached, encrypted where there is a context for it; else Unreachable."""
    found = resolve(host, port, type=socket.SOCK_STREAM)  # once: the next answer may be another
    family, sockaddr = _checked([(family, sockaddr) for family, _, _, _, sockaddr in found], allowed)
    with socket.socket(family, socket.SOCK_STREAM) as plain:
        plain.settimeout(max(deadline - time.monotonic(), 0.01))
        plain.connect(sockaddr)
        if tls is None:
            yield plain
        else:
            with tls.wrap_socket(plain, server_hostname=host) as secured:
                yield secured


def may_be_reached(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether an address is public, or on the operator's list; one inside another counts as itself."""
    address = _without_scope(address)
    if any(address in network for network in allowed if network.version == address.version):
        return True
    inner = _embedded(address)
    if inner is not None:
        return may_be_reached(inner, allowed)
    ill = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    return address.is_global and not ill


def _ask(target: Target, allowed: Sequence[Network], resolve: Resolver) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    if target.port not in PORTS:
        raise Unreachable("the port is not one of a broker")
    tls = ssl.create_default_context(cadata=target.ca_certificate or None) if target.uses_tls else None
    with opened(target.host, target.port, allowed=allowed, deadline=deadline, tls=tls, resolve=resolve) as line:
        if not greets(line):
            raise Unreachable("somebody else answers")


def _checked(found: Sequence[tuple[int, Any]], allowed: Sequence[Network]) -> tuple[int, Any]:
    """The first address, where all of them may be reached."""
    if not found:
        raise Unreachable("the name has no address")
    for _, sockaddr in found:
        if not may_be_reached(ipaddress.ip_address(sockaddr[0]), allowed):
            raise Unreachable("an address is not public")
    return found[0]


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.teredo is not None:
        return address.teredo[1]
    for network, shift in _EMBEDDING:
        if address in network:
            return ipaddress.IPv4Address((int(address) >> shift) & 0xFFFFFFFF)
    return None


def _without_scope(address: Address) -> Address:
    return ipaddress.ip_address(str(address).partition("%")[0])
