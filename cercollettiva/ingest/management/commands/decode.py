"""manage.py decode: what the platform understands of one message of a meter."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cercollettiva.devices.decoding import as_json, decode, prefix_of
from cercollettiva.devices.payloads import MAX_PAYLOAD_BYTES
from cercollettiva.devices.samples import Device, UnreadableMessage
from cercollettiva.devices.templates import BadTemplate, compile_template

LOCAL_ZONE = ZoneInfo("Europe/Rome")
NO_METER_BEFORE = datetime(2020, 1, 1, tzinfo=UTC)

REJECTED = 1
CANNOT_READ_FILE = 2

HELP = """\
Prints the samples of a payload, one JSON object a line, or {"rejected": "<reason>"}.
The database is not needed: the device is unknown, and local times are of Europe/Rome unless --zone says another.
A generic device needs the payload template of its type (docs/add-a-make.md).

examples:
  manage.py decode cercollettiva/IT001E12345678/shellypro3em-a1b2c3/status/em:0 payload.json
  manage.py decode zigbee2mqtt/presa payload.json --template template.json

exit codes:
  0  the payload was read; nothing is printed where it carries nothing for us
  1  the payload cannot be read
  2  the file cannot be read, or the command line is wrong
"""


def decoded_lines(
    topic: str, payload: bytes, *, received_at: datetime, zone: ZoneInfo = LOCAL_ZONE, template: Any = None
) -> tuple[list[dict[str, Any]], int]:
    """The JSON objects to print for a message of an unknown device, and the exit code."""
    prefix = prefix_of(topic) if template is None else _prefix_before(topic, template)
    device = Device(None, None, prefix, zone, NO_METER_BEFORE, template)
    try:
        samples = decode(topic, payload, received_at, device)
    except UnreadableMessage as refusal:
        return [{"rejected": str(refusal)}], REJECTED
    return [as_json(sample) for sample in samples], 0


def _prefix_before(topic: str, template: Any) -> str:
    """What stands before the longest topic of the template that the topic ends with."""
    try:
        endings = sorted((message.topic for message in compile_template(template)), key=len, reverse=True)
    except BadTemplate as fault:
        raise CommandError(f"the template cannot be used: {fault}", returncode=CANNOT_READ_FILE) from fault
    for ending in endings:
        if ending and topic.endswith(f"/{ending}"):
            return topic.removesuffix(f"/{ending}")
    return topic


class Command(BaseCommand):
    help = HELP
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        # argparse would fold the example and the exit codes into one paragraph
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("topic", metavar="TOPIC", help="the topic of the message")
        parser.add_argument("file", metavar="FILE", nargs="?", default="-", help="the payload; standard input if none")
        parser.add_argument("--zone", type=_zone, default=LOCAL_ZONE, help="the zone of the device's local times")
        parser.add_argument("--template", metavar="FILE", help="a payload template, for a generic device")

    def handle(
        self,
        *args: object,
        topic: str,
        file: str,
        zone: ZoneInfo = LOCAL_ZONE,
        template: str | None = None,
        **options: object,
    ) -> None:
        lines, exit_code = decoded_lines(
            topic,
            _payload_of(file),
            received_at=timezone.now(),
            zone=zone,
            template=None if template is None else _template_of(template),
        )
        for line in lines:
            self.stdout.write(json.dumps(line, separators=(",", ":")))
        if exit_code:
            sys.exit(exit_code)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ArgumentTypeError(f"there is no time zone {name!r}: write one such as {LOCAL_ZONE}") from None


def _template_of(file: str) -> Any:
    try:
        return json.loads(Path(file).read_bytes())
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", returncode=CANNOT_READ_FILE) from error
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{file}: not JSON: {error}", returncode=CANNOT_READ_FILE) from error


def _payload_of(file: str) -> bytes:
    """The bytes of the file, or of standard input for `-`: one more than the longest payload is enough to refuse it."""
    try:
        if file == "-":
            return sys.stdin.buffer.read(MAX_PAYLOAD_BYTES + 1)
        with Path(file).open("rb") as stream:
            return stream.read(MAX_PAYLOAD_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}", returncode=CANNOT_READ_FILE) from error
