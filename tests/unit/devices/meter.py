"""The meter of these tests, and what it sends."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cercollettiva.devices.decoding import as_json, decode
from cercollettiva.devices.samples import Device, Power, Record, Registers, Sample
from tests.support.hostile import CUSTOM_TEMPLATE, METERS

PREFIX = "cercollettiva/IT001E12345678/shellypro3em-a1b2c3"
COMMISSIONED_AT = datetime(2025, 6, 1, tzinfo=UTC)
RECEIVED_AT = datetime(2026, 1, 1, 0, 1, 1, tzinfo=UTC)  # a second after the minute of the fixtures' record
DEVICE = Device(7, "shellypro3em-a1b2c3", PREFIX, ZoneInfo("Europe/Rome"), COMMISSIONED_AT)

# One device of each make, as the generator of hostile payloads knows them.
EVERY_MAKE = tuple(
    Device(
        key,
        meter.device_id,
        meter.prefix,
        DEVICE.zone,
        COMMISSIONED_AT,
        CUSTOM_TEMPLATE if meter.device_type == "CUSTOM" else None,
    )
    for key, meter in enumerate(METERS, start=1)
)

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


def check_soundness(sample: Sample) -> None:
    """What may be stored and shown: aware times, finite numbers in range, whole registers that are not negative."""
    json.dumps(as_json(sample), allow_nan=False)
    assert sample.at.tzinfo is not None
    if isinstance(sample.reading, Power):
        assert all(value is None or (type(value) is float and abs(value) <= 1e8) for value in sample.reading)
    if isinstance(sample.reading, Registers | Record):
        assert all(value is None or (type(value) is int and 0 <= value < 10**15) for value in sample.reading.energies)
    assert sample.reported_ts is None or math.isfinite(sample.reported_ts)
