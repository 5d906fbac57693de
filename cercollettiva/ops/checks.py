"""The questions of `doctor`. Each says what it found and, where something is wrong, what to do about it."""

from __future__ import annotations

import fcntl
import importlib.metadata
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from django.apps import apps
from django.conf import settings
from django.core import checks as django_checks
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from packaging.requirements import Requirement

from cercollettiva import __version__
from cercollettiva.energy import partitions
from cercollettiva.energy.models import DeviceMeasurement, EnergyInterval, EnergyMeasurement
from cercollettiva.monitoring import health
from cercollettiva.monitoring.broker import is_alive
from cercollettiva.monitoring.probes import Health
from cercollettiva.ops.certificates import certificates_of
from cercollettiva.users.encryption import UnreadableValue
from cercollettiva.users.fields import encrypted_fields_of

CERTIFICATE_DAYS: Final = 14  # automatic renewal has had two tries by then
OLDEST_POSTGRES: Final = 150_000
CLOCK_SECONDS: Final = 2.0
LOCK_FILE: Final = settings.BASE_DIR / "requirements" / "runtime.lock"


class Result(NamedTuple):
    """Green without advice, red with it."""

    found: str
    advice: str = ""


def is_production() -> bool:
    return bool(settings.SESSION_COOKIE_SECURE)


def configuration() -> Result:
    """Django's own checks, and the keys open what the database holds."""
    issues = django_checks.run_checks(include_deployment_checks=is_production())
    serious = [issue for issue in issues if issue.level >= django_checks.WARNING and not issue.is_silenced()]
    if serious:
        told = "; ".join(f"{issue.id or ''} {issue.msg}".strip() for issue in serious[:3])
        return Result(told, _("correggi la variabile indicata: .env.example dice che cosa significa ciascuna"))
    try:
        _open_one_of_each()
    except UnreadableValue as error:
        return Result(str(error), _("rimetti in FIELD_ENCRYPTION_KEYS la chiave con cui quei dati sono stati cifrati"))
    return Result(_("%(module)s, nessuna segnalazione") % {"module": settings.SETTINGS_MODULE})


def clock() -> Result:
    """Ours, the database's, and the age of our own files."""
    answer = health.database()
    difference = abs(answer.details["clock_difference_seconds"])
    if _now() < datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC) - timedelta(days=1):
        return Result(
            _("l’orologio segna %(now)s, prima di quando questo programma è stato scritto")
            % {"now": _now().isoformat()},
            _("accendi la sincronizzazione: timedatectl set-ntp true"),
        )
    if difference > CLOCK_SECONDS:
        return Result(
            _("l’orologio del database differisce di %(seconds).1f secondi") % {"seconds": difference},
            _("accendi la sincronizzazione su tutte le macchine: timedatectl set-ntp true"),
        )
    return Result(_("d’accordo con il database (%(seconds).1f s)") % {"seconds": difference})


def broker() -> Result:
    address = health.broker_address()
    if address is None:
        return Result(_("nessun broker indicato"), _("scrivi MQTT_URL, o attiva un broker nell’amministrazione"))
    where = f"{address.host}:{address.port}"
    if not is_alive(address):
        return Result(
            _("%(where)s non risponde") % {"where": where},
            _("controlla che il broker sia acceso (systemctl status cercollettiva-broker), l’indirizzo e la porta"),
        )
    answer = health.mqtt()
    if answer.status is Health.UNHEALTHY:
        return Result(
            _("%(where)s risponde, ma da un quarto d’ora non si sente alcun misuratore") % {"where": where},
            _("controlla che cercollettiva-ingest sia acceso e che le sue credenziali siano quelle del broker"),
        )
    return Result(_("%(where)s risponde") % {"where": where} + (", TLS" if address.tls else ""))


