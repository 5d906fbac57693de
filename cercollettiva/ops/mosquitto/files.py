"""What stands in Mosquitto's files: configuration, passwords and rights, from settings and rows."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from django.conf import settings

from cercollettiva.energy.broker import credentials
from cercollettiva.energy.broker.topics import (
    SERVICES,
    Permissions,
    Refused,
    permissions_of_devices,
    permissions_of_services,
)
from cercollettiva.energy.broker.verifiers import service_verifier
from cercollettiva.settings.env import Endpoint

CONFIGURATION: Final = "mosquitto.conf"
PASSWORDS: Final = "passwords"  # a file's name
RIGHTS: Final = "acl"
PID_FILE: Final = "mosquitto.pid"
LOG: Final = "mosquitto.log"
STATE: Final = "state"  # the folder of what the broker keeps for whoever is away
HEAD: Final = (
    "# Written by manage.py broker_config from the platform's settings and rows: changes made here are lost.\n"
)


class BadBrokerSettings(Exception):
    """A setting with which no broker of ours may start; the text says which, and what would be right."""


class Wanted(NamedTuple):
    """The files as they should be, how many devices come in by them, and who does not."""

    files: dict[str, str]
    devices: int
    refused: list[Refused]


def wanted(folder: Path) -> Wanted:
    """One query, whatever the number of devices."""
    rows = credentials.in_force()
    speakers = [speaker for speaker, _ in rows]
    of_devices, refused = permissions_of_devices(speakers)
    let_in = {one.username for one in of_devices}
    verifiers = [*_service_lines(), *((one.device_id, verifier) for one, verifier in rows if one.device_id in let_in)]
    files = {
        PASSWORDS: "".join(f"{name}:{verifier}\n" for name, verifier in verifiers),
        RIGHTS: HEAD + "".join(_rights([*permissions_of_services(speakers), *of_devices])),
        CONFIGURATION: HEAD + "\n".join(_configuration(folder)) + "\n",
    }
    return Wanted(files, len(let_in), refused)


def _service_lines() -> Iterator[tuple[str, str]]:
    for name in SERVICES:
        yield name, service_verifier(name, credentials.login_of(name))


def _rights(users: Iterable[Permissions]) -> Iterator[str]:
    """What is denied first: Mosquitto goes by it whatever the order, and whoever reads the file should too."""
    for one in users:
        yield f"\nuser {one.username}\n"
        for word, filters in (("deny", one.deny), ("write", one.write), ("read", one.read)):
            yield from (f"topic {word} {topic}\n" for topic in filters)


def _configuration(folder: Path) -> Iterator[str]:
    user = _user_name()
    if user:
        yield f"user {user}"
    yield f"pid_file {folder / PID_FILE}"
    yield "per_listener_settings false"
    yield ""
    yield "# A PUBACK is a promise: a kill loses 100 messages at most, and none is dropped in silence."
    yield "persistence true"
    yield f"persistence_location {folder / STATE}/"
    yield "autosave_on_changes true"
    yield "autosave_interval 100"
    yield "max_queued_messages 0"
    yield f"max_queued_bytes {settings.BROKER_QUEUE_BYTES}"
    yield "max_inflight_messages 1000"
    yield "max_packet_size 65536"
    yield ""
    yield "allow_anonymous false"
    yield f"password_file {folder / PASSWORDS}"
    yield f"acl_file {folder / RIGHTS}"
    yield ""
    yield "log_dest stderr"
    yield f"log_dest file {folder / LOG}"
    yield from (f"log_type {kind}" for kind in ("error", "warning", "notice"))  # not each save
    yield "connection_messages true"
    yield from _listeners()


def _listeners() -> Iterator[str]:
    ours: Endpoint | None = settings.BROKER_LISTENER
    tls: Endpoint | None = settings.BROKER_TLS_LISTENER
    assert ours is not None and tls is not None  # noqa: S101, PT018  # both have a default
    _refuse_public("BROKER_LISTENER", ours)
    yield from ("", "# The platform's own processes.", *_listener(ours))
    certificate, key = settings.BROKER_CERTIFICATE, settings.BROKER_CERTIFICATE_KEY
    if bool(certificate) != bool(key):
        raise BadBrokerSettings("BROKER_CERTIFICATE and BROKER_CERTIFICATE_KEY go together: set both, or neither.")
    if certificate:
        yield from ("", "# Meters.", *_listener(tls))
        yield from (f"certfile {_path(certificate)}", f"keyfile {_path(key)}", "tls_version tlsv1.2")
    plain: Endpoint | None = settings.BROKER_PLAIN_LISTENER
    if plain is not None:
        _refuse_public("BROKER_PLAIN_LISTENER", plain)
        if plain.address.is_unspecified:
            raise BadBrokerSettings(
                "BROKER_PLAIN_LISTENER is not encrypted: name the address of the LAN or of the VPN, not all of them."
            )
        yield from ("", "# Meters that cannot do TLS: in a LAN or a VPN alone.", *_listener(plain))


def _listener(at: Endpoint) -> tuple[str, str]:
    """Each user is one client: nobody takes the session of another by its name. It is said to each listener apart."""
    return (f"listener {at.port} {at.address}", "use_username_as_clientid true")


def _refuse_public(name: str, at: Endpoint) -> None:
    """What is said there in clear text must not cross the internet. A container listens on all its addresses."""
    if at.address.is_global:
        raise BadBrokerSettings(f"{name} is not encrypted and {at.address} is a public address: use a private one.")


def _path(value: str) -> Path:
    """A file by its whole name, on one line: Mosquitto starts in another folder than we do."""
    if any(ord(letter) < 32 for letter in value):
        raise BadBrokerSettings("A path of the broker's certificate has a line break in it.")
    return Path(value).absolute()


def _user_name() -> str:
    """Who the broker must be to read files that only we can read; nothing in a container without a list of users."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return ""
