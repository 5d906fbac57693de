"""The demo's broker: somebody else's where MQTT_URL names one, else iotcore or Mosquitto on this machine alone.

`python -m cercollettiva.ops.broker PORT` is iotcore as a process of its own, so that whoever started it sees it die.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import pwd
import shutil
import socket
import sys
from pathlib import Path
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

LOOPBACK: Final = "127.0.0.1"  # never iotcore's default, which is every address of the machine
WINDOW: Final = 1000  # messages unacknowledged: at least a batch of the ingestor
MAX_PAYLOAD_BYTES: Final = 65_536
SYSTEM_PROGRAMS: Final = ("/usr/local/sbin", "/usr/sbin")  # where Debian puts Mosquitto, outside a person's PATH


class NoBroker(Exception):
    """Nothing on this machine can be a broker; the text says what to install, in Italian."""


class DemoBroker(NamedTuple):
    """Where the broker is, and the command that starts it; None where somebody else runs it."""

    url: str
    command: tuple[str, ...] | None
    kind: str  # "external", "iotcore" or "mosquitto"


def demo_broker(*, mqtt_url: str, folder: Path) -> DemoBroker:
    """The broker of a demo that keeps its state in this folder; NoBroker where there is none to be had."""
    if mqtt_url:
        return DemoBroker(mqtt_url, None, "external")
    port = free_port()
    url = f"mqtt://{LOOPBACK}:{port}"
    if importlib.util.find_spec("iotcore") is not None:
        return DemoBroker(url, (sys.executable, "-m", __name__, str(port)), "iotcore")
    program = mosquitto()
    if program is not None:
        return DemoBroker(url, (program, "-c", str(write_mosquitto_file(folder, port))), "mosquitto")
    raise NoBroker(_("Manca un broker MQTT: installa iotcore (`make setup` lo fa) o Mosquitto, o indica MQTT_URL."))


def free_port() -> int:
    """A port of this machine that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def mosquitto() -> str | None:
    """Mosquitto's program, where it is installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=os.pathsep.join(SYSTEM_PROGRAMS))


def write_mosquitto_file(folder: Path, port: int) -> Path:
    """A configuration for a broker that forgets: what the demo loses with it, the meters' registers make good."""
    lines = (
        f"listener {port} {LOOPBACK}",
        "allow_anonymous true",
        "persistence false",
        f"max_inflight_messages {WINDOW}",
        "max_queued_messages 0",
        f"max_packet_size {MAX_PAYLOAD_BYTES}",
        f"user {pwd.getpwuid(os.geteuid()).pw_name}",
    )
    path = folder / "mosquitto.conf"
    path.write_text("\n".join(lines) + "\n")
    return path


def run(port: int) -> None:
    """Be the broker until a signal comes."""
    from iotcore import IotCoreBroker

    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)  # it tells every packet as if it were an error
    IotCoreBroker(
        listen=LOOPBACK, port=port, max_payload_size=MAX_PAYLOAD_BYTES, max_inflight_count=WINDOW
    ).run_forever()


if __name__ == "__main__":
    run(int(sys.argv[1]))
