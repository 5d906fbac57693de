"""`manage.py import_prices FILE...`: the zonal prices of the day-ahead market, from the files of the GME."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from cercollettiva.settlement.prices import BadPrices, prices_in, store_prices

REFUSED = 1

HELP = """\
Imports prices of the day-ahead market (MGP): the ZIP of daily XML or one XML, by hour or by quarter-hour, and the
yearly sheet `<from>_<to>_MGP_PrezziZonali_<Zona>.xlsx`. Hours are those of the local day: 23 or 25 when the clock
changes. A price that is there already is left alone; one that differs becomes a new version. A file is imported whole
or not at all, and the others are not harmed.

example:
  manage.py import_prices MGP_Prezzi_2026_03.zip 20260101_20261231_MGP_PrezziZonali_NORD.xlsx --json

exit codes:
  0  every file was imported
  1  a file was refused; its line on standard error says why
"""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a .zip, .xml or .xlsx of the GME")
        parser.add_argument("--json", action="store_true", help="print one JSON object for each file")

    def handle(self, *args: object, files: list[Path], json: bool = False, **options: object) -> None:
        refused = False
        for path in files:
            try:
                stored = store_prices(prices_in(path), source=f"GME, {path.name}"[:200], now=timezone.now())
            except BadPrices as error:
                refused = True
                self.stderr.write(str(error))
                continue
            self.stdout.write(_told(path, stored._asdict(), as_json=json))
        if refused:
            sys.exit(REFUSED)


def _told(path: Path, counts: dict[str, int], *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"file": path.name, **counts})
    return f"{path.name}: " + ", ".join(f"{count} {name}" for name, count in counts.items())
