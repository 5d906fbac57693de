"""`manage.py doctor`: green or red, with advice."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import translation

HELP = """\
Looks at configuration, clock, broker, database, queue, disk, certificates, versions and the last backup of this
machine, all at once and each for ten seconds at most, and says of each whether it is well and what to do if not.
It changes nothing.

example:
  manage.py doctor
  manage.py doctor --only database --only disk --json

exit codes:
  0  all is green
  1  something is red
  2  the command line is wrong
"""


class Command(BaseCommand):
    help = HELP
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        from cercollettiva.ops.doctor import LIMIT_SECONDS, TITLES

        parser.add_argument("--only", action="append", choices=list(TITLES), default=[], help="this check alone")
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")
        parser.add_argument("--limit", type=float, default=LIMIT_SECONDS, help="seconds for each (%(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        from cercollettiva.ops.doctor import examine

        with translation.override("it"):
            findings = examine(options["only"], limit=options["limit"])
        ok = all(finding.ok for finding in findings)
        if options["json"]:
            rows = [{**finding._asdict(), "seconds": round(finding.seconds, 3)} for finding in findings]
            self.stdout.write(json.dumps({"ok": ok, "checks": rows}, ensure_ascii=False))
        else:
            for finding in findings:
                style = self.style.SUCCESS if finding.ok else self.style.ERROR
                colour = style("verde" if finding.ok else "ROSSO")
                self.stdout.write(f"{colour}  {finding.title}: {finding.found}")
                if finding.advice:
                    self.stdout.write(f"       {finding.advice}")
        if not ok:
            self.stdout.flush()
            sys.exit(1)
