"""Jobs: what is done beside pages and meters, when it is due and by one process at a time.

A killed worker loses the job it was doing, so each job looks at the rows to find what there is to do, and doing it
twice does no harm.
"""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from huey import Huey, PostgresHuey, SqliteHuey, crontab
from huey.consumer import Consumer as HueyConsumer
from huey.consumer import Scheduler as HueyScheduler
from huey.serializer import SignedSerializer

from cercollettiva.documents import reading
from cercollettiva.energy import partitions
from cercollettiva.energy.models import DeviceMeasurement, EnergyInterval, EnergyMeasurement, IngestBatch
from cercollettiva.monitoring.office import look_at_estimates, look_at_fees, look_at_papers
from cercollettiva.ops.backup import runs
from cercollettiva.ops.desk import import_members, print_cards, remind_of_fees
from cercollettiva.ops.energy import aggregate_if_free, check_directions, retire_old_rows
from cercollettiva.ops.memory import give_back
from cercollettiva.ops.papers import forget_drafts, read_papers, retire_old_papers, tell_of_expiring_papers
from cercollettiva.ops.rights import carry_out_erasures, end_old_pseudonyms, make_exports
from cercollettiva.ops.settlement import communities_to_estimate, estimate_communities
from cercollettiva.ops.watching import (
    check_clocks,
    check_production,
    look_at_backups,
    push_alerts,
    tell_of_alerts,
    watch_meters,
)
from cercollettiva.users import outbox

logger = logging.getLogger(__name__)

QUEUE: Final = "cercollettiva"
WORKERS: Final = 2
ABANDONED_AFTER: Final = timedelta(days=30)  # no broker holds a session for an ingestor that long
PERIODIC_LOCK: Final = 0x776F726B  # the second half of our advisory lock: "work"
SQLITE_BUSY_SECONDS: Final = 20


def make_partitions(now: datetime) -> list[str]:
    """The monthly partitions of this month and the next, made before a row needs them; nothing on SQLite."""
    this_month = partitions.month_of(now)
    months = {this_month, (this_month + timedelta(days=32)).replace(day=1)}
    made = []
    for model in (DeviceMeasurement, EnergyMeasurement, EnergyInterval):
        made += partitions.ensure_months(connection, model, months)
    return made


def send_mails(now: datetime) -> int:
    """Send the mails that are due; how many left."""
    return outbox.deliver(now)


def prune(now: datetime) -> int:
    """Drop sessions that have ended, old mails and the journal of ingestors that are no more; how many of its rows.

    An ingestor prunes its own journal, by the age of what it stores: by the clock a redelivery would not be recognised
    after a long absence (rule R13).
    """
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    outbox.forget(now)
    deleted, _ = IngestBatch.objects.filter(committed_at__lt=now - ABANDONED_AFTER).delete()
    return deleted


def nightly_backup(now: datetime) -> str:
    """A backup where BACKUP_DIR names a place for it; what came of it is in the table either way."""
    return runs.back_up_if_asked(now)


PERIODIC: Final[dict[Callable[[datetime], object], Any]] = {
    make_partitions: crontab(minute="7"),
    prune: crontab(minute="23", hour="*/6"),
    aggregate_if_free: crontab(),  # every minute
    check_directions: crontab(minute="41", hour="5"),
    watch_meters: crontab(),
    tell_of_alerts: crontab(),
    push_alerts: crontab(),
    check_clocks: crontab(minute="53"),
    check_production: crontab(minute="11", hour="6"),  # yesterday, once what came late is counted
    forget_drafts: crontab(minute="47", hour="3"),
    retire_old_rows: crontab(minute="17", hour="2"),
    print_cards: crontab(),
    import_members: crontab(),
    remind_of_fees: crontab(minute="5", hour="7"),
    read_papers: crontab(),  # and within seconds: see Scheduler
    retire_old_papers: crontab(minute="27", hour="2"),
    tell_of_expiring_papers: crontab(minute="15", hour="7"),
    make_exports: crontab(),
    carry_out_erasures: crontab(minute="13"),
    end_old_pseudonyms: crontab(minute="37", hour="2"),
    nightly_backup: crontab(minute="33", hour="1"),
    look_at_backups: crontab(minute="9"),
    look_at_fees: crontab(minute="51"),
    look_at_papers: crontab(minute="13", hour="4"),
    look_at_estimates: crontab(minute="53"),  # after the estimates
    send_mails: crontab(),  # last: with what the others wrote; and within seconds, see Scheduler
}
ESTIMATES_DUE: Final = crontab(minute="37")  # hourly: late measures change yesterday


