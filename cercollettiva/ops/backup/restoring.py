"""Restoring: the archive is read to its end before anything is touched, and the database changes in one move."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from cercollettiva.ops.backup import postgres, sqlite
from cercollettiva.ops.backup.archive import DATABASE_PART, ArchiveReader, Manifest
from cercollettiva.ops.backup.configuration import field_keys
from cercollettiva.ops.backup.errors import BackupFailed, UnreadableArchive
from cercollettiva.ops.backup.folders import Staging, folders, is_empty
from cercollettiva.ops.backup.making import database_name, read_through
from cercollettiva.ops.backup.sealed import SealedReader


def restore(path: Path, *, replace: str = "", accept_lost_keys: bool = False) -> Manifest:
    """Bring everything back. `replace` is the name of the database whose rows may go. Raises BackupFailed."""
    try:
        manifest = read_through(path)
        _refuse_what_does_not_fit(manifest, accept_lost_keys=accept_lost_keys)
        _refuse_what_is_in_use(manifest, replace)
        _restore_verified(path, manifest, replace=bool(replace))
    except DatabaseError as error:
        raise BackupFailed(_("Il database non risponde: %(reason)s") % {"reason": str(error).strip()}) from error
    except OSError as error:
        raise BackupFailed(
            _("Non riesco a leggere o a scrivere %(file)s: %(reason)s")
            % {"file": error.filename or path, "reason": error.strerror}
        ) from error
    return manifest


def _restore_verified(path: Path, manifest: Manifest, *, replace: bool) -> None:
    """Files are staged first, the database commits, the files take their place: what can fail comes before."""
    with ExitStack() as stack:
        staged: dict[str, Staging] = {}
        for name, folder in folders().items():
            if any(part.name.startswith(f"{name}/") for part in manifest.parts):
                staged[name] = Staging(folder)
                stack.callback(staged[name].discard)
        _stage(path, staged)
        for name, staging in staged.items():
            prefix = f"{name}/"
            staging.check([part for part in manifest.parts if part.name.startswith(prefix)], prefix)
        _fill_database(path, manifest, replace=replace)
        for staging in staged.values():
            staging.take_place()


def _stage(path: Path, staged: dict[str, Staging]) -> None:
    with path.open("rb") as file:
        for name, mode, blocks in ArchiveReader(SealedReader(file, settings.BACKUP_KEYS)).parts():
            folder, slash, relative = name.partition("/")
            if slash and folder in staged:
                staged[folder].write(relative, blocks, mode=mode)
            for _rest in blocks:  # a part that is not wanted here is passed by
                pass


def _fill_database(path: Path, manifest: Manifest, *, replace: bool) -> None:
    """The database is the first part; it must still be the one that was verified a moment ago."""
    expected = next(part.sha256 for part in manifest.parts if part.name == DATABASE_PART)
    with path.open("rb") as file:
        for name, _mode, blocks in ArchiveReader(SealedReader(file, settings.BACKUP_KEYS)).parts():
            if name != DATABASE_PART:
                continue
            same = _unchanged(blocks, expected)
            if connection.vendor == "postgresql":
                postgres.restore(same, schema=manifest.schema, tables=manifest.tables, replace=replace)
            else:
                sqlite.restore(same, tables=manifest.tables)
            return


def _unchanged(blocks: Iterator[bytes], expected: str) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
        yield block
    if digest.hexdigest() != expected:
        raise UnreadableArchive(_("L’archivio è cambiato mentre lo leggevo."))


def _refuse_what_does_not_fit(manifest: Manifest, *, accept_lost_keys: bool) -> None:
    if manifest.engine != connection.vendor:
        raise BackupFailed(
            _("La copia è di un database %(theirs)s, DATABASE_URL ne indica uno %(ours)s.")
            % {"theirs": manifest.engine, "ours": connection.vendor}
        )
    known = MigrationLoader(None).disk_migrations  # the files alone
    newer = [f"{app}.{name}" for app, name in manifest.migrations if (app, name) not in known]
    if newer:
        raise BackupFailed(
            _("La copia è di una versione più nuova di questo programma (%(version)s): non conosco %(names)s.")
            % {"version": manifest.version, "names": ", ".join(newer[:3])}
        )
    ours = field_keys()
    lost = [name for name, fingerprint in manifest.field_keys.items() if ours.get(name) != fingerprint]
    if lost and not accept_lost_keys:
        raise BackupFailed(
            _(
                "I dati personali della copia sono cifrati con le chiavi %(names)s, che FIELD_ENCRYPTION_KEYS non ha: "
                "rimettile, oppure --accept-lost-keys se sono perdute (quei dati non si leggeranno più)."
            )
            % {"names": ", ".join(lost)}
        )


def _refuse_what_is_in_use(manifest: Manifest, replace: str) -> None:
    name = database_name()
    if replace and replace != name:
        raise BackupFailed(
            _("Hai scritto --replace %(given)s, ma questo database si chiama %(name)s.")
            % {"given": replace, "name": name}
        )
    engine = postgres if connection.vendor == "postgresql" else sqlite
    full = [_("il database %(name)s") % {"name": name}] if engine.table_names() else []
    full += [str(folder) for part, folder in folders().items() if _has(manifest, part) and not is_empty(folder)]
    if full and not replace:
        raise BackupFailed(
            _("Non è vuoto: %(what)s. Per cancellarlo e metterci la copia: --replace %(name)s")
            % {"what": ", ".join(full), "name": name}
        )
    if connection.vendor == "postgresql" and (others := postgres.other_sessions()):
        raise BackupFailed(
            _("Altri programmi usano il database (%(count)d connessioni): ferma prima i servizi di CerCollettiva.")
            % {"count": others}
        )


def _has(manifest: Manifest, folder: str) -> bool:
    return any(part.name.startswith(f"{folder}/") for part in manifest.parts)
