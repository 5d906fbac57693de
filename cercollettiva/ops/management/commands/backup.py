"""`manage.py backup`: everything in one encrypted file."""

from __future__ import annotations

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

HELP = """\
Writes database, uploaded files, the broker's files and the configuration without its secrets into one archive in
BACKUP_DIR, encrypted under BACKUP_KEY, reads it back, and removes the old ones: one of each of the last 7 days, 4 weeks
and 12 months stays. It runs beside a working platform. `work` does it every night.
The keys are not in it: keep BACKUP_KEY and FIELD_ENCRYPTION_KEYS elsewhere.

example:
  manage.py backup
  manage.py backup --folder /mnt/disk --keep-all --json

exit codes:
  0  the backup is there and opens
  1  there is none: the reason is on standard error, and nothing is left behind
  2  the command line is wrong
"""


class Command(BaseCommand):
    help = HELP
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, help="write there and not in BACKUP_DIR")
        parser.add_argument("--keep-all", action="store_true", help="remove no old backup")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        from cercollettiva.ops.backup.errors import BackupFailed
        from cercollettiva.ops.backup.runs import back_up

        try:
            made = back_up(datetime.now(UTC), folder=options["folder"], keep_all=options["keep_all"])
        except BackupFailed as error:
            raise CommandError(str(error)) from error
        told = {
            "file": str(made.path),
            "bytes": made.bytes,
            "rows": made.manifest.rows,
            "tables": made.manifest.tables,
            "parts": len(made.manifest.parts),
            "left_out": made.manifest.left_out,
            "removed": [path.name for path in made.removed],
        }
        if options["json"]:
            self.stdout.write(json.dumps(told))
            return
        self.stdout.write(
            f"{made.path}: {made.bytes} bytes, {made.manifest.rows} rows, {told['parts']} parts, verified"
        )
        for name in made.manifest.left_out:
            self.stderr.write(f"left out, a private key or not readable: {name}")
        for path in made.removed:
            self.stdout.write(f"removed {path.name}")
