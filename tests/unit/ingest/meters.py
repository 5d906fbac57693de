"""Devices and deliveries for tests without a database."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cercollettiva.devices.samples import Device
from cercollettiva.ingest.directory import FIRST_BELIEVABLE, Entry, Role
from cercollettiva.ingest.manager import Delivery, DeviceManager

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NAME = "shellypro3em-a1b2c3"
PREFIX = f"cercollettiva/IT001E12345678/{NAME}"
FIXTURES = Path(__file__).parents[2] / "fixtures" / "shelly"
EM_STATUS = (FIXTURES / "em0_status.json").read_bytes()
EMDATA_STATUS = (FIXTURES / "emdata0_status.json").read_bytes()


def entry(*roles: Role, key: int = 1, name: str = NAME, prefix: str = PREFIX) -> Entry:
    return Entry(key, Device(key, name, prefix, ZoneInfo("Europe/Rome"), FIRST_BELIEVABLE), roles)


def manager_of(*entries: Entry) -> DeviceManager:
    manager = DeviceManager()
    manager.use({one.device.prefix: one for one in entries or (entry(),)})
    return manager


def delivery(rest: str, payload: bytes | str, *, at: datetime = NOON, prefix: str = PREFIX, **marks: bool) -> Delivery:
    """A message on a topic under the prefix."""
    body = payload.encode() if isinstance(payload, str) else payload
    return Delivery(f"{prefix}/{rest}", body, at, **marks)


def notification(at: datetime, **components: object) -> str:
    """A NotifyStatus with the device's own time."""
    return json.dumps(
        {
            "src": NAME,
            "dst": f"{PREFIX}/events",
            "method": "NotifyStatus",
            "params": {"ts": at.timestamp(), **components},
        }
    )
