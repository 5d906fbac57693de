"""`manage.py restore FILE`: everything back from a backup."""

from __future__ import annotations

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

HELP = """\
Brings database, uploaded files and the broker's files back from an archive of `backup`. The archive is read to its end
first, and every part compared with its hash; then the files are written beside the present ones, the database is filled
in one transaction that counts every table before it commits, and the files take their place. Whatever fails leaves all
as it was. A database or a folder that is not empty is refused, unless --replace says the database's name. Stop the
platform's processes first.

example:
  manage.py restore backups/cercollettiva-20261127T013300Z.cerbackup --check
  manage.py restore backups/cercollettiva-20261127T013300Z.cerbackup
  manage.py restore backups/cercollettiva-20261127T013300Z.cerbackup --replace cercollettiva

exit codes:
  0  everything is back and verified; with --check, the archive is whole
  1  nothing was changed: the reason is on standard error
  2  the command line is wrong
"""


class Command(BaseCommand):
    help = HELP
    requires_system_checks = []
    requires_migrations_checks = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the archive")
        parser.add_argument("--check", action="store_true", help="only verify it and say what is in it")
        parser.add_argument("--replace", default="", metavar="DATABASE", help="erase this database and the files first")
        parser.add_argument(
            "--accept-lost-keys", action="store_true", help="restore although personal data will stay unreadable"
        )
        parser.add_argument("--json", action="store_true", help="print what is in it as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        from cercollettiva.ops.backup.errors import BackupFailed
        from cercollettiva.ops.backup.making import read_through
        from cercollettiva.ops.backup.restoring import restore

        try:
            if options["check"]:
                manifest = read_through(options["file"])
            else:
                manifest = restore(
                    options["file"], replace=options["replace"], accept_lost_keys=options["accept_lost_keys"]
                )
        except BackupFailed as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from error
        if options["json"]:
            self.stdout.write(json.dumps(manifest.to_json(), indent=1))
            return
        done = "whole" if options["check"] else "restored"
        self.stdout.write(
            f"{done}: made {manifest.made_at} by version {manifest.version}, {len(manifest.tables)} tables, "
            f"{manifest.rows} rows, {len(manifest.parts) - 1} files"
        )
        if not options["check"]:
            self.stdout.write(
                "now: manage.py migrate, manage.py broker_config, manage.py doctor, then start the services"
            )
