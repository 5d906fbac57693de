"""`manage.py import_devices`: plants, devices and channels from a CSV file."""

from __future__ import annotations

import json
import sys
from datetime import datetime, time
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date

from cercollettiva.energy.device_import import OPTIONAL, REQUIRED, SINCE_EVER, BadFile, Imported, import_devices


class Command(BaseCommand):
    help = (
        f"Creates plants, devices, placements and channel roles from a CSV file with the columns {', '.join(REQUIRED)} "
        f"and perhaps {', '.join(OPTIONAL)}; a row is a channel. Creates what is missing, a community or an owner that "
        "a row names included, and changes nothing that is there, so it can run twice. Exit 0; 1 when rows were "
        "refused (the others are in); 2 when the file cannot be read. Example: manage.py import_devices meters.csv"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="a CSV file, comma or semicolon, or - for standard input")
        parser.add_argument("--from", dest="since", metavar="YYYY-MM-DD", help="since when they stand there; ever")
        parser.add_argument("--dry-run", action="store_true", help="check the file and change nothing")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        since = _beginning(options["since"])
        try:
            if options["file"] == "-":
                outcome = self._import(sys.stdin, since, options["dry_run"])
            else:
                with open(options["file"], encoding="utf-8-sig", newline="") as lines:
                    outcome = self._import(lines, since, options["dry_run"])
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}", returncode=2) from error
        except UnicodeDecodeError as error:
            raise CommandError(f"{options['file']} is not UTF-8 text (byte {error.start}).", returncode=2) from error
        except BadFile as error:
            raise CommandError(str(error), returncode=2) from error
        self._report(outcome, as_json=options["json"])
        if outcome.refused:
            sys.exit(1)

    def _import(self, lines: TextIO, since: datetime, dry_run: bool) -> Imported:
        return import_devices(lines, since=since, dry_run=dry_run)

    def _report(self, outcome: Imported, *, as_json: bool) -> None:
        if as_json:
            refused = [row._asdict() for row in outcome.refused]
            self.stdout.write(json.dumps({"rows": outcome.rows, "created": outcome.created, "refused": refused}))
            return
        created = ", ".join(f"{count} {name}" for name, count in outcome.created.items()) or "nothing new"
        self.stdout.write(f"{outcome.rows} rows: {created}, {len(outcome.refused)} refused")
        for row in outcome.refused:
            self.stderr.write(f"line {row.line}: {row.reason}")


def _beginning(text: str | None) -> datetime:
    """Midnight in Italy of a date."""
    if text is None:
        return SINCE_EVER
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise CommandError(f"--from is a date such as 2026-03-01, not {text}.", returncode=2)
    return datetime.combine(day, time(), ZoneInfo(settings.LOCAL_TIME_ZONE))
