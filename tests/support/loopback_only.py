"""Keeps the tests on this machine: whoever looks outside, even from C, gets an error that says so."""

from __future__ import annotations

import ipaddress
import sys

_installed = False


class OutsideWorld(RuntimeError):
    """Not an OSError: code that survives a broken network must not survive this."""


def _is_here(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if not isinstance(host, str) or host in ("", "localhost"):
        return True  # None and "" are every address of this machine
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback or host in ("0.0.0.0", "::")  # noqa: S104
    except ValueError:
        return False


def _check(event: str, arguments: tuple[object, ...]) -> None:
    if not event.startswith("socket."):
        return
    host: object = None
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # Unix sockets have a path, not a pair
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    if not _is_here(host):
        raise OutsideWorld(f"A test asked for {host}: tests use loopback only.")


def install() -> None:
    """For the life of the process: an audit hook cannot be taken away."""
    global _installed
    if not _installed:
        sys.addaudithook(_check)
        _installed = True
