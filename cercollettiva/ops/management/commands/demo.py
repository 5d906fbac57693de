"""`manage.py demo`: the whole product on the invented community, in one command."""

from __future__ import annotations

import contextlib
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from cercollettiva.ops import demo
from cercollettiva.ops.management.commands.seed_demo import days_of
from cercollettiva.ops.management.commands.simulate_devices import speed_of
from cercollettiva.settings import env

HELP = """\
Starts the whole product on an invented community: broker, ingestor, jobs, sixteen virtual meters and the site. Prints
its address and four logins. The first start writes fourteen months of history; later ones add what has passed since.

State is kept in var/demo, on SQLite, unless DATABASE_URL names another database; MQTT_URL names another broker.

example:
  manage.py demo --port 8001 --speed 60

exit codes:
  0  stopped by Ctrl-C or SIGTERM
  1  refused: production settings, another community in the database, no database, no broker
  2  the command line is wrong
  3  the port is taken
  4  another demo uses the same folder
  5  the folder cannot be written
  6  one of its processes ended by itself; the message names it
  7  the site or the meters did not answer in time
"""


def port_of(text: str) -> int:
    """A TCP port."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise ArgumentTypeError(_("la porta (--port, o la variabile PORT) è un numero da 1 a 65535: per esempio 8001"))
    return int(text)


class Command(BaseCommand):
    help = HELP
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=port_of, default=env.text("PORT", "8000"), help="of the site; PORT, or 8000, unless given"
        )
        parser.add_argument("--speed", type=speed_of, default=1.0, help="seconds of the community to each of ours")
        parser.add_argument("--reset", action="store_true", help="start again from nothing")
        parser.add_argument("--days", type=days_of, help="days of history to start with; 14 months unless given")
        parser.add_argument("--state", type=Path, help="the folder of the demo; var/demo unless given")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = demo.Plan(
            folder=(options["state"] or settings.STATE_DIR / "demo").absolute(),
            port=options["port"],
            speed=options["speed"],
            days=options["days"],
            reset=options["reset"],
        )
        try:
            demo.refuse_production()
            demo.make_folder(plan.folder)
            self._take(demo.environment(plan))
            demo.run(plan, tell=self._tell)
            self._tell(_("La dimostrazione è ferma."))
        except demo.DemoFailed as failure:
            raise CommandError(str(failure), returncode=failure.code) from failure

    def _tell(self, text: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # nobody listens any more: what it started must still be stopped
            self.stdout.write(text)

    def _take(self, environment: dict[str, str]) -> None:
        """Begin again in the demo's own environment, unless this is it: settings are read once, at the start."""
        present = env.of_this_process()
        if any(present.get(name) != value for name, value in environment.items()):
            sys.stdout.flush()
            os.execve(  # noqa: S606  # our own interpreter and command line
                sys.executable, [sys.executable, "-m", "cercollettiva", *sys.argv[1:]], {**present, **environment}
            )
