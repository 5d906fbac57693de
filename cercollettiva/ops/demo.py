"""The whole product in one command: checks, data, then broker, ingestor, jobs, virtual meters and site as children.

What the demo keeps is in one folder: database, secrets, password. A database that the user names is used instead.
"""

from __future__ import annotations

import errno
import fcntl
import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from cercollettiva.core.models import CERConfiguration
from cercollettiva.energy.models import DeviceState
from cercollettiva.ops import seeding
from cercollettiva.ops.broker import DemoBroker, NoBroker, demo_broker
from cercollettiva.ops.processes import Child, Troop
from cercollettiva.settings import env

REFUSED: Final = 1
PORT_TAKEN: Final = 3
ANOTHER_DEMO: Final = 4
CANNOT_WRITE: Final = 5
CHILD_DIED: Final = 6
NOT_READY: Final = 7

DATABASE: Final = "demo.sqlite3"
MAILS: Final = "mail"
READY_WITHIN: Final = 60.0  # seconds from the start of the children
LOOK_EVERY: Final = 0.25
LOCALHOST: Final = ("localhost", "127.0.0.1", "::1")

Tell = Callable[[str], None]


class DemoFailed(Exception):
    """The demo cannot start or go on; the text says why and what to do, in Italian."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class Plan(NamedTuple):
    """What was asked for."""

    folder: Path
    port: int
    speed: float = 1.0
    days: int | None = None
    reset: bool = False


def environment(plan: Plan) -> dict[str, str]:
    """What this process and its children must see; what the user set wins, but for the settings and the address."""
    folder = plan.folder.absolute()
    database = env.text("DATABASE_URL") or f"sqlite:///{quote(str(folder / DATABASE))}"
    return {
        "DJANGO_SETTINGS_MODULE": "cercollettiva.settings.local",
        "DATABASE_URL": database,
        "SECRET_KEY": env.text("SECRET_KEY") or env.kept_secret(folder / "secret_key", make="token"),
        "FIELD_ENCRYPTION_KEYS": env.text("FIELD_ENCRYPTION_KEYS")
        or env.kept_secret(folder / "field_encryption_keys", make="key_ring"),
        "MEDIA_ROOT": env.text("MEDIA_ROOT") or str(folder / "media"),
        "SITE_URL": address_of(plan),
        "EMAIL_URL": env.text("EMAIL_URL") or f"filemail:///{folder / MAILS}",
        "SECOND_FACTOR": "optional",  # a community of nobody, whose password is printed: its page still offers one
        "PYTHONPATH": str(settings.BASE_DIR),
        "PYTHONUNBUFFERED": "1",
    }


def address_of(plan: Plan) -> str:
    """Always localhost: a passkey is bound to a name, and 127.0.0.1 is none."""
    return f"http://localhost:{plan.port}"


def refuse_production() -> None:
    """Before anything is touched."""
    if settings.SESSION_COOKIE_SECURE:
        raise DemoFailed(
            _("Queste sono impostazioni di produzione: togli DJANGO_SETTINGS_MODULE, la dimostrazione usa le sue."),
            REFUSED,
        )


def make_folder(folder: Path) -> None:
    """Make the folder of the demo and try to write in it."""
    probe = folder / "demo.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.open("a").close()
    except OSError as error:
        raise DemoFailed(
            _(
                "Non posso scrivere nella cartella %(folder)s (%(reason)s): dai i permessi a chi avvia la "
                "dimostrazione, o scegli un'altra cartella con --state."
            )
            % {"folder": folder, "reason": error.strerror},
            CANNOT_WRITE,
        ) from error


@contextmanager
def only_demo_in(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel lets go of it when this process ends, however it ends."""
    with (folder / "demo.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise DemoFailed(
                _(
                    "Un'altra dimostrazione usa già la cartella %(folder)s (processo %(pid)s): fermala con Ctrl-C "
                    "dove gira, o scegli un'altra cartella con --state."
                )
                % {"folder": folder, "pid": file.read().strip() or "?"},
                ANOTHER_DEMO,
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def host_for(port: int) -> str:
    """The name to listen at: localhost, or its IPv4 address where IPv6 is switched off; refuses a port in use."""
    host = LOCALHOST[0]
    for family, address in ((socket.AF_INET, LOCALHOST[1]), (socket.AF_INET6, LOCALHOST[2])):
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself does
                probe.bind((address, port))
        except OSError as error:
            if family == socket.AF_INET6 and error.errno != errno.EADDRINUSE:
                host = LOCALHOST[1]
                continue
            raise DemoFailed(
                _(
                    "La porta %(port)d non è libera (%(reason)s): chiudi il programma che la usa, o scegline un'altra, "
                    "per esempio PORT=%(other)d make demo."
                )
                % {"port": port, "reason": error.strerror, "other": port + 1 if port >= 1024 else 8000},
                PORT_TAKEN,
            ) from error
    return host


def run(plan: Plan, *, tell: Tell) -> None:
    """Serve until Ctrl-C or SIGTERM; raises DemoFailed. The environment must be the one of `environment`."""
    with only_demo_in(plan.folder), _stopped_by_signals():
        host = host_for(plan.port)
        try:
            broker = demo_broker(mqtt_url=env.text("MQTT_URL"), folder=plan.folder)
        except NoBroker as error:
            raise DemoFailed(str(error), REFUSED) from error
        seeded = prepare(plan, tell=tell)
        troop = Troop(tell=tell)
        try:
            since = timezone.now()
            _start(troop, plan, broker, host)
            _await_ready(troop, plan, since=since)
            tell(greeting(plan, seeded))
            while True:
                troop.pump(1.0)
                _refuse_fallen(troop)
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # it is stopping already
            troop.stop()


def prepare(plan: Plan, *, tell: Tell) -> seeding.Seeded:
    """Tables and data."""
    own_database = connection.vendor == "sqlite" and Path(connection.settings_dict["NAME"]) == plan.folder / DATABASE
    if plan.reset and own_database:
        for path in plan.folder.glob(f"{Path(DATABASE).stem}*.sqlite3*"):
            path.unlink()
        (plan.folder / seeding.KEPT_PASSWORD).unlink(missing_ok=True)
    try:
        if CERConfiguration._meta.db_table in connection.introspection.table_names():
            seeding.refuse_where_it_does_not_belong()  # before it is migrated
        tell(_("Preparo il database"))
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
        return seeding.seed(
            now=timezone.now(), state=plan.folder, days=plan.days, reset=plan.reset and not own_database, tell=tell
        )
    except seeding.DemoRefused as refusal:
        raise DemoFailed(str(refusal), REFUSED) from refusal
    except DatabaseError as error:
        text = _("Il database non si lascia usare (%(reason)s): controlla DATABASE_URL, o lasciala vuota.")
        raise DemoFailed(text % {"reason": str(error).strip()}, REFUSED) from error
    finally:
        connection.close()


def children(plan: Plan, broker: DemoBroker, host: str) -> list[tuple[str, list[str]]]:
    """Names and commands, in the order of their start: who listens comes before who speaks."""
    manage = [sys.executable, "-m", "cercollettiva"]
    site = [sys.executable, "-m", "uvicorn", "cercollettiva.asgi:application", "--host", host, "--port", str(plan.port)]
    site += ["--ws-per-message-deflate", "false", "--log-level", "warning", "--timeout-graceful-shutdown", "2"]
    commands = [
        ("web", site),
        ("ingest", [*manage, "ingest"]),
        ("work", [*manage, "work"]),
        ("meters", [*manage, "simulate_devices", "--speed", str(plan.speed)]),
    ]
    return [("broker", list(broker.command)), *commands] if broker.command else commands


def greeting(plan: Plan, seeded: seeding.Seeded) -> str:
    """What people need to get in."""
    kinds = {
        "administrator": _("amministratrice"),
        "technician": _("tecnico"),
        "prosumer": _("prosumer"),
        "consumer": _("consumatrice"),
    }
    lines = ["", _("CerCollettiva è pronta: %(address)s") % {"address": address_of(plan)}, ""]
    lines += [f"  {kinds.get(kind, kind):<16} {email}" for kind, email in seeded.logins.items()]
    lines += ["", _("  password di tutti: %(password)s") % {"password": seeded.password}, ""]
    if not env.text("EMAIL_URL").startswith("smtp"):
        lines += [_("  la posta che manderebbe è in %(folder)s") % {"folder": plan.folder / MAILS}, ""]
    if plan.speed != 1:
        lines += [_("  a velocità %(speed)g si muovono solo le potenze, non i registri") % {"speed": plan.speed}, ""]
    lines += [_("Ctrl-C per fermarla; ciò che ricorda è in %(folder)s") % {"folder": plan.folder}, ""]
    return "\n".join(lines)


def _start(troop: Troop, plan: Plan, broker: DemoBroker, host: str) -> None:
    surroundings = {**env.of_this_process(), "MQTT_URL": broker.url}
    for name, command in children(plan, broker, host):
        troop.start(name, command, env=surroundings)
        if name == "broker":
            _await_broker(troop, broker)


def _await_broker(troop: Troop, broker: DemoBroker) -> None:
    port = int(broker.url.rpartition(":")[2])
    _await(troop, lambda: _accepts(port), what=_("il broker"))


def _await_ready(troop: Troop, plan: Plan, *, since: datetime) -> None:
    """Until the site answers and a meter's live value is in the database."""
    _await(troop, lambda: _answers(plan.port), what=_("il sito"))
    _await(troop, lambda: _is_live(since), what=_("i valori dal vivo dei misuratori"))
    connection.close()


def _await(troop: Troop, holds: Callable[[], bool], *, what: str) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not holds():
        troop.pump(LOOK_EVERY)
        _refuse_fallen(troop)
        if time.monotonic() > deadline:
            text = _("Dopo %(seconds)d secondi aspetto ancora %(what)s: le righe qui sopra dicono perché.")
            raise DemoFailed(text % {"seconds": READY_WITHIN, "what": what}, NOT_READY)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOCALHOST[1], port)) == 0


def _answers(port: int) -> bool:
    site = http.client.HTTPConnection(LOCALHOST[1], port, timeout=5)
    try:
        site.request("GET", "/", headers={"Host": f"{LOCALHOST[0]}:{port}"})
        return site.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        site.close()


def _is_live(since: datetime) -> bool:
    return DeviceState.objects.filter(power_at__gt=since).exists()


def _refuse_fallen(troop: Troop) -> None:
    child = troop.fallen()
    if child is not None:
        troop.pump(0.2)  # its last words
        raise DemoFailed(_obituary(child), CHILD_DIED)


def _obituary(child: Child) -> str:
    code = child.process.returncode
    ending = _("ucciso dal segnale %(number)d") if code < 0 else _("codice di uscita %(number)d")
    text = _("Il processo «%(name)s» si è fermato (%(ending)s): la dimostrazione si chiude. Riavviala con make demo.")
    return text % {"name": child.name, "ending": ending % {"number": abs(code)}}


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """SIGTERM, and a terminal that closes, end the demo as Ctrl-C does: in order."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup stays nohup
        signal.signal(signal.SIGHUP, stop)
    try:
        yield
    except KeyboardInterrupt:
        return
