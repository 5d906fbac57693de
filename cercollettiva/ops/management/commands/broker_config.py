"""`manage.py broker_config`: the broker's files, from settings and rows."""

from __future__ import annotations

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from cercollettiva.ops.mosquitto.files import BadBrokerSettings
from cercollettiva.ops.mosquitto.writing import Written, check, write

HELP = """\
Writes Mosquitto's configuration, passwords and rights into BROKER_FOLDER, only where they changed, and has the broker
read them again: by SIGHUP where it runs beside us, else by the file `reload`, which a systemd unit or the broker's
container watches. `manage.py work` does the same within seconds of a change. See docs/broker.md.

example:
  BROKER_FOLDER=/var/lib/cercollettiva/broker manage.py broker_config
  manage.py broker_config --check --json

exit codes:
  0  the files are up to date
  1  with --check: they are not; else BROKER_FOLDER is not set, a setting is wrong, or the folder cannot be written
  2  the command line is wrong
"""


class Command(BaseCommand):
    help = HELP
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="say what would change, and change nothing")
        parser.add_argument("--json", action="store_true", help="report as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = settings.BROKER_FOLDER
        if folder is None:
            raise CommandError(_("BROKER_FOLDER non è impostata: il broker non è gestito dalla piattaforma."))
        only_check = options["check"]
        try:
            done = check(folder) if only_check else write(folder)
        except BadBrokerSettings as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(_("Non riesco a scrivere in %s: %s") % (folder, error)) from error
        if options["json"]:
            told = asdict(done) | {"folder": str(folder), "refused": [one._asdict() for one in done.refused]}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        else:
            self._tell(done, only_check=only_check)
        if only_check and (done.changed or done.problems):
            raise SystemExit(1)

    def _tell(self, done: Written, *, only_check: bool) -> None:
        self.stdout.write(_("Misuratori con una password: %d") % done.devices)
        if not done.changed:
            self.stdout.write(_("I file del broker sono aggiornati."))
        else:
            words = _("Da scrivere: %s") if only_check else _("Scritti: %s")
            self.stdout.write(words % ", ".join(done.changed))
        if done.signalled:
            self.stdout.write(_("Il broker li ha riletti (processo %d).") % done.signalled)
        if done.restart:
            self.stdout.write(_("La configurazione è cambiata: un indirizzo o una porta nuovi chiedono un riavvio."))
        for one in done.refused:
            self.stderr.write(_("Non entra %s: %s") % (one.device_id, one.reason))
        for problem in done.problems:
            self.stderr.write(problem)
