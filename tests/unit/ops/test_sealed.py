"""The stream of a backup: a bit, a block or an end that is not as it was written is refused, whatever its place."""

from __future__ import annotations

import hashlib
import io
import os

import pytest

from cercollettiva.ops.backup.archive import ArchiveReader, ArchiveWriter, Manifest, verified
from cercollettiva.ops.backup.errors import BackupFailed, UnreadableArchive, WrongKey
from cercollettiva.ops.backup.sealed import CHUNK_BYTES, HEADER_BYTES, TAG_BYTES, SealedReader, SealedWriter

KEY = os.urandom(32)
WHOLE = HEADER_BYTES + CHUNK_BYTES + TAG_BYTES  # header and one chunk


def sealed(content: bytes, *, key: bytes = KEY) -> bytes:
    file = io.BytesIO()
    writer = SealedWriter(file, [key])
    for start in range(0, len(content), 100_000):
        writer.write(content[start : start + 100_000])
    writer.close()
    return file.getvalue()


def opened(archive: bytes, *keys: bytes) -> bytes:
    reader = SealedReader(io.BytesIO(archive), keys or [KEY])
    parts = []
    while block := reader.read(70_000):
        parts.append(block)
    return b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_what_goes_in_comes_out(size):
    content = os.urandom(size)

    assert opened(sealed(content)) == content


def test_nothing_of_the_content_is_in_the_archive_and_no_two_are_alike():
    content = b"CANARINO" * 1000

    assert b"CANARINO" not in sealed(content)
    assert sealed(content)[HEADER_BYTES:] != sealed(content)[HEADER_BYTES:]


def test_an_older_key_opens_after_a_new_one_was_put_before_it():
    assert opened(sealed(b"old", key=KEY), os.urandom(32), KEY) == b"old"


def test_another_key_is_called_another_key():
    with pytest.raises(WrongKey, match="BACKUP_KEY"):
        opened(sealed(b"content"), os.urandom(32))


def test_without_a_key_nothing_is_sealed_and_nothing_opened():
    with pytest.raises(BackupFailed, match="openssl rand"):
        SealedWriter(io.BytesIO(), [])
    with pytest.raises(BackupFailed, match="BACKUP_KEY"):
        SealedReader(io.BytesIO(sealed(b"x")), [])


@pytest.mark.parametrize("place", [0, 8, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 500, WHOLE, -1])
def test_one_bit_is_noticed_wherever_it_is(place):
    archive = bytearray(sealed(os.urandom(2 * CHUNK_BYTES + 10)))
    archive[place] ^= 1

    with pytest.raises(UnreadableArchive):
        opened(bytes(archive))


@pytest.mark.parametrize("length", [0, 4, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 7, WHOLE, WHOLE + 20])
def test_an_end_that_is_missing_is_noticed_wherever_the_cut_is(length):
    archive = sealed(os.urandom(2 * CHUNK_BYTES + 10))

    with pytest.raises(UnreadableArchive, match="vuoto" if not length else "tronca|intestazione"):
        opened(archive[:length])


def test_blocks_that_changed_places_and_what_was_added_are_noticed():
    archive = sealed(os.urandom(3 * CHUNK_BYTES))
    block = CHUNK_BYTES + TAG_BYTES
    first, second = archive[HEADER_BYTES:][:block], archive[HEADER_BYTES + block :][:block]

    with pytest.raises(UnreadableArchive):
        opened(archive[:HEADER_BYTES] + second + first + archive[HEADER_BYTES + 2 * block :])
    with pytest.raises(UnreadableArchive):
        opened(archive + b"more")


def archive_of(*parts: tuple[str, bytes], **manifest: object) -> bytes:
    file = io.BytesIO()
    archive = ArchiveWriter(SealedWriter(file, [KEY]))
    for name, content in parts:
        archive.add(name, [content])
    archive.finish(Manifest(tables={"django_migrations": 3}, **manifest))
    return file.getvalue()


def manifest_of(archive: bytes) -> Manifest:
    return verified(ArchiveReader(SealedReader(io.BytesIO(archive), [KEY])))


def test_the_manifest_names_each_part_with_its_hash():
    manifest = manifest_of(archive_of(("database", b"dump"), ("media/a", b"paper"), version="1"))

    assert [(part.name, part.bytes) for part in manifest.parts] == [("database", 4), ("media/a", 5)]
    assert manifest.parts[1].sha256 == hashlib.sha256(b"paper").hexdigest()
    assert (manifest.version, manifest.rows) == ("1", 3)


@pytest.mark.parametrize("parts", [[], [("media/a", b"paper")], [("database", b"")]])
def test_an_archive_without_a_database_is_none(parts):
    with pytest.raises(UnreadableArchive, match="alcun database"):
        manifest_of(archive_of(*parts))


def test_an_archive_that_ends_before_its_manifest_is_truncated():
    file = io.BytesIO()
    sealing = SealedWriter(file, [KEY])
    ArchiveWriter(sealing).add("database", [b"dump"])
    sealing.close()

    with pytest.raises(UnreadableArchive, match="troncato"):
        manifest_of(file.getvalue())
