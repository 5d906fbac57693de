"""`manage.py gdpr`: somebody's data as a file, their erasure, and what waits."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cercollettiva.users.audit import Action, record
from cercollettiva.users.exports import DataExport, ExportState
from cercollettiva.users.models import CustomUser
from cercollettiva.users.requests import AccountDeletionRequest
from cercollettiva.users.rights.archive import write_archive
from cercollettiva.users.rights.erasure import AlreadyErased, Line, Obstructed, erase, obstacles_of, preview

OBSTRUCTED = 1
BAD_INPUT = 2

HELP = """\
Answers somebody who asks for their data or asks to be erased. USER is an e-mail address or the number of an account.

export  writes all that is held of the person into a ZIP that only you can read: hand it over and delete it.
erase   deletes or pseudonymises it; what the law keeps stays under a pseudonym. --dry-run shows what would become of
        each table. Without --yes nothing is done. It cannot be undone.
status  counts the requests that wait, those that something stands in the way of, and the copies that are kept.

examples:
  manage.py gdpr export anna@example.it --output anna.zip
  manage.py gdpr erase anna@example.it --dry-run --json
  manage.py gdpr erase 57 --yes
  manage.py gdpr status --json

exit codes:
  0  done, or shown
  1  something has to happen first, such as leaving a community: it is listed, and nothing was changed
  2  the command line is wrong, or there is no such person, or the file is there already
"""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="export|erase|status")
        export = what.add_parser("export", help="write somebody's data into a file")
        export.add_argument("user", metavar="USER")
        export.add_argument("--output", type=Path, help="the file to make; default: gdpr-NUMBER.zip here")
        erasing = what.add_parser("erase", help="erase somebody")
        erasing.add_argument("user", metavar="USER")
        doing = erasing.add_mutually_exclusive_group(required=True)
        doing.add_argument("--dry-run", action="store_true", help="show what would become of each table")
        doing.add_argument("--yes", action="store_true", help="do it")
        status = what.add_parser("status", help="what waits")
        for one in (export, erasing, status):
            one.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "export":
            self._export(_person(options["user"]), options["output"], as_json=options["json"])
        elif options["what"] == "erase":
            self._erase(_person(options["user"]), dry_run=options["dry_run"], as_json=options["json"])
        else:
            self._status(as_json=options["json"])

    def _export(self, user: CustomUser, output: Path | None, *, as_json: bool) -> None:
        path = output or Path(f"gdpr-{user.pk}.zip")
        now = timezone.now()
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}.", returncode=BAD_INPUT) from error
        try:
            with os.fdopen(descriptor, "wb") as file:
                write_archive(user, file, at=now)
        except BaseException:  # whatever stopped it, half of somebody's data must not lie about
            path.unlink(missing_ok=True)
            raise
        record(Action.DATA_EXPORTED, actor=None, subject=user, at=now)
        told = {"user": user.pk, "file": str(path), "bytes": path.stat().st_size}
        self.stdout.write(
            json.dumps(told) if as_json else f"{path}: {told['bytes']} byte, tutto della persona {user.pk}."
        )

    def _erase(self, user: CustomUser, *, dry_run: bool, as_json: bool) -> None:
        now = timezone.now()
        obstacles = [obstacle._asdict() for obstacle in obstacles_of(user, at=now)]
        lines = preview(user, at=now)
        done = False
        if not dry_run and not obstacles:
            try:
                lines, done = erase(user, by=None, at=now).lines, True
            except AlreadyErased as error:
                raise CommandError(f"La persona {user.pk} è già cancellata.", returncode=BAD_INPUT) from error
            except Obstructed as error:  # somebody joined a community a moment ago
                obstacles = [obstacle._asdict() for obstacle in error.obstacles]
        told = {"user": user.pk, "erased": done, "obstacles": obstacles, "tables": [_as_json(line) for line in lines]}
        if as_json:
            self.stdout.write(json.dumps(told, indent=1, ensure_ascii=False))
        else:
            self._tell(lines, obstacles, done=done)
        if obstacles:
            sys.exit(OBSTRUCTED)

    def _tell(self, lines: list[Line], obstacles: list[dict[str, str]], *, done: bool) -> None:
        for obstacle in obstacles:
            self.stdout.write(f"Prima: {obstacle['text']}")
        for line in lines:
            until = f", fino al {line.until:%d/%m/%Y}" if line.until else ""
            self.stdout.write(f"{line.rows:>8}  {line.what}: {line.fate.label}{until}")
            for column, why in line.stays:
                self.stdout.write(f"{'':<10}resta: {column} ({why})")
        self.stdout.write("Cancellata." if done else "Non è cambiato niente.")

    def _status(self, *, as_json: bool) -> None:
        now = timezone.now()
        waiting = list(AccountDeletionRequest.objects.open().select_related("user").order_by("requested_at"))
        stuck = {request.user_id: obstacles_of(request.user, at=now) for request in waiting}
        told: dict[str, Any] = {
            "requests": [
                {
                    "user": request.user_id,
                    "requested_at": request.requested_at.isoformat(),
                    "due_at": request.due_at.isoformat(),
                    "obstacles": [obstacle.code for obstacle in stuck[request.user_id]],
                }
                for request in waiting
            ],
            "cooling_off_days": settings.ERASURE_COOLING_OFF.days,
            "erased": CustomUser.objects.filter(erased_at__isnull=False).count(),
            "copies": dict(Counter(DataExport.objects.values_list("state", flat=True))),
        }
        if as_json:
            self.stdout.write(json.dumps(told, indent=1))
            return
        for request in told["requests"]:
            first = f"; prima: {', '.join(request['obstacles'])}" if request["obstacles"] else ""
            self.stdout.write(
                f"persona {request['user']}: chiesto {request['requested_at']}, si fa {request['due_at']}{first}"
            )
        copies = ", ".join(f"{count} {ExportState(state).label}" for state, count in told["copies"].items())
        self.stdout.write(f"In attesa {len(waiting)}, cancellate {told['erased']}; copie: {copies or 'nessuna'}.")


def _person(written: str) -> CustomUser:
    known: CustomUser | None = CustomUser.objects.filter(email=written.strip().lower()).first()
    if known is None and written.isascii() and written.isdigit() and len(written) < 19:
        known = CustomUser.objects.filter(pk=int(written)).first()
    if known is None:
        raise CommandError("Questa persona non c’è.", returncode=BAD_INPUT)
    return known


def _as_json(line: Line) -> dict[str, Any]:
    return {
        "model": line.model,
        "rows": line.rows,
        "fate": line.fate.value.lower(),
        "until": line.until.isoformat() if line.until else None,
        "why": line.why,
        "stays": [column for column, _why in line.stays],
    }
