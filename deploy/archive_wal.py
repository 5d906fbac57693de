"""PostgreSQL's archive_command: keeps each finished piece of its journal, sealed as backups are, so that 5 minutes at
most are lost.

    archive_mode = on
    archive_timeout = 300
    archive_command = '/opt/cercollettiva/.venv/bin/python /opt/cercollettiva/deploy/archive_wal.py keep %p %f'
    restore_command = '/opt/cercollettiva/.venv/bin/python /opt/cercollettiva/deploy/archive_wal.py fetch %f %p'

WAL_FOLDER is where they go, best of another machine, and BACKUP_KEY what seals them; both from the environment or from
the file that WAL_ENV names, /etc/cercollettiva/wal.env, which only PostgreSQL's user reads. docs/operations.md has the
base backup and the way back. Exit 0: it is kept, or was kept before and is the same. Anything else: PostgreSQL lets
nothing go, and asks again.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from django.conf import settings

settings.configure(USE_I18N=False)

from cercollettiva.ops.backup.errors import BackupFailed  # noqa: E402
from cercollettiva.ops.backup.sealed import SealedReader, SealedWriter  # noqa: E402
from cercollettiva.settings import env  # noqa: E402

BLOCK = 1 << 20


def keep(source: Path, name: str, folder: Path) -> None:
    target = folder / name
    if target.exists():  # after a crash PostgreSQL asks again: the same is fine, another is not
        with target.open("rb") as file:
            same = SealedReader(file, env.backup_keys("BACKUP_KEY")).read(1 << 30) == source.read_bytes()
        if not same:
            raise BackupFailed(f"{name} was kept before, and is another.")
        return
    unfinished = folder / f".{name}.unfinished"
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        sealed = SealedWriter(file, env.backup_keys("BACKUP_KEY"))
        with source.open("rb") as plain:
            while block := plain.read(BLOCK):
                sealed.write(block)
        sealed.close()
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(target)
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def fetch(name: str, target: Path, folder: Path) -> None:
    unfinished = target.with_name(f".{target.name}.unfinished")
    with (folder / name).open("rb") as file, unfinished.open("wb") as plain:
        sealed = SealedReader(file, env.backup_keys("BACKUP_KEY"))
        while block := sealed.read(BLOCK):
            plain.write(block)
    shutil.move(unfinished, target)


def read_environment() -> Path:
    path = Path(os.environ.get("WAL_ENV") or "/etc/cercollettiva/wal.env")
    if path.exists():
        for line in path.read_text().splitlines():
            name, is_set, value = line.partition("=")
            if is_set and not line.startswith("#") and not os.environ.get(name.strip()):
                os.environ[name.strip()] = value.strip().strip("\"'")
    if not os.environ.get("WAL_FOLDER"):
        raise BackupFailed("WAL_FOLDER is not set.")
    return Path(os.environ["WAL_FOLDER"])


def main(arguments: list[str]) -> int:
    if len(arguments) != 3 or arguments[0] not in ("keep", "fetch"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        folder = read_environment()
        if arguments[0] == "keep":
            keep(Path(arguments[1]), arguments[2], folder)
        else:
            fetch(arguments[1], Path(arguments[2]), folder)
    except FileNotFoundError as error:  # at the end of a recovery PostgreSQL asks for one that is not there
        print(f"archive_wal: {error.filename} is not there", file=sys.stderr)
        return 1
    except (BackupFailed, OSError) as error:
        print(f"archive_wal: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
