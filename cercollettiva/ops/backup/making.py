"""Making a backup: written under another name, read back, and only then called one."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from cercollettiva import __version__
from cercollettiva.ops.backup import postgres, rotation, sqlite
from cercollettiva.ops.backup.archive import DATABASE_PART, ArchiveReader, ArchiveWriter, Manifest, verified
from cercollettiva.ops.backup.configuration import configuration, field_keys
from cercollettiva.ops.backup.errors import BackupFailed
from cercollettiva.ops.backup.folders import add_folder, folders
from cercollettiva.ops.backup.sealed import SealedReader, SealedWriter

LOCK: Final = ".lock"
UNFINISHED: Final = ".unfinished"


class Made(NamedTuple):
    """A backup that is there and opens."""

    path: Path
    bytes: int
    manifest: Manifest
    removed: list[Path]


def make(now: datetime, *, folder: Path | None = None, keep_all: bool = False) -> Made:
    """Write a backup into BACKUP_DIR, verify it, and let the old ones go. Raises BackupFailed, and leaves nothing."""
    where = folder or folder_of_settings()
    with _alone_in(where):
        path = where / rotation.name_at(now)
        if path.exists():
            raise BackupFailed(_("Esiste già una copia di questo secondo: %(name)s") % {"name": path.name})
        unfinished = where / f".{path.name}{UNFINISHED}"
        try:
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                _write(file, now)
                file.flush()
                os.fsync(file.fileno())
            manifest = read_through(unfinished)
            unfinished.rename(path)
            _sync_folder(where)
        except DatabaseError as error:
            raise BackupFailed(_("Il database non risponde: %(reason)s") % {"reason": str(error).strip()}) from error
        except OSError as error:
            raise BackupFailed(
                _("Non posso scrivere la copia in %(folder)s: %(reason)s") % {"folder": where, "reason": error.strerror}
            ) from error
        finally:
            unfinished.unlink(missing_ok=True)
        removed = [] if keep_all else rotation.rotate(where)
    return Made(path, path.stat().st_size, manifest, removed)


def read_through(path: Path) -> Manifest:
    """Open every block of an archive and compare every part. Raises UnreadableArchive."""
    with path.open("rb") as file:
        return verified(ArchiveReader(SealedReader(file, settings.BACKUP_KEYS)))


def folder_of_settings() -> Path:
    if not settings.BACKUP_DIR:
        raise BackupFailed(_("Manca BACKUP_DIR: la cartella dove mettere le copie, meglio se di un altro disco."))
    return Path(settings.BACKUP_DIR)


def _write(file: BinaryIO, now: datetime) -> None:
    archive = ArchiveWriter(SealedWriter(file, settings.BACKUP_KEYS))
    manifest = Manifest(
        made_at=now.isoformat(),
        version=__version__,
        engine=connection.vendor,
        database=database_name(),
        field_keys=field_keys(),
        configuration=configuration(),
    )
    engine: Any = postgres if connection.vendor == "postgresql" else sqlite
    with engine.snapshot() as seen:
        manifest.schema = getattr(seen, "schema", "")
        manifest.tables, manifest.migrations = seen.tables, seen.migrations
        archive.add(DATABASE_PART, engine.dump(seen))
    for name, folder in folders().items():  # after the rows: a file that a row names is there already
        manifest.left_out += add_folder(archive, name, folder)
    archive.finish(manifest)


def database_name() -> str:
    name = str(connection.settings_dict["NAME"])
    return Path(name).name if connection.vendor == "sqlite" else name


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One backup at a time, and what an earlier one left half done goes first."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (folder / LOCK).open("a")
    except OSError as error:
        raise BackupFailed(
            _("Non posso scrivere nella cartella delle copie %(folder)s: %(reason)s")
            % {"folder": folder, "reason": error.strerror}
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupFailed(_("Un’altra copia è in corso nella stessa cartella.")) from error
        for path in folder.glob(f".*{UNFINISHED}"):
            path.unlink()
        yield


def _sync_folder(folder: Path) -> None:
    """So that the name survives a power cut too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
