"""`manage.py work`: the long-running process that does the jobs."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from cercollettiva.ops.memory import keep_little

HELP = """\
Does the jobs: those of the queue, and the periodic ones, which a lock leaves to one process however many run. It makes
the database's partitions of the next month, drops sessions that have ended and journals nobody needs. Where
BROKER_FOLDER is set it keeps the broker's files up to date within seconds, and watches over the broker's disk.

example:
  manage.py work
  manage.py work --once

exit codes:
  0  stopped by Ctrl-C or SIGTERM, with the jobs in hand done (Ctrl-C does not wait for them)
  2  the command line is wrong
"""


class Command(BaseCommand):
    help = HELP
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do every periodic job now, and end")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        from cercollettiva.ops import jobs  # huey is slow to import

        if once:
            for job in jobs.PERIODIC:
                self.stdout.write(f"{job.__name__}: {job(datetime.now(UTC))}")
            return
        keep_little()
        if settings.BROKER_FOLDER is not None:
            from cercollettiva.ops.mosquitto.watch import BrokerWatch

            BrokerWatch(settings.BROKER_FOLDER).start()
        jobs.make_consumer(jobs.make_queue(), jobs.make_lock()).run()
