"""`manage.py audit verify`: whether the audit log is as it was written."""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand

from cercollettiva.users.audit_chain import Anchor, Verdict, verify_chain

BROKEN = 1

HELP = """\
Walks the chain of the audit log: finds a line that was changed, taken out or put in. Write the head that it prints down
outside the database; given back as --anchor it also finds a chain that was written anew. A head that is older than the
lines that are kept says nothing any more, and is refused: write down a new one in time.

examples:
  manage.py audit verify --json
  manage.py audit verify --anchor 1200:9f86d081884c7d65...

exit codes:
  0  the log is whole
  1  it is not: the first faults are listed
  2  the command line is wrong
"""


def anchor_of(text: str) -> Anchor:
    found = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", text)
    if found is None:
        raise ArgumentTypeError("an anchor is NUMBER:HASH, as verify prints its head")
    return Anchor(int(found[1]), found[2])


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["verify"])
        parser.add_argument("--anchor", type=anchor_of, metavar="NUMBER:HASH", help="a head that was written down")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = verify_chain(options["anchor"])
        self.stdout.write(_as_json(verdict) if options["json"] else _as_text(verdict))
        if not verdict.is_whole:
            sys.exit(BROKEN)


def _as_json(verdict: Verdict) -> str:
    faults = [fault._asdict() for fault in verdict.faults]
    return json.dumps(
        {"whole": verdict.is_whole, "lines": verdict.lines, "head": f"{verdict.head.seq}:{verdict.head.hash}"}
        | {"faults": faults}
    )


def _as_text(verdict: Verdict) -> str:
    faults = [f"line {fault.seq}: {fault.kind}" for fault in verdict.faults]
    word = "whole" if verdict.is_whole else "BROKEN"
    return "\n".join([*faults, f"{verdict.lines} lines, {word}, head {verdict.head.seq}:{verdict.head.hash}"])
