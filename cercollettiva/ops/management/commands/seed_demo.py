"""`manage.py seed_demo`: the invented community with its history, in the database of the settings."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from cercollettiva.ops import seeding

REFUSED = 1
CANNOT_WRITE = 3
MOST_DAYS = 3650

HELP = """\
Writes the invented community of Pieve Lucernaia: twelve members, five plants, fourteen months of quarter-hours, the
minutes of the last days. Running it again adds only the quarter-hours that have ended since.

example:
  manage.py seed_demo --days 60

exit codes:
  0  the demo's data are there
  1  refused: production settings, or a database that holds another community
  2  the command line is wrong
  3  the folder of the password cannot be written
"""


def days_of(text: str) -> int:
    """How many days of history; 0 is today alone."""
    if not text.isascii() or not text.isdigit() or int(text) > MOST_DAYS:
        raise ArgumentTypeError(_("i giorni sono un numero intero da 0 a %(most)d") % {"most": MOST_DAYS})
    return int(text)


class Command(BaseCommand):
    help = HELP
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reset", action="store_true", help="first delete the demo's own data, and nothing else")
        parser.add_argument("--days", type=days_of, help="days of history to start with; 14 months unless given")
        parser.add_argument("--state", type=Path, help="the folder that keeps the password; var/demo unless given")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON, without the progress")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        state = options["state"] or settings.STATE_DIR / "demo"
        tell = (lambda _: None) if options["json"] else self.stdout.write
        try:
            seeded = seeding.seed(
                now=timezone.now(), state=state, days=options["days"], reset=options["reset"], tell=tell
            )
        except seeding.DemoRefused as refusal:
            raise CommandError(str(refusal), returncode=REFUSED) from refusal
        except OSError as error:
            message = _("Non posso scrivere in %(folder)s (%(reason)s): indica un'altra cartella con --state.")
            raise CommandError(
                message % {"folder": state, "reason": error.strerror}, returncode=CANNOT_WRITE
            ) from error
        if options["json"]:
            self.stdout.write(json.dumps({**seeded.written._asdict(), "logins": seeded.logins}))
            return
        written = _("%(intervals)d quarti d'ora, %(registers)d registri, %(powers)d potenze in %(seconds).1f s")
        self.stdout.write(written % {**seeded.written._asdict(), "seconds": time.monotonic() - began})
        for kind, email in seeded.logins.items():
            self.stdout.write(f"  {kind:<14} {email}")
        self.stdout.write(_("  password: %(password)s") % {"password": seeded.password})
