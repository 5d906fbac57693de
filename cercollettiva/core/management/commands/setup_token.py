"""`manage.py setup_token`: the secret that opens /setup/ on an empty database."""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from cercollettiva.core.first_start import instructions, is_first_start
from cercollettiva.users.models import SetupToken

HELP = """\
Prints a token, once, for the page of the first start; it lasts 24 hours, and a token that was printed before no longer
counts. Whoever can run this command is taken for the owner of the platform. A server that starts on an empty database
prints one by itself.

example:
  manage.py setup_token

exit codes:
  0  the token was printed
  1  refused: somebody is here already
"""
NOT_EMPTY = 1


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def handle(self, *args: Any, **options: Any) -> None:
        if not is_first_start():
            raise CommandError(_("La piattaforma è già configurata: /setup/ non si apre più."), returncode=NOT_EMPTY)
        self.stdout.write(instructions(SetupToken.make(at=timezone.now())))
