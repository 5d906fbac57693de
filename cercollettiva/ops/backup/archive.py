"""What an archive holds: named parts one after the other, and at the end the manifest that counts and hashes them.

A record is a letter, a length and its bytes: P a part begins (JSON), D some of its data, E it ends, M the manifest.
The manifest comes last, because only then everything has been seen; so an archive is read through once before anything
is restored from it.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _

from cercollettiva.ops.backup.errors import UnreadableArchive
from cercollettiva.ops.backup.sealed import SealedReader, SealedWriter

BEGIN, DATA, END, MANIFEST = b"P", b"D", b"E", b"M"
RECORD: Final = struct.Struct("!cI")
BLOCK_BYTES: Final = 256 * 1024
MOST_RECORD_BYTES: Final = 512 * 1024 * 1024  # a manifest of a million files


class Part(NamedTuple):
    """One file of the archive."""

    name: str
    bytes: int
    sha256: str
    mode: int = 0o600


@dataclass
class Manifest:
    """What the archive says of itself; `configuration` holds no secret."""

    made_at: str = ""
    version: str = ""
    engine: str = ""  # postgresql or sqlite
    database: str = ""
    schema: str = ""
    tables: dict[str, int] = field(default_factory=dict)
    migrations: list[list[str]] = field(default_factory=list)
    field_keys: dict[str, str] = field(default_factory=dict)  # id of a key of FIELD_ENCRYPTION_KEYS to its fingerprint
    configuration: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(self.tables.values())

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "parts": [part._asdict() for part in self.parts]}

    @classmethod
    def of_json(cls, told: dict[str, Any]) -> Manifest:
        return cls(**{**told, "parts": [Part(**part) for part in told["parts"]]})


class ArchiveWriter:
    def __init__(self, sealed: SealedWriter) -> None:
        self._sealed = sealed
        self.parts: list[Part] = []

    def add(self, name: str, blocks: Iterable[bytes], *, mode: int = 0o600) -> Part:
        """Write one part from its blocks, whose number nobody needs to know before."""
        self._record(BEGIN, json.dumps({"name": name, "mode": mode}).encode())
        digest, size = hashlib.sha256(), 0
        for block in blocks:
            digest.update(block)
            size += len(block)
            self._record(DATA, block)
        part = Part(name, size, digest.hexdigest(), mode)
        self._record(END, b"")
        self.parts.append(part)
        return part

    def finish(self, manifest: Manifest) -> None:
        manifest.parts = self.parts
        self._record(MANIFEST, json.dumps(manifest.to_json()).encode())
        self._sealed.close()

    def _record(self, kind: bytes, payload: bytes) -> None:
        self._sealed.write(RECORD.pack(kind, len(payload)))
        self._sealed.write(payload)


class ArchiveReader:
    """Reads part after part; each must be read to its end before the next."""

    def __init__(self, sealed: SealedReader) -> None:
        self._sealed = sealed
        self.manifest: Manifest | None = None

    def parts(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        """Name, mode and blocks of each part; after the last, `manifest` is there."""
        while True:
            kind, payload = self._record()
            if kind == MANIFEST:
                self.manifest = Manifest.of_json(json.loads(payload))
                if self._sealed.read(1):
                    raise UnreadableArchive(_("Dopo la fine dell’archivio c’è dell’altro."))
                return
            if kind != BEGIN:
                raise UnreadableArchive(_("L’archivio non è scritto come questa versione lo legge."))
            told = json.loads(payload)
            yield told["name"], told["mode"], self._blocks()

    def _blocks(self) -> Iterator[bytes]:
        while True:
            kind, payload = self._record()
            if kind == END:
                return
            if kind != DATA:
                raise UnreadableArchive(_("L’archivio non è scritto come questa versione lo legge."))
            yield payload

    def _record(self) -> tuple[bytes, bytes]:
        head = self._sealed.read(RECORD.size)
        if len(head) < RECORD.size:
            raise UnreadableArchive(_("L’archivio è troncato: manca l’elenco di ciò che contiene."))
        kind, length = RECORD.unpack(head)
        if length > MOST_RECORD_BYTES:
            raise UnreadableArchive(_("L’archivio non è scritto come questa versione lo legge."))
        payload = self._sealed.read(length)
        if len(payload) < length:
            raise UnreadableArchive(_("L’archivio è troncato: manca l’elenco di ciò che contiene."))
        return kind, payload


def verified(reader: ArchiveReader) -> Manifest:
    """Read all of it: each part is as the manifest says, or UnreadableArchive."""
    seen: list[Part] = []
    for name, mode, blocks in reader.parts():
        digest, size = hashlib.sha256(), 0
        for block in blocks:
            digest.update(block)
            size += len(block)
        seen.append(Part(name, size, digest.hexdigest(), mode))
    manifest = reader.manifest
    assert manifest is not None  # noqa: S101  # parts() ends with it, or raises
    if seen != manifest.parts:
        raise UnreadableArchive(_("Ciò che l’archivio contiene non è ciò che il suo elenco dice."))
    database = next((part for part in seen if part.name == DATABASE_PART), None)
    if database is None or not database.bytes or not manifest.tables.get("django_migrations"):
        raise UnreadableArchive(_("L’archivio non contiene alcun database."))
    return manifest


DATABASE_PART: Final = "database"
