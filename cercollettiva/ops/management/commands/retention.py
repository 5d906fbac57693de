"""`manage.py retention`: what is older than its term goes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from cercollettiva.ops.retention import retire_everything


class Command(BaseCommand):
    help = (
        "Takes away what is older than its term: powers after KEEP_POWERS_DAYS, registers and records after "
        "KEEP_REGISTERS_DAYS, quarter-hours and totals after KEEP_INTERVALS_DAYS, lines of the audit log after "
        "KEEP_AUDIT_DAYS, expired invitations after KEEP_INVITATIONS_DAYS, papers after the term of their type but for "
        "those on legal hold, with files that no row knows, what the law kept of people who were erased ten years "
        "after they left. On PostgreSQL whole months are "
        "dropped, or left as tables of their own with --detach. Running it twice takes nothing more. Exit 0. "
        "Example: manage.py retention --dry-run"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count, and change nothing")
        parser.add_argument("--detach", action="store_true", help="keep whole months as tables of their own")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        tell = (lambda line: None) if options["json"] else self.stdout.write
        done = retire_everything(datetime.now(UTC), dry_run=options["dry_run"], detach=options["detach"], tell=tell)
        if options["json"]:
            rows = [{**one._asdict(), "before": one.before.isoformat()} for one in done]
            self.stdout.write(json.dumps(rows, indent=1))
