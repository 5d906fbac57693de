"""`manage.py parse_gaudi`: the fields of an attestation, as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from cercollettiva.documents.child import in_child
from cercollettiva.documents.reasons import words_in

REJECTED = 1
NO_FILE = 2


class Command(BaseCommand):
    help = (
        "Prints the fields of a Gaudì attestation (PDF) as JSON: powers in kW and kVA, energy in kWh, days as "
        "YYYY-MM-DD, null where the paper says nothing; `confidence` says how sure each is, `warnings` what a person "
        'should look at. A file that is none, a scan or a dangerous PDF: {"rejected": reason} and exit 1; exit 2 when '
        "there is no such file. Example: manage.py parse_gaudi attestato.pdf"
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--json", action="store_true", help="print JSON, as it always does")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"Il file {path} non c’è.", returncode=NO_FILE)
        with translation.override("it"):
            answer = words_in(in_child("gaudi", path))
        self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1))
        if "rejected" in answer:
            raise SystemExit(REJECTED)
