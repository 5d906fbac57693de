"""`manage.py aggregate`: quarter-hours and totals of what has come since."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cercollettiva.energy.aggregation import mark_changed
from cercollettiva.energy.management.options import BAD_INPUT, moment
from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.ops.energy import aggregate_and_tell


class Command(BaseCommand):
    help = (
        "Computes the quarter-hours that are marked, with their totals from hours to years, and opens an alert where a "
        "register did something odd. `work` does it every minute; running it beside it, or twice, or killing it does "
        "no harm. With --from everything since then is computed again from the stored registers. Exit 0; 2 when a "
        "device or a time is wrong. Example: manage.py aggregate --device shellypro3em-a1b2c3 --from 2026-03-01"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="start", metavar="TIME", help="mark what was measured since then first")
        parser.add_argument("--device", metavar="ID", help="with --from: of this device only")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        start = moment(options["start"], "--from")
        if options["device"] and start is None:
            raise CommandError("--device goes with --from.", returncode=BAD_INPUT)
        if start is not None:
            for device in self._devices(options["device"]):
                mark_changed(device, start)
        outcome = aggregate_and_tell(datetime.now(UTC))
        if options["json"]:
            self.stdout.write(json.dumps(outcome._asdict()))
        else:
            self.stdout.write(
                f"{outcome.quarters} quarter-hours of {outcome.devices} devices: {outcome.changed} changed, "
                f"{outcome.totals_changed} totals changed, {outcome.events} odd registers"
            )

    def _devices(self, name: str | None) -> list[int]:
        devices = DeviceConfiguration.objects.all()
        if name:
            devices = devices.filter(device_id=name)
            if not devices.exists():
                raise CommandError(f"No device is called {name}.", returncode=BAD_INPUT)
        return list(devices.values_list("pk", flat=True))
