"""`manage.py settle_files FOLDER`: the figures of an offline case."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from cercollettiva.settlement.offline import BadFile, settled_folder

REFUSED = 1

HELP = """\
Settles the case in a folder and prints its figures as JSON: configuration.toml, curves.csv and prices.csv.
The database is not needed. Energies are kWh and money EUR, with six decimals and not rounded to the cent; the policies
are gse_queue_all and percentage_points. Missing hours of a POD count as zero and are listed in "gaps".

example:
  manage.py settle_files tests/fixtures/settlement/case-00

exit codes:
  0  the figures are on standard output
  1  something is wrong with the files: one line for each fault on standard error, as FILE:LINE: WHAT, and no figures
"""


class Command(BaseCommand):
    help = HELP
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", type=Path, help="the folder of the case")

    def handle(self, *args: object, folder: Path, **options: object) -> None:
        try:
            figures = settled_folder(folder)
        except BadFile as error:
            for fault in error.faults:
                self.stderr.write(str(fault))
            sys.exit(REFUSED)
        self.stdout.write(json.dumps(figures, indent=1, ensure_ascii=False))
