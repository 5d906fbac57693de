"""Whether the parts of the platform answer: database, meters' road, cache, machine, queue."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import Max
from django.utils import timezone

from cercollettiva.energy.models import DeviceState, DirtyQuarter, IngestBatch, MQTTBroker
from cercollettiva.monitoring.backups import standing
from cercollettiva.monitoring.broker import Address, address_of, is_alive
from cercollettiva.monitoring.broker_state import state_of
from cercollettiva.monitoring.models import Alert
from cercollettiva.monitoring.probes import Answer, Health, Probe, Question, ask_all
from cercollettiva.users import outbox

LATE_SECONDS: Final = 120  # a meter says something at least every minute
SILENT_SECONDS: Final = 900
CLOCK_SECONDS: Final = 2.0
MANY_QUARTERS: Final = 10_000  # waiting to be computed
DISK_LOW, DISK_OUT = 0.10, 0.02
MEMORY_LOW, MEMORY_OUT = 0.10, 0.03
POSTGRES_FOLDER = Path("/var/lib/postgresql")  # where Debian keeps its data
THIS_MACHINE: Final = ("", "localhost", "127.0.0.1", "::1")


@contextmanager
def _own_connection() -> Iterator[None]:
    """A thread's connection ends with its question: nothing stays open behind it."""
    try:
        yield
    finally:
        connection.close()


def asks_the_database(question: Question) -> Question:
    @wraps(question)
    def asked() -> Answer:
        with _own_connection():
            return question()

    return asked


