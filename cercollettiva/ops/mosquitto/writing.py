"""Mosquitto's files on the disk: whole or not at all, only when they change, and the broker told of it.

The broker reads them again on SIGHUP, and lets go at once of whoever may come in no longer; nobody else notices. Where
it runs beside us its pid file says whom to tell. Elsewhere somebody watches the file `reload`: a systemd path unit, or
`tools/broker-start --watch` in the broker's container.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cercollettiva.energy.broker.topics import Refused
from cercollettiva.ops.mosquitto.files import CONFIGURATION, PASSWORDS, PID_FILE, STATE, wanted

STAMP: Final = "reload"  # the digest of the files that the broker was last told of
LOCK: Final = ".lock"
PRIVATE: Final = 0o600
OWN_FOLDER: Final = 0o700
COMM: Final = "mosquitto"


@dataclass
class Written:
    """What was done: which files changed, whether the broker was told, and how."""

    devices: int
    changed: list[str]
    refused: list[Refused]
    told: bool = False
    signalled: int | None = None  # the broker's pid
    restart: bool = False  # the configuration changed: some of it is read at the start alone
    problems: list[str] = field(default_factory=list)


def write(folder: Path) -> Written:
    """Bring the folder up to date. Two processes that do it at once do it one after the other."""
    make_folders(folder)
    with _alone(folder):
        asked = wanted(folder)
        done = Written(asked.devices, _differing(folder, asked.files), asked.refused)
        done.restart = CONFIGURATION in done.changed and (folder / CONFIGURATION).exists()
        for name in done.changed:
            replace(folder / name, asked.files[name])
        digest = _digest(asked.files)
        if _read(folder / STAMP) != digest:  # also after a crash between the files and the word about them
            done.signalled = _tell(folder)
            replace(folder / STAMP, digest)
            done.told = True
    return done


def check(folder: Path) -> Written:
    """What `write` would change; nothing is touched."""
    asked = wanted(folder)
    done = Written(asked.devices, _differing(folder, asked.files), asked.refused)
    passwords = folder / PASSWORDS
    if passwords.exists() and passwords.stat().st_mode & 0o077:
        done.problems.append(f"{PASSWORDS} can be read by others than its owner")
    return done


def make_folders(folder: Path) -> None:
    for each in (folder, folder / STATE):
        each.mkdir(parents=True, exist_ok=True, mode=OWN_FOLDER)


def replace(path: Path, text: str) -> None:
    """The file is the old one or the new one at every moment, and only its owner reads either."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # readable by its owner alone
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def broker_pid(folder: Path) -> int | None:
    """The broker beside us, by its pid file; None when that names another process or none.

    In a container of ours the number may be that of anybody: only a process of that name is told anything.
    """
    written = _read(folder / PID_FILE).strip()
    if not written.isdecimal() or int(written) <= 1:
        return None
    return int(written) if _read(Path(f"/proc/{written}/comm")).strip() == COMM else None


def _tell(folder: Path) -> int | None:
    pid = broker_pid(folder)
    if pid is None:
        return None
    try:
        os.kill(pid, signal.SIGHUP)
    except (ProcessLookupError, PermissionError):  # it has just ended, or is another user's: the stamp tells it
        return None
    return pid


def _differing(folder: Path, files: dict[str, str]) -> list[str]:
    return [name for name, text in files.items() if _read(folder / name) != text or not _is_private(folder / name)]


def _is_private(path: Path) -> bool:
    return path.stat().st_mode & 0o777 == PRIVATE


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _digest(files: dict[str, str]) -> str:
    told = hashlib.sha256()
    for name in sorted(files):
        told.update(f"{name}\0{files[name]}\0".encode())
    return told.hexdigest() + "\n"


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
