"""Whether a broker is alive: it answers the first packet of a client, with whatever answer.

No session is opened and nothing is said in it: the one client of the project is the ingestor's.
"""

from __future__ import annotations

import socket
import ssl
from typing import Final, NamedTuple
from urllib.parse import urlsplit

LIMIT_SECONDS: Final = 1.5
# CONNECT of MQTT 3.1.1 with a clean session and without a name or a password; then DISCONNECT.
_HELLO: Final = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00"
_GOODBYE: Final = b"\xe0\x00"
_WELCOME_OR_NOT: Final = 0x20  # CONNACK, which also says that somebody may not come in


class Address(NamedTuple):
    host: str
    port: int
    tls: bool


def address_of(url: str) -> Address | None:
    """The address in `mqtt://user:password@host:port`; None where it is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        return None
    tls = parts.scheme == "mqtts"
    return Address(parts.hostname, parts.port or (8883 if tls else 1883), tls)


def is_alive(address: Address) -> bool:
    """A port that is open is not enough: the kernel answers for a process that hangs."""
    try:
        with socket.create_connection(address[:2], timeout=LIMIT_SECONDS) as plain:
            if not address.tls:
                return greets(plain)
            with _any_certificate().wrap_socket(plain, server_hostname=address.host) as secured:
                return greets(secured)
    except OSError:
        return False


def greets(line: socket.socket) -> bool:
    """Whether a broker answers on an open line; no session is begun."""
    line.sendall(_HELLO)
    answer = line.recv(1)
    line.sendall(_GOODBYE)
    return answer[:1] == bytes([_WELCOME_OR_NOT])


def _any_certificate() -> ssl.SSLContext:
    """Nothing secret is said: whether it is the right broker is for the ingestor to know."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
