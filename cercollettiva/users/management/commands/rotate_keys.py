"""`manage.py rotate_keys`: every encrypted value under the first key of FIELD_ENCRYPTION_KEYS."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand

from cercollettiva.users import rotation
from cercollettiva.users.audit import Action, record
from cercollettiva.users.encryption import ring

LEFT = 1
MOST_ROWS = 100_000

HELP = """\
Encrypts again, under the first key of FIELD_ENCRYPTION_KEYS, whatever is under another, with its blind indexes.
Put the new key first, restart every process, run this, and take the old key away when it ends with 0.
It may be killed and run again, and beside a working platform: what is done is not done twice.

example:
  manage.py rotate_keys --dry-run

exit codes:
  0  everything is under the first key, or with --dry-run everything was counted
  1  some values are still under another key: they are listed, or a process still writes with the old one
  2  the command line is wrong
"""


def rows_of(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_ROWS:
        raise ArgumentTypeError(f"a batch is a number of rows from 1 to {MOST_ROWS}")
    return int(text)


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count what is under another key")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON, without the progress")
        parser.add_argument("--batch", type=rows_of, default=rotation.BATCH, help="rows of a transaction (%(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            waiting = rotation.left()
            self._report(
                {"key": ring().first, "rotated": {}, "left": sum(waiting.values()), "waiting": waiting}, options
            )
            return
        outcome = rotation.rotate(batch=options["batch"], tell=self._progress(options["json"]))
        if outcome.rotated:
            counts = {model: count for model, count in outcome.rotated.items() if count}
            record(Action.KEYS_ROTATED, details={"rotated": counts, "left": outcome.left})
        refused = [each._asdict() for each in outcome.refused]
        report = {"key": ring().first, "rotated": outcome.rotated, "left": outcome.left, "refused": refused}
        self._report(report, options)
        if outcome.left or refused:
            sys.exit(LEFT)

    def _progress(self, silent: bool) -> Any:
        return (lambda *_: None) if silent else lambda model, done: self.stdout.write(f"{model}: {done} values")

    def _report(self, report: dict[str, Any], options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(report, default=str))
            return
        for model, count in report.get("waiting", {}).items():
            self.stdout.write(f"{model}: {count} values under another key")
        for each in report.get("refused", []):
            self.stderr.write(f"{each['model']} {each['key']} {each['field']}: {each['reason']}")
        done = sum(report["rotated"].values())
        self.stdout.write(f"{done} values rotated to {report['key']}, {report['left']} under another key")
