"""The folders of a backup: uploaded files and what the broker is configured with."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from cercollettiva.ops.backup.archive import BLOCK_BYTES, ArchiveWriter, Part
from cercollettiva.ops.backup.errors import BackupFailed, UnreadableArchive

STAGED: Final = ".restoring"
LEFT_OUT: Final = (".part", ".log", ".pid")  # unfinished, or of this machine and this hour
PRIVATE_KEY: Final = b"PRIVATE KEY-----"  # keys are kept apart from backups


def folders() -> dict[str, Path]:
    """Name in the archive to place on disk."""
    broker = getattr(settings, "BROKER_FOLDER", None)
    return {"media": Path(settings.MEDIA_ROOT), **({"broker": Path(broker)} if broker else {})}


def add_folder(archive: ArchiveWriter, name: str, folder: Path) -> list[str]:
    """Add every plain file; the names of those that could not be read or hold a private key."""
    left_out = []
    for path in _files(folder):
        told = f"{name}/{path.relative_to(folder).as_posix()}"
        try:
            with path.open("rb") as file:
                head = file.read(BLOCK_BYTES)
                if PRIVATE_KEY in head:
                    left_out.append(told)
                    continue
                archive.add(told, _blocks(head, file), mode=stat.S_IMODE(os.fstat(file.fileno()).st_mode))
        except FileNotFoundError:  # taken away meanwhile, row and file
            continue
        except PermissionError:
            left_out.append(told)
    return left_out


def is_empty(folder: Path) -> bool:
    return not folder.exists() or all(path.name.startswith(".") for path in folder.iterdir())


class Staging:
    """Files written beside the present ones, which take their place all at once, at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._staged = folder / STAGED
        shutil.rmtree(self._staged, ignore_errors=True)  # of a restore that was interrupted
        self._staged.mkdir(parents=True, mode=0o700)

    def write(self, relative: str, blocks: Iterable[bytes], *, mode: int) -> None:
        target = self._staged / _safe(relative)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for block in blocks:
                file.write(block)
            os.fchmod(file.fileno(), mode & 0o777)
            file.flush()
            os.fsync(file.fileno())

    def check(self, parts: Iterable[Part], prefix: str) -> None:
        """What is on disk is what the manifest says."""
        for part in parts:
            path = self._staged / _safe(part.name.removeprefix(prefix))
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != part.sha256:
                    raise BackupFailed(_("Il file %(name)s non è stato scritto com’era.") % {"name": part.name})

    def take_place(self) -> None:
        """The files that were here go, the staged ones come; only names are moved."""
        for path in self._folder.iterdir():
            if path.name == STAGED:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        for path in self._staged.iterdir():
            path.rename(self._folder / path.name)
        self._staged.rmdir()

    def discard(self) -> None:
        shutil.rmtree(self._staged, ignore_errors=True)


def _files(folder: Path) -> Iterator[Path]:
    for where, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            path = Path(where) / name
            if not name.endswith(LEFT_OUT) and path.is_file() and not path.is_symlink():
                yield path


def _blocks(head: bytes, file: object) -> Iterator[bytes]:
    yield head
    while block := file.read(BLOCK_BYTES):  # type: ignore[attr-defined]
        yield block


def _safe(relative: str) -> PurePosixPath:
    path = PurePosixPath(relative)
    if path.is_absolute() or not path.parts or any(part in ("..", ".", STAGED) or "\0" in part for part in path.parts):
        raise UnreadableArchive(_("L’archivio vuole scrivere fuori dalle sue cartelle: %(name)s") % {"name": relative})
    return path
