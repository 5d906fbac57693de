"""The bytes of papers on disk: each file encrypted under a key of its own, named by a random number.

The key stands in the row, encrypted like every personal field: `rotate_keys` rewrites that and no file, and a file
without its row opens no more.
"""

from __future__ import annotations

import base64
import os
import uuid
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE_BYTES: Final = 12
FOLDER: Final = "documents"


class MissingFile(Exception):
    """The file of a paper is not where it should be, or was changed."""


def new_key() -> str:
    return base64.b64encode(AESGCM.generate_key(bit_length=256)).decode()


def write(file_id: uuid.UUID, key: str, content: bytes) -> None:
    """Encrypt and write, whole or not at all, readable by us alone."""
    path = path_of(file_id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    nonce = os.urandom(NONCE_BYTES)
    sealed = nonce + _cipher(key).encrypt(nonce, content, file_id.bytes)
    beside = path.with_suffix(".part")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read(file_id: uuid.UUID, key: str) -> bytes:
    """The content. Raises MissingFile."""
    try:
        sealed = path_of(file_id).read_bytes()
        return _cipher(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], file_id.bytes)
    except (OSError, InvalidTag, ValueError) as error:
        raise MissingFile(f"The file of document {file_id} is missing or was changed.") from error


def remove(file_id: uuid.UUID) -> bool:
    """Whether there was one."""
    path = path_of(file_id)
    there = path.exists()
    path.unlink(missing_ok=True)
    path.with_suffix(".part").unlink(missing_ok=True)
    return there


def path_of(file_id: uuid.UUID) -> Path:
    return Path(settings.MEDIA_ROOT) / FOLDER / file_id.hex[:2] / file_id.hex


def all_ids() -> set[uuid.UUID]:
    """Of every file on disk."""
    folder = Path(settings.MEDIA_ROOT) / FOLDER
    return {uuid.UUID(path.name) for path in folder.glob("??/" + "?" * 32)}


def _cipher(key: str) -> AESGCM:
    return AESGCM(base64.b64decode(key))