def database() -> Result:
    if connection.vendor == "postgresql":
        version = _server_version()
        if version < OLDEST_POSTGRES:
            return Result(f"PostgreSQL {version // 10_000}", _("serve PostgreSQL 15 o più recente"))
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        return Result(
            _("%(count)d migrazioni da applicare") % {"count": len(waiting)}, _("esegui manage.py migrate, poi riavvia")
        )
    if missing := _missing_months():
        return Result(
            _("manca il posto per i dati di %(names)s") % {"names": ", ".join(missing)},
            _("esegui manage.py partitions ensure, e controlla che cercollettiva-work sia acceso"),
        )
    if trouble := _archive_trouble():
        return Result(
            _("PostgreSQL non riesce a consegnare il giornale: %(name)s, dal %(since)s UTC") % trouble,
            _("controlla WAL_FOLDER e il registro di PostgreSQL: finché non riesce tiene tutto, e il disco si riempie"),
        )
    name = connection.settings_dict["NAME"]
    return Result(f"{connection.vendor} {Path(str(name)).name}, " + _("tutte le migrazioni applicate"))


def queue() -> Result:
    answer = health.queue()
    waiting = answer.details["quarters_waiting"]
    if answer.status is not Health.HEALTHY:
        return Result(
            _("più di %(count)d quarti d’ora aspettano") % {"count": health.MANY_QUARTERS},
            _("controlla che cercollettiva-work sia acceso; poi manage.py aggregate"),
        )
    if not _someone_works():
        return Result(
            _("nessun processo fa i lavori periodici"), _("avvia manage.py work (systemctl start cercollettiva-work)")
        )
    return Result(_("%(count)d quarti d’ora aspettano") % {"count": waiting})


def disk() -> Result:
    """Every folder that grows."""
    told, full = [], []
    for name, folder in health.growing_folders().items():
        usage = shutil.disk_usage(folder)
        share = usage.free / usage.total
        told.append(f"{name} {share:.0%}")
        if share < health.DISK_LOW:
            full.append(f"{name} ({folder})")
    if full:
        return Result(
            _("quasi pieno: %(names)s") % {"names": ", ".join(full)},
            _("fai spazio: vecchi registri e copie; o ingrandisci il disco prima che il broker perda messaggi"),
        )
    return Result(_("libero: %(shares)s") % {"shares": ", ".join(told)})


def certificates() -> Result:
    """Those of CERTIFICATE_FILES and the broker's own, which must not end within two weeks."""
    seen = []
    for name, found in certificates_of(settings.CERTIFICATE_FILES, health.broker_address()):
        if isinstance(found, str):
            return Result(f"{name}: {found}", _("controlla il percorso, chi può leggerlo, e CERTIFICATE_FILES"))
        days = (found.not_valid_after_utc - _now()).days
        if days < CERTIFICATE_DAYS or found.not_valid_before_utc > _now():
            return Result(
                _("%(name)s vale fino al %(date)s") % {"name": name, "date": f"{found.not_valid_after_utc:%d/%m/%Y}"},
                _("rinnovalo (certbot renew, o chi te lo dà), poi ricarica proxy e broker"),
            )
        seen.append(_("%(name)s ancora %(days)d giorni") % {"name": name, "days": days})
    return Result(", ".join(seen) or _("nessuno da controllare: CERTIFICATE_FILES è vuota"))


def versions() -> Result:
    """Python, our packages as they were locked, and the client that makes backups."""
    if wrong := _other_than_locked():
        return Result(
            ", ".join(wrong[:3]),
            _("reinstalla le dipendenze: pip install --require-hashes -r requirements/runtime.lock"),
        )
    if settings.BACKUP_DIR and connection.vendor == "postgresql":
        server, client = _server_version() // 10_000, _dump_version()
        if client is None or client < server:
            return Result(
                _("pg_dump %(client)s, server PostgreSQL %(server)d") % {"client": client or "–", "server": server},
                _("installa postgresql-client-%(server)d: senza, niente copie") % {"server": server},
            )
    return Result(f"CerCollettiva {__version__}, Python {sys.version.split()[0]}")


