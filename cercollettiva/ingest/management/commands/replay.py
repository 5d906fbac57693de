"""`manage.py replay`: deliveries from a file through the whole path."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cercollettiva.ingest.replay import replay

LINE = '{"recv": 1767225600.5, "topic": "...", "payload": "...", "retain": false, "dup": false}'


class Command(BaseCommand):
    help = (
        "Sends deliveries from a JSON-lines file through the whole path: decoding, state, store, quarantine. "
        f"The clock is their `recv`. A line: {LINE}. Running it twice stores nothing twice. Exit 0; 1 when a line was "
        "no delivery (the others are stored); 2 when the file cannot be read. "
        "Example: manage.py replay deliveries.jsonl"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="JSON lines, or - for standard input")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["file"] == "-":
                outcome = replay(sys.stdin)
            else:
                with open(options["file"], encoding="utf-8", errors="surrogateescape") as lines:
                    outcome = replay(lines)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}", returncode=2) from error
        for line in outcome.bad_lines:
            self.stderr.write(f"line {line.number}: {line.reason}")
        summary = {**outcome._asdict(), "bad_lines": len(outcome.bad_lines)}
        if options["json"]:
            self.stdout.write(json.dumps(summary))
        else:
            self.stdout.write(", ".join(f"{value} {name.replace('_', ' ')}" for name, value in summary.items()))
        if outcome.bad_lines:
            sys.exit(1)
