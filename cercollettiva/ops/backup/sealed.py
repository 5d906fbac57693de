"""A stream that only the holder of a key reads, and that nobody cuts, changes or reorders unnoticed.

    magic (8) | salt (32) | check (16) | chunk | chunk | ... | last chunk

A chunk is AES-256-GCM of up to 1 MiB under a key of this archive alone (HKDF of BACKUP_KEY and the salt). The nonce is
the chunk's number and whether it is the last: a chunk that is missing, moved or cut off at the end does not open. The
check says which key it was before anything is opened.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.utils.translation import gettext as _

from cercollettiva.ops.backup.errors import BackupFailed, UnreadableArchive, WrongKey

MAGIC: Final = b"CERBAK1\n"
SALT_BYTES: Final = 32
CHECK_BYTES: Final = 16
HEADER_BYTES: Final = len(MAGIC) + SALT_BYTES + CHECK_BYTES
CHUNK_BYTES: Final = 1 << 20
TAG_BYTES: Final = 16


class SealedWriter:
    """Encrypts what is written; the archive is whole only after `close`."""

    def __init__(self, file: BinaryIO, keys: Sequence[bytes]) -> None:
        if not keys:
            raise BackupFailed(
                _("Manca BACKUP_KEY: crea una chiave con `openssl rand -base64 32` e conservala altrove.")
            )
        salt = os.urandom(SALT_BYTES)
        self._cipher, check = _derived(keys[0], salt)
        self._file = file
        self._waiting = bytearray()
        self._number = 0
        file.write(MAGIC + salt + check)

    def write(self, data: bytes) -> None:
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:  # the last chunk is never empty, unless all is
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), is_last=False)
            del self._waiting[:CHUNK_BYTES]

    def close(self) -> None:
        self._seal(bytes(self._waiting), is_last=True)
        self._waiting.clear()

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), chunk, None))
        self._number += 1


class SealedReader:
    """Decrypts chunk by chunk: not a byte is given out before its chunk was found to be as it was written."""

    def __init__(self, file: BinaryIO, keys: Sequence[bytes]) -> None:
        if not keys:
            raise BackupFailed(_("Manca BACKUP_KEY, la chiave con cui è stata fatta la copia."))
        header = file.read(HEADER_BYTES)
        if not header:
            raise UnreadableArchive(_("L’archivio è vuoto."))
        if not header.startswith(MAGIC[: len(header)]):
            raise UnreadableArchive(_("Non è una copia di CerCollettiva."))
        if len(header) < HEADER_BYTES:
            raise UnreadableArchive(_("L’archivio è troncato: finisce nell’intestazione."))
        salt, check = header[len(MAGIC) : -CHECK_BYTES], header[-CHECK_BYTES:]
        derived = (_derived(key, salt) for key in keys)
        found = next((cipher for cipher, ours in derived if hmac.compare_digest(ours, check)), None)
        if found is None:
            raise WrongKey(_("La chiave non è quella della copia: BACKUP_KEY ne ha un’altra."))
        self._cipher = found
        self._file = file
        self._number = 0
        self._next = file.read(CHUNK_BYTES + TAG_BYTES)
        self._opened = memoryview(b"")
        self._is_over = False

    def read(self, count: int) -> bytes:
        """That many bytes; fewer only at the end."""
        parts = []
        while count and (self._opened or self._advance()):
            parts.append(bytes(self._opened[:count]))
            self._opened = self._opened[count:]
            count -= len(parts[-1])
        return b"".join(parts)

    def _advance(self) -> bool:
        if self._is_over:
            return False
        sealed, self._next = self._next, self._file.read(CHUNK_BYTES + TAG_BYTES)
        self._is_over = not self._next
        try:
            opened = self._cipher.decrypt(_nonce(self._number, is_last=self._is_over), sealed, None)
        except (InvalidTag, ValueError) as error:
            raise UnreadableArchive(self._fault(sealed)) from error
        self._number += 1
        self._opened = memoryview(opened)
        return bool(opened)

    def _fault(self, sealed: bytes) -> str:
        """A chunk that opens as one in the middle is the end of an archive that was cut between two."""
        if self._is_over:
            try:
                self._cipher.decrypt(_nonce(self._number, is_last=False), sealed, None)
            except (InvalidTag, ValueError):
                return _("L’archivio è troncato o rovinato verso la fine.")
            return _("L’archivio è troncato: manca la fine.")
        return _("L’archivio è rovinato o è stato modificato (blocco %(number)d).") % {"number": self._number + 1}


def _derived(key: bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32 + CHECK_BYTES, salt=salt, info=b"cercollettiva backup 1")
    derived = kdf.derive(key)
    return AESGCM(derived[:32]), derived[32:]


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
