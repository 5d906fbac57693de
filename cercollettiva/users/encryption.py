"""Personal data at rest: AES-256-GCM under a ring of keys, and a blind index to look values up.

A stored value reads `<key id>:<base64url(nonce + ciphertext + tag)>`. The context (`app_label.Model.field`) is
authenticated with it, so a value moved to another column does not open. The first key of the ring encrypts, all of
them decrypt: a key is retired by putting a new one before it and running `manage.py rotate_keys`.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
_FROM_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
# Before its padding, base64 has two or four bits that decode to nothing: one way only to write a value is accepted.
_LAST_OF_TWO: Final = frozenset(b"AQgw")
_LAST_OF_THREE: Final = frozenset(b"AEIMQUYcgkosw048")


class UnreadableValue(Exception):
    """An encrypted value that cannot be opened."""


class UnknownKey(UnreadableValue):
    """The value was encrypted under a key that is not on the ring any more."""


class TamperedValue(UnreadableValue):
    """The value was changed, cut, or moved from another column."""


class KeyRing:
    """Encrypts with the first of its keys, decrypts with any."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise ValueError("A key ring needs at least one key.")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._keys = dict(keys)
        self.first = next(iter(keys))  # the id of the key that encrypts

    def encrypt(self, text: str, *, context: str) -> str:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self.first].encrypt(nonce, text.encode(), context.encode())
        return f"{self.first}:{_encoded(nonce + sealed)}"

    def decrypt(self, value: str, *, context: str) -> str:
        key_id, _, encoded = value.partition(":")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnknownKey(f"{context} was encrypted under a key that FIELD_ENCRYPTION_KEYS no longer holds.")
        try:
            sealed = _decoded(encoded)
            opened = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:  # ValueError: not base64, or too short to hold a nonce
            raise TamperedValue(f"{context} holds a value that was not encrypted here as it stands.") from error
        return opened.decode()

    def is_current(self, value: str) -> bool:
        """Whether the value is under the first key, so that a rotation may pass it by."""
        return value.partition(":")[0] == self.first

    def blind_index(self, text: str, *, context: str) -> str:
        """What to store beside an encrypted value to find it again: it says nothing without the key."""
        return self._index_under(self.first, text, context)

    def blind_indexes(self, text: str, *, context: str) -> list[str]:
        """One index per key, for a look-up with `__in`: rows not yet rotated carry an older one."""
        return [self._index_under(key_id, text, context) for key_id in self._keys]

    def _index_under(self, key_id: str, text: str, context: str) -> str:
        key = _index_key(self._keys[key_id], context)
        return _encoded(hmac.digest(key, text.encode(), hashlib.sha256)).rstrip("=")


def ring() -> KeyRing:
    """The ring of settings.FIELD_ENCRYPTION_KEYS."""
    global _current  # one ring at a time, looked up for every query
    keys = settings.FIELD_ENCRYPTION_KEYS
    if _current is None or _current[0] is not keys:
        _current = (keys, KeyRing(keys))
    return _current[1]


_current: tuple[Mapping[str, bytes], KeyRing] | None = None


@functools.lru_cache(maxsize=256)
def _index_key(key: bytes, context: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=f"blind index {context}".encode()).derive(
        key
    )


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def _decoded(text: str) -> bytes:
    """Raises ValueError for whatever `_encoded` would not have written."""
    data = text.encode("ascii").translate(_FROM_URL_SAFE)
    if data[-1:] == b"=":
        last, allowed = (data[-3], _LAST_OF_TWO) if data[-2:] == b"==" else (data[-2], _LAST_OF_THREE)
        if last not in allowed:
            raise ValueError("not canonical base64")
    return binascii.a2b_base64(data, strict_mode=True)
