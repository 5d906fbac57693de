"""Typed readings of the environment: a bad value stops the start-up with its name and what would be right."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import os
import secrets
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

KEY_BYTES: Final = 32
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")
EXAMPLE_PASSWORDS: Final = ("password", "changeme", "change-me", "secret", "postgres", "example")
PLACEHOLDERS: Final = ("change-me", "changeme", "insecure", "example", "default", "secret-key", "password")

_env = environ.Env()


def text(name: str, default: str = "") -> str:
    """A setting; one that is set to nothing counts as not set."""
    return os.environ.get(name, "").strip() or default


def required(name: str) -> str:
    value = text(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. See .env.example for what it means.")
    return value


def whole_number(name: str, default: int) -> int:
    """A whole number above zero."""
    value = text(name, str(default))
    if not value.isdecimal() or int(value) == 0:
        raise ImproperlyConfigured(f"{name} must be a whole number above zero, not {value!r}.")
    return int(value)


def at_least(name: str, default: int, *, least: int) -> int:
    """A whole number that is not below another."""
    value = whole_number(name, default)
    if value < least:
        raise ImproperlyConfigured(f"{name} must be {least} or more, not {value}.")
    return value


def count(name: str, default: int) -> int:
    """A whole number, or zero."""
    value = text(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    return int(value)


def choice(name: str, choices: tuple[str, ...], *, default: str) -> str:
    value = text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def words(name: str) -> list[str]:
    """A comma-separated list; empty when the variable is not set."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """A comma-separated list of addresses and networks, such as `10.0.0.0/8,127.0.0.1`."""
    try:
        return [ipaddress.ip_network(word) for word in words(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must list addresses or networks, such as 10.0.0.0/8: {error}.") from error


def email(name: str) -> dict[str, object]:
    """Django's e-mail settings from a URL such as `smtp+tls://user:password@host:587` or `filemail:///folder`."""
    try:
        config = _env.email_url_config(text(name))
        return {key: value for key, value in config.items() if key.startswith("EMAIL_") and value not in (None, "")}
    except (KeyError, ValueError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"{name} is not an e-mail URL, such as smtp+tls://user@host:587.") from error


def of_this_process() -> dict[str, str]:
    """All of it, to be handed on to a child."""
    return dict(os.environ)


def folder(name: str, default: Path) -> Path:
    return Path(text(name) or default)


def folder_if_set(name: str) -> Path | None:
    return Path(text(name)).absolute() if text(name) else None


class Endpoint(NamedTuple):
    """An address of this machine and a port on it."""

    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if self.address.version == 6 else f"{self.address}:{self.port}"


def endpoint(name: str, default: str = "") -> Endpoint | None:
    """`127.0.0.1:1883` or `[::1]:1883`; None when nothing is set and there is no default."""
    value = text(name, default)
    if not value:
        return None
    host, _, port = value.rpartition(":")
    try:
        made = Endpoint(ipaddress.ip_address(host.removeprefix("[").removesuffix("]")), int(port))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must read address:port, such as 127.0.0.1:1883, not {value!r}.") from error
    if not 0 < made.port < 65_536:
        raise ImproperlyConfigured(f"{name} has no port between 1 and 65535: {value!r}.")
    return made


def database(name: str, default: str) -> dict[str, object]:
    """A Django database from a URL such as `postgres://user:password@host:5432/name` or `sqlite:///file`."""
    try:
        database = dict(_env.db_url_config(text(name) or default))
    except (ValueError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"{name} is not a database URL: {error}") from error
    if not database.get("ENGINE"):
        raise ImproperlyConfigured(f"{name} is not a database URL, such as postgres://user:password@host:5432/name.")
    return database


def strong_secret(name: str) -> str:
    """A secret nobody can guess: refuses what is missing, short, repetitive or copied from an example."""
    value = required(name)
    if len(value) < 50 or len(set(value)) < 10:
        raise ImproperlyConfigured(f"{name} is too weak: use at least 50 random characters.")
    if any(word in value.lower() for word in PLACEHOLDERS):
        raise ImproperlyConfigured(f"{name} is a placeholder: make a secret of your own.")
    return value


def key_ring(name: str, value: str) -> dict[str, bytes]:
    """`id:base64,id:base64` to `{id: 32 bytes}`. The first key encrypts, all of them decrypt."""
    ring: dict[str, bytes] = {}
    for entry in value.split(","):
        key_id, separator, encoded = entry.strip().partition(":")
        if not separator or not key_id.isalnum() or key_id in ring:
            raise ImproperlyConfigured(
                f"{name} must read id:base64key[,id:base64key], each id once, letters and digits."
            )
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ImproperlyConfigured(f"{name}: the key {key_id} is not base64.") from error
        if len(key) != KEY_BYTES or not looks_random(key):
            raise ImproperlyConfigured(f"{name}: the key {key_id} must be {KEY_BYTES} random bytes.")
        if key in ring.values():
            raise ImproperlyConfigured(f"{name}: the key {key_id} is there under another id: a new id needs a new key.")
        ring[key_id] = key
    return ring


def backup_keys(name: str) -> list[bytes]:
    """The keys of backups, separated by commas: the first encrypts, all of them open. Base64 or hex, 32 bytes each."""
    keys = []
    for entry in words(name):
        encoded = entry.rpartition(":")[2]  # an id before it is allowed, and says nothing
        try:
            is_hex = len(encoded) == 2 * KEY_BYTES
            key = bytes.fromhex(encoded) if is_hex else base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be base64 of {KEY_BYTES} random bytes.") from error
        if len(key) != KEY_BYTES or not looks_random(key):
            raise ImproperlyConfigured(f"{name} must be {KEY_BYTES} random bytes: openssl rand -base64 {KEY_BYTES}")
        keys.append(key)
    return keys


def push_key(name: str) -> bytes:
    """The private key of notifications: 32 random bytes in base64, of either alphabet; nothing where it is not set."""
    value = text(name)
    if not value:
        return b""
    try:
        plain = value.replace("-", "+").replace("_", "/").rstrip("=")
        key = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES or not looks_random(key) or not 0 < int.from_bytes(key) < P256_ORDER:
        raise ImproperlyConfigured(
            f"{name} must be base64 of {KEY_BYTES} random bytes: openssl rand -base64 {KEY_BYTES}"
        )
    return key


def looks_random(key: bytes) -> bool:
    """Not a word, a repetition or a row of numbers; one random key of a billion billion looks like one of these."""
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    is_typed = all(32 <= byte < 127 for byte in key)
    return len(set(key)) >= 16 and len(steps) >= 8 and not is_typed


def public_url(name: str) -> str:
    """The address of the site as the world sees it: https, and not this machine."""
    value = required(name)
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.hostname in THIS_MACHINE:
        raise ImproperlyConfigured(f"{name} must be the https address of the site, such as https://energia.example.it.")
    return value


def refuse_example_password(name: str, url: str) -> None:
    """A URL with the user and password of .env.example was copied, not made."""
    if urlsplit(url).password in EXAMPLE_PASSWORDS:
        raise ImproperlyConfigured(f"{name} has the password of an example: make one of your own.")


def kept_secret(path: Path, make: str) -> str:
    """A laptop's own secret, made once and kept in a file that only its owner reads.

    So a fresh clone starts without a default secret in the repository. `make` is `token` or `key_ring`.
    """
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    value = secrets.token_urlsafe(64)
    if make == "key_ring":
        value = "k1:" + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was a moment faster
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(value)
    return value
