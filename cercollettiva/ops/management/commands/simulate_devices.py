"""`manage.py simulate_devices`: the virtual meters of the demo, through a real broker."""

from __future__ import annotations

import math
import signal
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils.translation import gettext as _

from cercollettiva.ingest.management.commands.ingest import broker_address
from cercollettiva.ops.meters import MetersTransport
from cercollettiva.ops.seeding import community
from cercollettiva.ops.simulation.energy import CommunityEnergy
from cercollettiva.ops.simulation.lucernaia import COMMUNITY
from cercollettiva.ops.simulation.publisher import Fleet, Publisher, run

HELP = """\
Lets the virtual meters of the demo's community speak: sixteen Shelly Pro 3EM that publish to the broker of MQTT_URL,
or the active one in the database, and answer requests. Their registers go on where seed_demo left them.

At another speed than 1 only the powers are published (status/em:0): registers and records carry their own time, which
would run ahead of the clock.

example:
  MQTT_URL=mqtt://localhost:1883 manage.py simulate_devices --speed 60

exit codes:
  0  stopped by Ctrl-C or SIGTERM
  1  the demo's community is not in the database, or the broker's address is missing or wrong
  2  the command line is wrong
"""


def speed_of(text: str) -> float:
    """How many seconds pass in the community for each of ours."""
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed <= 86_400:
        raise ArgumentTypeError(_("la velocità è un numero maggiore di 0, al più 86400: per esempio 60"))
    return speed


class Command(BaseCommand):
    help = HELP
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--speed",
            type=speed_of,
            default=1.0,
            help="seconds of the community to each of ours; at 60 a day is 24 min",
        )

    def handle(self, *args: Any, speed: float, **options: Any) -> None:
        origin = community.origin_of(COMMUNITY)
        if origin is None:
            raise CommandError(_("La comunità della dimostrazione non c'è: esegui prima manage.py seed_demo."))
        address = broker_address()
        connection.close()  # from here on it speaks with the broker alone
        now = datetime.now(UTC)
        fleet = Fleet(CommunityEnergy(COMMUNITY, origin=origin), started_at=now)
        transport = MetersTransport(address, receive=fleet.receive)
        stopped: list[int] = []

        def stop(number: int, _: object) -> None:
            stopped.append(number)
            transport.wake()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        publisher = Publisher(fleet, transport, powers_only=speed != 1)
        published = run(
            fleet,
            transport,
            clock=lambda: datetime.now(UTC),
            speed=speed,
            stop=lambda: bool(stopped),
            simulated_start=now,
            publisher=publisher,
        )
        transport.close()
        self.stdout.write(_("%(count)d messaggi pubblicati") % {"count": published})