@asks_the_database
def database() -> Answer:
    """Answers, and its clock agrees with ours."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT clock_timestamp()")
            theirs: datetime = cursor.fetchone()[0]
            difference = abs((datetime.now(UTC) - theirs).total_seconds())
        else:
            cursor.execute("SELECT 1")
            difference = 0.0  # the same machine
    status = Health.HEALTHY if difference < CLOCK_SECONDS else Health.DEGRADED
    return Answer(status, {"engine": connection.vendor, "clock_difference_seconds": round(difference, 3)})


@asks_the_database
def mqtt() -> Answer:
    """The broker answers, and what meters say reaches the tables.

    The ingestor is another process: that it has a session is seen from what it commits. What the broker dropped only
    its log tells: null where that is not ours to read.
    """
    address = broker_address()
    if address is None:
        return Answer(Health.HEALTHY, {"reason": "no broker is configured"})  # nothing that could be ill
    alive = is_alive(address)
    now = timezone.now()
    batch = IngestBatch.objects.order_by("-committed_at").values_list("ingestor", "committed_at").first()
    heard = DeviceState.objects.aggregate(last=Max("last_seen"))["last"]
    moments = [moment for moment in (batch[1] if batch else None, heard) if moment is not None]
    silence = (now - max(moments)).total_seconds() if moments else None
    details = {
        "broker_answers": alive,
        "ingestor": batch[0] if batch else None,
        "last_commit": batch[1].isoformat() if batch else None,
        "seconds_since_a_meter_spoke": None if silence is None else round(silence, 1),
        "dropped_by_broker": _has_dropped(),
    }
    if not alive:
        return Answer(Health.UNHEALTHY, {"reason": "the broker does not answer", **details})
    state = state_of(settings.BROKER_FOLDER) if settings.BROKER_FOLDER else None
    if state is not None and state.troubles:
        troubles = [trouble.value for trouble in state.troubles]
        return Answer(Health.UNHEALTHY, {"reason": "the broker cannot keep its state", "troubles": troubles, **details})
    if silence is not None and silence > SILENT_SECONDS:
        return Answer(Health.UNHEALTHY, {"reason": "no meter has been heard for a quarter of an hour", **details})
    late = silence is not None and silence > LATE_SECONDS
    return Answer(Health.DEGRADED if late or details["dropped_by_broker"] else Health.HEALTHY, details)


def cache_answers() -> Answer:
    """Gives back what it was given."""
    key, value = f"health-{uuid.uuid4().hex}", uuid.uuid4().hex
    cache.set(key, value, 10)
    same = cache.get(key) == value
    cache.delete(key)
    kind = "shared" if settings.REDIS_URL else "of this process"
    return Answer(Health.HEALTHY if same else Health.UNHEALTHY, {"kind": kind})


def system() -> Answer:
    """Room on the disks that fill up, memory to work in, and a clock that is not in the past.

    A broker whose disk is full goes on acknowledging what it cannot save: only the room left tells.
    """
    disk = _fullest_disk()
    memory = _memory()
    shares = {"disk": (disk.free / disk.total, DISK_LOW, DISK_OUT)}
    if memory:
        shares["memory"] = (memory["available"] / memory["total"], MEMORY_LOW, MEMORY_OUT)
    clock_is_right = datetime.now(UTC) > datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    worst = max((_by_share(*share) for share in shares.values()), key=lambda health: health.rank)
    details = {
        "disk_free_bytes": disk.free,
        "disk_total_bytes": disk.total,
        "memory_available_bytes": memory.get("available"),
        "memory_total_bytes": memory.get("total"),
        "clock_is_after_our_files": clock_is_right,
    }
    return Answer(worst if clock_is_right else Health.UNHEALTHY, details)


def room() -> Answer:
    """Room on the fullest of those disks: without any, what comes in can be neither kept nor answered for."""
    disk = _fullest_disk()
    return Answer(_by_share(disk.free / disk.total, DISK_LOW, DISK_OUT), {"disk_free_bytes": disk.free})


@asks_the_database
def queue() -> Answer:
    """How much the jobs are behind with quarter-hours, of which not all of a flood are counted, and with mails."""
    waiting, now = DirtyQuarter.objects.values("pk")[: MANY_QUARTERS + 1].count(), timezone.now()
    mails = outbox.standing(now)
    details = {
        "quarters_waiting": waiting,
        "mails_waiting": mails.waiting,
        "oldest_mail_seconds": (now - mails.oldest_waiting).total_seconds() if mails.oldest_waiting else None,
        "mails_given_up": mails.given_up,
        "last_mail_sent": mails.last_sent.isoformat() if mails.last_sent else None,
    }
    is_behind = waiting > MANY_QUARTERS or mails.is_stuck
    return Answer(Health.DEGRADED if is_behind else Health.HEALTHY, details)


@asks_the_database
def backup() -> Answer:
    """The last backup that succeeded is not older than a night and a bit, and nothing failed since."""
    found = standing()
    last, good = found
    details: dict[str, Any] = {"last_backup": good.ended_at if good else None}
    if not found.is_asked_for:
        return Answer(Health.HEALTHY, details)
    if good is not None:
        details |= {"file": good.file_name, "bytes": good.size, "rows": good.row_count}
    if last is not None and not last.succeeded:
        details |= {"failed_at": last.ended_at, "reason": last.reason}
    return Answer(Health.HEALTHY if found.is_well(timezone.now()) else Health.DEGRADED, details)


PROBES: Final[dict[str, Probe]] = {
    name: Probe(name, question)
    for name, question in {
        "database": database,
        "mqtt": mqtt,
        "cache": cache_answers,
        "system": system,
        "queue": queue,
        "backup": backup,
    }.items()
}


READY: Final = (PROBES["database"], Probe("room", room))


def overall(answers: dict[str, Answer]) -> Health:
    """UNHEALTHY where nothing works, that is without the database; what else is ill leaves the pages working."""
    if answers["database"].status is Health.UNHEALTHY:
        return Health.UNHEALTHY
    ill = any(answer.status is not Health.HEALTHY for answer in answers.values())
    return Health.DEGRADED if ill else Health.HEALTHY


def vital() -> dict[str, Answer]:
    """What decides about the whole for whoever asks every few seconds."""
    return ask_all(PROBES[name] for name in ("database", "mqtt", "cache", "system"))


def readiness() -> Health:
    """Whether this process can serve: the database answers and no disk is full. What is DEGRADED still serves."""
    return max((answer.status for answer in ask_all(READY).values()), key=lambda health: health.rank)


def everything() -> dict[str, Answer]:
    return ask_all(PROBES.values())


def broker_address() -> Address | None:
    if settings.MQTT_URL:
        return address_of(settings.MQTT_URL)
    row = MQTTBroker.objects.filter(is_active=True).first()
    return Address(row.host, row.port, row.use_tls) if row else None


def growing_folders() -> dict[str, Path]:
    """Where uploads, the broker's messages, backups and the database are written: what exists of each path."""
    named = {
        "media": settings.MEDIA_ROOT,
        "broker": getattr(settings, "BROKER_FOLDER", ""),
        "backup": settings.BACKUP_DIR,
        "database": _database_folder(),
    }
    wanted = {name: Path(folder).absolute() for name, folder in named.items() if folder}
    return {name: next(path for path in (folder, *folder.parents) if path.exists()) for name, folder in wanted.items()}


def _fullest_disk() -> Any:
    usages = [shutil.disk_usage(folder) for folder in growing_folders().values()]
    return min(usages, key=lambda usage: usage.free / usage.total)


def _has_dropped() -> bool | None:
    """Whether somebody has still to look at messages that the broker dropped."""
    if not settings.BROKER_FOLDER:
        return None
    return Alert.objects.unresolved().filter(kind="broker-dropped").exists()


def _database_folder() -> Path | None:
    """Where the database grows, if that is on this machine. A full PostgreSQL answers questions as if nothing were."""
    chosen = settings.DATABASES["default"]
    if connection.vendor == "sqlite":
        return Path(chosen["NAME"]).parent
    is_here = chosen["HOST"] in THIS_MACHINE or chosen["HOST"].startswith("/")
    return POSTGRES_FOLDER if is_here and POSTGRES_FOLDER.exists() else None


def _memory() -> dict[str, int]:
    """From the kernel; nothing where it does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return {}
    told = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines) if rest}
    names = {"total": "MemTotal", "available": "MemAvailable"}
    return {ours: told[theirs] for ours, theirs in names.items() if theirs in told}


def _by_share(free: float, low: float, out: float) -> Health:
    return Health.UNHEALTHY if free < out else Health.DEGRADED if free < low else Health.HEALTHY
