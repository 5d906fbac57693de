"""Files that are written and read in pieces and never lie open on disk: each piece is encrypted, and knows its place.

A piece that is missing, moved, changed or put in does not open, and neither does a file that ends too early.
"""

from __future__ import annotations

import base64
import os
import uuid
from collections.abc import Iterator
from io import RawIOBase
from pathlib import Path
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

PIECE: Final = 1024 * 1024  # bytes of what is written in each piece
NONCE: Final = 12
TAG: Final = 16
FOLDER: Final = "exports"


class BrokenFile(Exception):
    """The file is not there, not whole, or not what was written."""


def new_key() -> str:
    return base64.b64encode(AESGCM.generate_key(bit_length=256)).decode()


def path_of(file_id: uuid.UUID) -> Path:
    return Path(settings.MEDIA_ROOT) / FOLDER / file_id.hex


def remove(file_id: uuid.UUID) -> None:
    path_of(file_id).unlink(missing_ok=True)


def all_ids() -> set[uuid.UUID]:
    """Of every file on disk."""
    return {uuid.UUID(path.name) for path in (Path(settings.MEDIA_ROOT) / FOLDER).glob("?" * 32)}


class SealedWriter(RawIOBase):
    """Takes bytes one after the other, as an archive writes them; closing it marks the last piece."""

    def __init__(self, file_id: uuid.UUID, key: str) -> None:
        path = path_of(file_id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file: IO[bytes] = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._cipher = AESGCM(base64.b64decode(key))
        self._file_id = file_id
        self._waiting = bytearray()
        self._pieces = 0
        self.size = 0  # of what was written, not of the file

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        self._waiting += data
        self.size += len(data)
        while len(self._waiting) > PIECE:
            self._seal(bytes(self._waiting[:PIECE]), is_last=False)
            del self._waiting[:PIECE]
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._seal(bytes(self._waiting), is_last=True)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        super().close()

    def _seal(self, piece: bytes, *, is_last: bool) -> None:
        nonce = os.urandom(NONCE)
        place = _place(self._file_id, self._pieces, is_last=is_last)
        self._file.write(nonce + self._cipher.encrypt(nonce, piece, place))
        self._pieces += 1


def read(file_id: uuid.UUID, key: str) -> Iterator[bytes]:
    """The pieces as they were written. Raises BrokenFile, before the first byte where the file is not there."""
    try:
        file = path_of(file_id).open("rb")
    except OSError as error:
        raise BrokenFile("The file is not there.") from error
    return _pieces(file, file_id, AESGCM(base64.b64decode(key)))


def _pieces(file: IO[bytes], file_id: uuid.UUID, cipher: AESGCM) -> Iterator[bytes]:
    with file:
        count = 0
        sealed = file.read(NONCE + PIECE + TAG)
        while True:
            following = file.read(NONCE + PIECE + TAG)
            place = _place(file_id, count, is_last=not following)
            try:
                yield cipher.decrypt(sealed[:NONCE], sealed[NONCE:], place)
            except (InvalidTag, ValueError) as error:
                raise BrokenFile("A piece of the file is missing or was changed.") from error
            if not following:
                return
            sealed, count = following, count + 1


def _place(file_id: uuid.UUID, count: int, *, is_last: bool) -> bytes:
    return file_id.bytes + count.to_bytes(8, "big") + (b"!" if is_last else b".")
