"""Secrets of the broker's users, and what verifies them in the form that Mosquitto reads.

`$7$<iterations>$<salt>$<hash>`: PBKDF2 with SHA-512, salt and hash in base64. Mosquitto 2.0.11 takes any number of
iterations, but hashes anew for each connected client when it reads its files again, with one thread: at 1,000 a
thousand meters hold it up for a second, at 100,000 for minutes. A secret of 32 random bytes cannot be guessed at any
number of them, so there are ten times as many as mosquitto_passwd writes and no more. Nobody chooses a password here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final

from django.utils.crypto import salted_hmac

ITERATIONS: Final = 1000
SECRET_BYTES: Final = 32
SALT_BYTES: Final = 12  # Mosquitto's own
MOST_ITERATIONS: Final = 1_000_000  # of a verifier that we would compute
_SERVICE: Final = "cercollettiva.energy.broker.service"


def new_secret() -> str:
    """32 random bytes, in letters that fit a URL and a meter's field."""
    return secrets.token_urlsafe(SECRET_BYTES)


def service_secret(username: str) -> str:
    """The secret of a user of ours: every process that has SECRET_KEY knows it, and nobody has to write it down."""
    digest = salted_hmac(_SERVICE, username, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def verifier_of(secret: str) -> str:
    return _written(secret, secrets.token_bytes(SALT_BYTES), ITERATIONS)


def service_verifier(username: str, secret: str) -> str:
    """The same line each time it is written, so that a file changes only with what it says."""
    salt = hashlib.sha512(f"{username}\0{secret}".encode()).digest()[:SALT_BYTES]
    return _written(secret, salt, ITERATIONS)


def verifies(verifier: str, secret: str) -> bool:
    """Whether the verifier is of this secret; one that cannot be read is of none."""
    empty, kind, count, salt, wanted = (verifier.split("$") + [""] * 5)[:5]
    if empty or kind != "7" or not count.isdecimal() or not 0 < int(count) <= MOST_ITERATIONS:
        return False
    try:
        made = hashlib.pbkdf2_hmac("sha512", secret.encode(), base64.b64decode(salt, validate=True), int(count))
        return hmac.compare_digest(made, base64.b64decode(wanted, validate=True))
    except ValueError:  # not base64; a lone surrogate in what somebody sent
        return False


def _written(secret: str, salt: bytes, iterations: int) -> str:
    made = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, iterations)
    return f"$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(made).decode()}"