def backup() -> Result:
    if not settings.BACKUP_DIR or not settings.BACKUP_KEYS:
        if not is_production():
            return Result(_("non configurata: su un portatile va bene"))
        return Result(_("non configurata"), _("scrivi BACKUP_DIR e BACKUP_KEY, poi manage.py backup"))
    answer = health.backup()
    last, reason = answer.details["last_backup"], answer.details.get("reason")
    if reason:
        return Result(
            _("l’ultimo tentativo non è riuscito: %(reason)s") % {"reason": reason},
            _("togli la causa, poi manage.py backup"),
        )
    if last is None or answer.status is not Health.HEALTHY:
        told = _("nessuna") if last is None else f"{last:%d/%m/%Y %H:%M} UTC"
        return Result(told, _("controlla che cercollettiva-work sia acceso, poi manage.py backup"))
    path = Path(settings.BACKUP_DIR) / answer.details["file"]
    if not path.exists():
        return Result(
            _("%(name)s non è più in BACKUP_DIR") % {"name": path.name}, _("fanne un’altra: manage.py backup")
        )
    return Result(f"{path.name}, {answer.details['bytes'] / 1e6:.1f} MB")


def _now() -> datetime:
    return datetime.now(UTC)


def _open_one_of_each() -> None:
    """Some values of each encrypted column: reading them decrypts them."""
    for model in apps.get_models():
        for field in encrypted_fields_of(model):
            list(model._base_manager.order_by("pk").values_list(field.name, flat=True)[:20])


def _missing_months() -> list[str]:
    if connection.vendor != "postgresql":
        return []
    this = partitions.month_of(_now())
    names = []
    for model in (DeviceMeasurement, EnergyMeasurement, EnergyInterval):
        table = model._meta.db_table
        wanted = partitions.partition_name(table, this)
        there = partitions.partitions_of(connection, table)
        names += [wanted] if there and wanted not in there else []
    return names


def _archive_trouble() -> dict[str, str]:
    """The piece of its journal that PostgreSQL could not hand over; nothing where all is well or none is archived."""
    if connection.vendor != "postgresql":
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT last_failed_wal, to_char(last_failed_time AT TIME ZONE 'UTC', 'DD/MM/YYYY HH24:MI') "
            "FROM pg_stat_archiver WHERE current_setting('archive_mode') <> 'off' "
            "AND last_failed_time > coalesce(last_archived_time, '-infinity')"
        )
        row = cursor.fetchone()
    return {"name": row[0], "since": row[1]} if row else {}


def _someone_works() -> bool:
    """Whether the lock of the periodic jobs has a holder."""
    from cercollettiva.ops import jobs  # huey is slow to import

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s "
                "AND objid = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                [partitions.LOCK_SPACE, jobs.PERIODIC_LOCK],
            )
            return bool(cursor.fetchone()[0])
    path = jobs.beside_database("jobs.lock")
    if not path.exists():
        return False
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _other_than_locked() -> list[str]:
    """Packages of the lock file that are here in another version, or not at all."""
    return [f"{name} {here or '–'} ({locked})" for name, locked in _locked() if (here := _installed(name)) != locked]


def _locked() -> Iterator[tuple[str, str]]:
    """Name and version of what this Python and this system need."""
    if LOCK_FILE.exists():
        for line in re.findall(r"^([A-Za-z0-9].*==[^\\\n]+)", LOCK_FILE.read_text(), re.MULTILINE):
            asked = Requirement(line.strip())
            if asked.marker is None or asked.marker.evaluate():
                yield asked.name, str(asked.specifier).removeprefix("==")


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _server_version() -> int:
    """150018 for 15.18."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        return int(cursor.fetchone()[0])


def _dump_version() -> int | None:
    program = shutil.which("pg_dump")
    if program is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=5).stdout
    found = re.search(r"(\d+)(?:\.\d+)?", said)
    return int(found[1]) if found else None
