"""`manage.py intervals`: the quarter-hours of a device or of a connection point."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cercollettiva.core.models import Plant
from cercollettiva.domain.identifiers import InvalidIdentifier, pod_key
from cercollettiva.energy.management.options import BAD_INPUT, moment
from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.energy.queries.quarters import Quarter, quarters_of_device, quarters_of_plants


class Command(BaseCommand):
    help = (
        "Prints the quarter-hours of a device, or of a connection point from its meters in their roles: what was "
        "drawn, injected and produced in mWh, how much of the quarter is known, quality and source. Quarters of which "
        "nothing is known have no row, an energy that is not known is null. Run `aggregate` first: it computes what "
        "has come since. Exit 0; 2 when the device, the POD or a time is wrong. "
        "Example: manage.py intervals --pod IT001E12345678 --from 2026-03-29 --to 2026-03-30 --json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        subject = parser.add_mutually_exclusive_group(required=True)
        subject.add_argument("--device", metavar="ID", help="the name of a device, such as shellypro3em-a1b2c3")
        subject.add_argument("--pod", help="a connection point, with or without its 15th character")
        parser.add_argument("--from", dest="start", metavar="TIME", help="a date or a time, this one included")
        parser.add_argument("--to", dest="end", metavar="TIME", help="a date or a time, this one not included")
        parser.add_argument("--json", action="store_true", help="print a JSON list")

    def handle(self, *args: Any, **options: Any) -> None:
        start, end = moment(options["start"], "--from"), moment(options["end"], "--to")
        if start and end and start >= end:
            raise CommandError("--from must come before --to.", returncode=BAD_INPUT)
        if options["device"]:
            device = DeviceConfiguration.objects.filter(device_id=options["device"]).first()
            if device is None:
                raise CommandError(f"No device is called {options['device']}.", returncode=BAD_INPUT)
            rows = quarters_of_device(device, start, end)
        else:
            rows = quarters_of_plants(_plants(options["pod"]), start, end)
        if options["json"]:
            self.stdout.write(json.dumps([_as_json(row) for row in rows], indent=1))
        else:
            self._print(rows)

    def _print(self, rows: list[Quarter]) -> None:
        zone = ZoneInfo(settings.LOCAL_TIME_ZONE)
        if not rows:
            self.stdout.write("No quarter-hour is known in that time.")
        for row in rows:
            energies = " ".join(
                f"{'–' if value is None else format(value / 1e6, '.3f'):>10}"
                for value in (row.energy_in, row.energy_out, row.produced)
            )
            self.stdout.write(
                f"{row.start.astimezone(zone):%Y-%m-%d %H:%M %Z} {energies} kWh  {row.coverage:>4.0%}"
                f"  {row.quality.name.lower()}, {row.source.name.lower()}"
            )


def _plants(pod: str) -> list[Plant]:
    try:
        plants = list(Plant.objects.filter(pod_key=pod_key(pod)).order_by("active_from"))
    except InvalidIdentifier as error:
        raise CommandError(f"--pod: {error}", returncode=BAD_INPUT) from error
    if not plants:
        raise CommandError(f"No plant has the POD {pod}.", returncode=BAD_INPUT)
    return plants


def _as_json(row: Quarter) -> dict[str, Any]:
    return {
        "start": row.start.isoformat(),
        "energy_in_mwh": row.energy_in,
        "energy_out_mwh": row.energy_out,
        "produced_mwh": row.produced,
        "coverage": round(row.coverage, 6),
        "quality": row.quality.name.lower(),
        "source": row.source.name.lower(),
    }
