"""`manage.py partitions`: the monthly parts of the big tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from cercollettiva.energy import partitions
from cercollettiva.energy.management.options import BAD_INPUT
from cercollettiva.energy.models import DeviceMeasurement, EnergyInterval, EnergyMeasurement

TABLES = (DeviceMeasurement, EnergyMeasurement, EnergyInterval)


class Command(BaseCommand):
    help = (
        "Lists the monthly partitions of the big tables, or makes those of this month and the next. SQLite has none. "
        "Making them twice does no harm; the store makes a month too when its first row comes. Exit 0. "
        "Example: manage.py partitions ensure --months 3"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", nargs="?", choices=("list", "ensure"), default="list")
        parser.add_argument("--months", type=int, default=2, help="with ensure: how many months, this one included")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["months"] <= 120:
            raise CommandError("--months is from 1 to 120.", returncode=BAD_INPUT)
        if options["action"] == "ensure":
            names = self._ensure(options["months"])
        else:
            names = {
                model._meta.db_table: sorted(partitions.partitions_of(connection, model._meta.db_table))
                for model in TABLES
            }
        if options["json"]:
            self.stdout.write(json.dumps(names, indent=1))
            return
        for table, months in names.items():
            self.stdout.write(f"{table}: {', '.join(name[-8:] for name in months) or 'none'}")

    def _ensure(self, count: int) -> dict[str, list[str]]:
        month = partitions.month_of(datetime.now(UTC))
        months = []
        for _ in range(count):
            months.append(month)
            month = (month + timedelta(days=32)).replace(day=1)
        return {model._meta.db_table: partitions.ensure_months(connection, model, months) for model in TABLES}
