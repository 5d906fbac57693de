"""What decoding costs above `json.loads` of the same payload, message by message and make by make."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cercollettiva.devices.decoding import reader_of
from cercollettiva.devices.samples import Device
from tests.support.hostile import CUSTOM_TEMPLATE, METERS

FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures" / "shelly"
ROUNDS = 5000
REPEATS = 9
RECEIVED_AT = datetime(2026, 1, 1, 0, 1, 1, tzinfo=UTC)
COMMISSIONED_AT = datetime(2025, 6, 1, tzinfo=UTC)
SHELLY, RELAY, GEN1, TASMOTA, CUSTOM = METERS
STATE = b'{"ts":1767225600,"p":1.25,"phases":[{"u":230.5}],"energy":{"in":12.5,"out":0.125}}'

MESSAGES = {
    "em:0 status": (SHELLY, "status/em:0", "em0_status.json"),
    "emdata:0 status": (SHELLY, "status/emdata:0", "emdata0_status.json"),
    "em1:1 status": (SHELLY, "status/em1:1", "em1_status.json"),
    "em1data:1 status": (SHELLY, "status/em1data:1", "em1data_status.json"),
    "switch:0 status": (RELAY, "status/switch:0", "switch0_status.json"),
    "partial notification": (SHELLY, "events/rpc", "notifystatus_partial.json"),
    "record of 51 values": (SHELLY, "events/rpc", "notifyevent_emdata_record.json"),
    "gen1 register": (GEN1, "emeter/0/total", "gen1_emeter_total.txt"),
    "tasmota sensor": (TASMOTA, "SENSOR", "tasmota_sensor.json"),
    "generic, by template": (CUSTOM, "state", STATE),
}


def run() -> dict[str, Any]:
    """CPU microseconds a message: plain `json.loads`, decoding, and the difference."""
    return {name: cost_of(*message) for name, message in MESSAGES.items()}


def cost_of(meter: Any, rest: str, sent: str | bytes) -> dict[str, float]:
    payload = sent if isinstance(sent, bytes) else (FIXTURES / sent).read_bytes()
    template = CUSTOM_TEMPLATE if meter is CUSTOM else None
    device = Device(1, meter.device_id, meter.prefix, ZoneInfo("Europe/Rome"), COMMISSIONED_AT, template)
    read = reader_of(f"{meter.prefix}/{rest}", device)
    if not read(payload, RECEIVED_AT, device):
        raise RuntimeError(f"{rest} says nothing: there is nothing to measure")
    plain, decoded = [], []
    for _ in range(REPEATS):  # in turn, so that the noise of the machine falls on both alike
        plain.append(microseconds(lambda: json.loads(payload)))
        decoded.append(microseconds(lambda: read(payload, RECEIVED_AT, device)))
    above = statistics.median(late - early for early, late in zip(plain, decoded, strict=True))
    return {
        "bytes": len(payload),
        "json_loads_us": round(statistics.median(plain), 1),
        "decode_us": round(statistics.median(decoded), 1),
        "above_us": round(above, 1),
    }


def microseconds(call: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(ROUNDS):
        call()
    return (time.process_time() - began) / ROUNDS * 1e6
