"""`manage.py migrate`: Django's own, which on a working platform waits for nobody with a lock in its hand."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import OperationalError, connections
from psycopg.errors import LockNotAvailable

LOCK_SECONDS: Final = 2
TRIES: Final = 30
PAUSE_SECONDS: Final = 2.0


class Command(DjangoMigrate):
    """A migration that cannot have its lock within two seconds lets everybody pass and tries again.

    Meanwhile whoever writes waits as long at most: the ingestor acknowledges nothing, and the broker keeps it. What was
    applied before stays applied: a migration is a transaction of its own.
    """

    help = DjangoMigrate.help + " A lock that is not free within --lock-timeout seconds is tried again, up to 30 times."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)  # type: ignore[arg-type]
        parser.add_argument(
            "--lock-timeout", type=int, default=LOCK_SECONDS, help="seconds to wait for a lock (default: %(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> Any:
        connection = connections[options["database"]]
        if connection.vendor != "postgresql":
            return super().handle(*args, **options)
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{int(options['lock_timeout'])}s'")
        try:
            return self._persist(options, args)
        finally:
            if connection.connection is not None and not connection.connection.closed:
                with connection.cursor() as cursor:
                    cursor.execute("RESET lock_timeout")

    def _persist(self, options: dict[str, Any], args: tuple[Any, ...]) -> Any:
        for _ in range(TRIES):
            try:
                return super().handle(*args, **options)
            except OperationalError as error:
                if not isinstance(error.__cause__, LockNotAvailable):
                    raise
                self.stderr.write("A table is in use: trying again in a moment")
                time.sleep(PAUSE_SECONDS)
        raise CommandError(
            "A table stayed in use: end the long query (pg_stat_activity) or the backup, and run it again."
        )