def _papers_wait(now: datetime) -> bool:
    """Whether somebody looks at a page that says that their paper is being read."""
    return reading.something_waits()


# What does not wait for the minute: asked every second, with one short query each.
SOON: Final[dict[Callable[[datetime], object], Callable[[datetime], bool]]] = {
    read_papers: _papers_wait,
    send_mails: outbox.something_waits,
}


class PeriodicLock(Protocol):
    """Held by the one process whose clock starts the periodic jobs."""

    def hold(self) -> bool:
        """Whether this process has it; taken if it is free."""
        ...


class FileLock:
    """For the processes of one machine: the kernel lets go of it when its holder dies."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a")

    def hold(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class AdvisoryLock:
    """For the processes of many machines: PostgreSQL lets go of it when the holder's connection ends."""

    def hold(self) -> bool:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [partitions.LOCK_SPACE, PERIODIC_LOCK])
                return bool(cursor.fetchone()[0])
        except DatabaseError as error:
            logger.warning("The database is away, periodic jobs wait: %s", error)
            connection.close()
            return False


def make_queue() -> Huey:
    """The queue beside the default database, with the periodic jobs: tables in PostgreSQL, a file beside SQLite's."""
    options: dict[str, Any] = {"results": False, "serializer": SignedSerializer(secret=settings.SECRET_KEY)}
    if connection.vendor == "postgresql":
        names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
        chosen = connection.settings_dict
        login = {name: chosen[key] for key, name in names.items() if chosen.get(key)}
        queue: Huey = PostgresHuey(QUEUE, **options, **settings.POSTGRES_OPTIONS, **login)
    else:
        queue = SqliteHuey(QUEUE, filename=str(beside_database("jobs.sqlite3")), timeout=SQLITE_BUSY_SECONDS, **options)
    for job, due in PERIODIC.items():
        queue.periodic_task(due, name=job.__name__)(_as_task(job))
    queue.soon = {job: queue.task(name=f"{job.__name__}_now")(_as_task(job)) for job in SOON}
    share = queue.task(name=estimate_communities.__name__)(_as_task(estimate_communities))

    def share_estimates(now: datetime) -> int:
        """Each worker takes some communities at a time."""
        batches = communities_to_estimate()
        for keys in batches:
            share(keys)
        return len(batches)

    queue.periodic_task(ESTIMATES_DUE, name=share_estimates.__name__)(_as_task(share_estimates))
    return queue


def make_lock() -> PeriodicLock:
    """The lock that goes with the default database."""
    if connection.vendor == "postgresql":
        return AdvisoryLock()
    return FileLock(beside_database("jobs.lock"))


def make_consumer(queue: Huey, lock: PeriodicLock) -> HueyConsumer:
    """Workers and scheduler; only the holder of the lock enqueues what is due, and SIGTERM lets jobs finish."""

    class Scheduler(HueyScheduler):  # type: ignore[misc]  # huey has no types
        def loop(self, now: datetime | None = None) -> None:
            super().loop(now)
            waiting = _what_waits()
            if waiting and lock.hold():
                known = {task.name for task in queue.pending()}
                for job in waiting:
                    if f"{job.__name__}_now" not in known:
                        queue.soon[job]()

        def enqueue_periodic_tasks(self, now: datetime | None) -> None:
            if lock.hold():
                super().enqueue_periodic_tasks(now)

    class Consumer(HueyConsumer):  # type: ignore[misc]
        scheduler_class = Scheduler

        def start(self) -> None:
            self._set_signal_handlers()  # before it says that it has started, so that a signal is never too early
            super().start()

    return Consumer(queue, workers=WORKERS, graceful_signal="TERM")


def _what_waits() -> list[Callable[[datetime], object]]:
    now = datetime.now(UTC)
    try:
        return [job for job, something_waits in SOON.items() if something_waits(now)]
    except (DatabaseError, InterfaceError) as error:
        logger.warning("The database is away, papers and mails wait: %s", error)
        connection.close()
        return []


def beside_database(suffix: str) -> Path:
    """A file in the folder of the SQLite database, named after it."""
    database = Path(connection.settings_dict["NAME"])
    return database.with_name(f"{database.stem}-{suffix}")


def _as_task(job: Callable[..., object]) -> Callable[..., None]:
    """A job for a worker's thread: it reads the clock and leaves neither a stale connection nor its memory behind."""

    def task(*given: Any) -> None:
        close_old_connections()
        try:
            logger.info("Job %s: %s", job.__name__, job(*given, datetime.now(UTC)))
        finally:
            close_old_connections()
            give_back()

    return task
