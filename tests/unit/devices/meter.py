"""The meter of these tests, and what it sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cercollettiva.devices.decoding import decode
from cercollettiva.devices.samples import Device, Sample

PREFIX = "cercollettiva/IT001E12345678/shellypro3em-a1b2c3"
COMMISSIONED_AT = datetime(2025, 6, 1, tzinfo=UTC)
RECEIVED_AT = datetime(2026, 1, 1, 0, 1, 1, tzinfo=UTC)  # a second after the minute of the fixtures' record
DEVICE = Device(7, "shellypro3em-a1b2c3", PREFIX, ZoneInfo("Europe/Rome"), COMMISSIONED_AT)

FIXTURES = Path(__file__).parents[2] / "fixtures" / "shelly"


def captured(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def says(rest: str, payload: object, *, received_at: datetime = RECEIVED_AT, device: Device = DEVICE) -> list[Sample]:
    """What the meter's message on `<prefix>/<rest>` is decoded to; an object is sent as JSON."""
    sent = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return decode(f"{PREFIX}/{rest}", sent, received_at, device)


def status_frame(ts: Any, **components: Any) -> dict[str, Any]:
    return {"src": "shellypro3em-a1b2c3", "method": "NotifyStatus", "params": {"ts": ts, **components}}


def record_frame(*blocks: Any) -> dict[str, Any]:
    event = {"component": "emdata:0", "id": 0, "event": "data", "ts": 1767225660.65, "data": list(blocks)}
    return {"src": "shellypro3em-a1b2c3", "method": "NotifyEvent", "params": {"ts": 1767225660.65, "events": [event]}}


def record_row(a: Any = 15.3021, b: Any = 15.3021, c: Any = 15.3021, returned: Any = 0.0) -> list[Any]:
    """A row of 51 columns: the energies of each phase, and 1.0 where the platform does not look."""
    return [value for drawn in (a, b, c) for value in [drawn, 1.0, returned, *[1.0] * 13]] + [1.0] * 3
